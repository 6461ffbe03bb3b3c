# SPDX-License-Identifier: MIT
"""Jobs for a Slurm that is there: real slurmctld and slurmd on emulated boards.

Run as an ordinary user, against an installed pisdk (see emulator/setup).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
import slurm  # noqa: E402
from harness import Case, main, nightly, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")

WHERE = r"""
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int rank, ranks, sum;
    char name[64];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    gethostname(name, sizeof name);
    printf("rank %d of %d on %s: %d\n", rank, ranks, name, sum);
    fflush(stdout);
    sleep(argc > 2 ? (unsigned)atoi(argv[2]) : 0);
    MPI_Finalize();
    return argc > 1 ? atoi(argv[1]) : 0;
}
"""

CMAKE = """
cmake_minimum_required(VERSION 3.21)
project(jobs LANGUAGES C)
find_package(MPI REQUIRED COMPONENTS C)
add_executable(where where.c)
target_link_libraries(where PRIVATE MPI::MPI_C)
"""


class Slurm(Case):
    BOARDS = 2

    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.env["PISDK_RUNTIME_DIR"] = str(self.dir / "run")
        self.addCleanup(self.pisdk, "cluster", "down", "--all")
        (self.dir / "slurm.ini").write_text((HERE / "slurm/slurm.ini").read_text())
        write(self.dir / "pisdk.ini", "[project]\nname = jobs\n[target]\nsysroot = slurm\n")
        self.ok("cluster", "up", "-n", self.BOARDS, "--sysroot", "slurm")
        slurm.start(self, self.dir, self.BOARDS)

    def ssh(self, board, command, status=0, **options):
        result = self.pisdk("cluster", "ssh", board, command, **options)
        self.assertEqual(result.status, status, str(result))
        return result.out

    def compile(self, text, name):
        write(self.dir / f"{name}.c", text)
        self.ok("exec", "--", "mpicc", "-o", self.dir / name, self.dir / f"{name}.c")
        return self.dir / name


class Itself(Slurm):
    """That Slurm works on these boards, so that the tests below are about pisdk."""

    @nightly
    def test_srun(self):
        self.assertEqual(sorted(self.ssh("pi1", "srun -N 2 hostname").split()), ["pi1", "pi2"])
        self.ssh("pi2", "srun -n 1 sh -c 'exit 7'", status=7)

    @nightly
    def test_sbatch(self):
        self.assertEqual(self.ssh("pi1", "sbatch --parsable --wait -o out --wrap 'exit 6'", status=6),
                         "1\n")
        self.assertIn("ExitCode=6:0", self.ssh("pi1", "scontrol show job 1"))
        self.ssh("pi1", "sbatch -n 2 -o out --wrap 'sleep 100'; sleep 2; scancel 2; sleep 2")
        self.assertIn("JobState=CANCELLED", self.ssh("pi1", "scontrol show job 2"))
        self.assertEqual(self.ssh("pi1", "squeue -h; pgrep sleep", status=1), "")

    @nightly
    def test_mpi(self):
        where = self.compile(WHERE, "where")
        result = self.ssh("pi1", f"sbatch -N 2 -n 2 --wait -o out --wrap 'mpirun {where}'; cat out")
        self.assertIn("rank 0 of 2 on pi1: 1\n", result)
        self.assertIn("rank 1 of 2 on pi2: 1\n", result)
        result = self.ssh("pi1", f"srun --mpi=pmix -N 2 -n 2 {where}")
        self.assertIn("rank 1 of 2 on pi2: 1\n", result)



class Jobs(Slurm):
    """pisdk.ini: the boards, and that Slurm is on the first of them."""

    def setUp(self):
        super().setUp()
        self.config = self.ok("cluster", "ssh-config", "--path").out.strip()
        self.settings("folder = " + str(self.dir / "shared"))
        write(self.dir / "CMakeLists.txt", CMAKE)
        write(self.dir / "where.c", WHERE)

    def settings(self, slurm, nodes="pi[1-2]"):
        write(self.dir / "pisdk.ini", "[project]\nname = jobs\n[target]\nsysroot = slurm\n"
              f"[run]\nprogram = where\n[node {nodes}]\n[slurm]\n{slurm}\n")

    def on(self, *args):
        return ["run", "--on", "slurm", "--ssh-config", self.config, *args]

    def submit(self, *args, **options):
        return self.ok("submit", "--ssh-config", self.config, *args, **options).out

    def job(self, number):
        [job] = json.loads(self.submit("--json", "--status", number))
        return job

    def begun(self, *args):
        """A run whose program has said "begun"."""
        process = self.start(*self.on(*args))
        self.assertEqual(process.stdout.readline(), "begun\n")
        return process

    def nothing_runs(self):
        for _ in range(30):
            left = self.pisdk("cluster", "ssh", "pi1", "squeue -h; pgrep -x sleep -a | grep -v ' 1$'").out
            if not left:
                return
            time.sleep(0.5)
        self.fail(left)


class Runs(Jobs):
    def test_ranks_and_status(self):
        result = self.ok(*self.on("-n", "2", "--sbatch", "-N 2", "where"))
        self.assertEqual(sorted(result.out.splitlines()),
                         ["rank 0 of 2 on pi1: 1", "rank 1 of 2 on pi2: 1"])
        self.assertIn("job 1 runs on pi[1-2]", result.err)
        # The nodes see one folder, so it was sent once; what is there is not sent again.
        self.assertEqual(len(list(self.dir.glob("shared/pisdk/jobs/releases/*/bin/where"))), 1)
        self.assertEqual(self.ssh("pi1", "ls -A .local 2>&1", status=2).count("No such file"), 1)
        result = self.pisdk(*self.on("where", "--", "7"))
        self.assertEqual(result.status, 7, str(result))
        self.assertNotIn("receiving", result.err)
        self.assertEqual(self.pisdk(*self.on("sh", "--", "-c", "kill -9 $$")).status, 137)
        # Bytes are as they were, also those of no line.
        result = self.ok(*self.on("sh", "--", "-c", r"printf 'a b\t\r\n\nno line'"))
        self.assertEqual(result.out, "a b\t\n\nno line")  # Python takes \r away
        self.fails(1, *self.on("--sbatch", "-p nowhere"), says="nvalid partition")
        self.fails(1, *self.on("--sbatch", "--nonsense"), says="unrecognized option '--nonsense'")

    @nightly
    def test_trace(self):
        self.ok(*self.on("-n", "2", "--sbatch", "-N 2", f"--trace={self.dir}/t.html", "where"))
        shown = json.loads(self.ok("trace", "show", self.dir / "t", "--json").out)
        self.assertEqual([r["host"] for r in shown["ranks"]], ["pi1", "pi2"])
        self.assertEqual(list(self.dir.glob("shared/pisdk/jobs/work/trace-*")), [])
        self.settings("place = local")
        self.ok(*self.on("-n", "2", "--sbatch", "-N 2", f"--trace={self.dir}/l.html", "where"))
        shown = json.loads(self.ok("trace", "show", self.dir / "l", "--json").out)
        self.assertEqual([r["host"] for r in shown["ranks"]], ["pi1", "pi2"])

    def test_it_ends_with_pisdk(self):
        process = self.begun("sh", "--", "-c", "echo begun; sleep 100")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=30), 130)
        self.nothing_runs()
        self.assertEqual(self.job(1)["state"], "CANCELLED")
        process = self.begun("sh", "--", "-c", "echo begun; sleep 100")
        process.kill()
        process.wait()
        self.nothing_runs()
        self.assertEqual(self.job(2)["state"], "CANCELLED")

    @nightly
    def test_its_time(self):
        result = self.pisdk(*self.on("--timeout", "2", "sleep", "--", "100"))
        self.assertEqual(result.status, 124, str(result))
        self.nothing_runs()
        # One that waits for others is in nobody's way.
        self.submit("-n", "2", "--sbatch", "--exclusive -N 2", "sleep", "--", "100")
        process = self.start(*self.on("sleep", "--", "100"))
        while "waits: Resources" not in process.stderr.readline():
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 143)
        self.assertEqual(self.job(3)["state"], "CANCELLED")
        self.assertEqual(self.job(2)["state"], "RUNNING")

    @nightly
    def test_slurmctld_is_gone_for_a_while(self):
        process = self.begun("sh", "--", "-c", "echo begun; sleep 8; echo ended; exit 3")
        self.ssh("pi1", "kill $(cat slurm/slurmctld.pid); sleep 3; /usr/sbin/slurmctld")
        out, err = process.communicate(timeout=60)
        self.assertEqual((out, process.returncode), ("ended\n", 3), err)
        self.ssh("pi1", "kill $(cat slurm/slurmctld.pid); sleep 1")
        self.fails(1, *self.on("where"), says="pi1: Batch job submission failed: Unable to contact")
        self.ssh("pi1", "mkdir bin; ln -s /usr/bin/* bin/; rm bin/sbatch; "
                 "echo 'export PATH=$HOME/bin' > .bashrc")
        self.fails(1, *self.on("where"), says="pi1 has no Slurm", hint="`host` in [slurm]")

    @nightly
    def test_a_board_dies(self):
        process = self.start(*self.on("-n", "2", "--sbatch", "-N 2", "where", "--", "0", "100"))
        self.assertIn("rank", process.stdout.readline())
        self.ok("cluster", "kill", "pi2")
        # mpirun notices at once, Slurm after five minutes.
        self.assertNotEqual(process.wait(timeout=60), 0)
        self.assertEqual(self.job(1)["state"], "COMPLETING")

    @nightly
    def test_a_cable_is_pulled(self):
        """No connection is closed, so nobody hears of it: neither mpirun nor, for minutes, Slurm."""
        process = self.start(*self.on("-n", "2", "--sbatch", "-N 2", "where", "--", "0", "100"))
        self.assertIn("rank", process.stdout.readline())
        time.sleep(5)  # until they are looked after
        self.ok("cluster", "cut", "pi2")
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, err)
        self.assertIn("error: job 1 was cancelled: pi2 does not answer", err)
        self.assertEqual(self.ssh("pi1", "pgrep -x where", status=1), "")


class Submits(Jobs):
    def test_status_output_cancel(self):
        first = self.submit("-n", "2", "-t", "5", "where", "--", "4", "1").strip()
        second = self.submit("sh", "--", "-c", "echo begun; sleep 100").strip()
        self.assertEqual([first, second], ["1", "2"])
        followed = self.pisdk("submit", "--ssh-config", self.config, "--output", "-f", first)
        self.assertEqual(followed.status, 4, str(followed))
        self.assertIn("rank 0 of 2 on pi1: 1\n", followed.out)
        self.assertEqual(self.submit("--output", first), followed.out)
        job = self.job(first)
        self.assertEqual((job["state"], job["status"], job["limit"]), ("FAILED", 4, "00:05:00"))
        self.submit("--cancel", second)
        self.nothing_runs()
        self.assertEqual([(job["job"], job["state"]) for job in
                          json.loads(self.submit("--status", "--json"))],
                         [(1, "FAILED"), (2, "CANCELLED")])
        self.assertIn("begun\n", self.submit("--output", second))
        for option in ["--status", "--output", "--cancel"]:
            self.fails(1, "submit", "--ssh-config", self.config, option, "77", says="job 77")

    def test_each_node_has_files_of_its_own(self):
        self.settings("place = local")
        number = self.submit("-n", "2", "--sbatch", "-N 2", "where").strip()
        followed = self.ok("submit", "--ssh-config", self.config, "--output", "--follow", number)
        self.assertEqual(sorted(followed.out.splitlines()),
                         ["rank 0 of 2 on pi1: 1", "rank 1 of 2 on pi2: 1"])
        # Its output is on the node that its script ran on.
        result = self.ok(*self.on("--sbatch", "-w pi2", "where"))
        self.assertEqual(result.out, "rank 0 of 1 on pi2: 0\n")
        self.assertEqual(self.submit("--output", "2"), result.out)
        self.settings("place = local", nodes="pi1")
        self.ssh("pi2", "rm -r .local")
        result = self.fails(5, *self.on("--sbatch", "-w pi2", "where"),
                            says="job 3 did not start: pi2 does not have", hint="place = local")
        self.assertIn("the output is on pi2, which is not one of the nodes", result.err)


if __name__ == "__main__":
    main()
