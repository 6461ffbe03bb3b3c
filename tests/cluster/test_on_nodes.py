# SPDX-License-Identifier: MIT
"""Programs on boards that the user's own ssh reaches: `pisdk run --on nodes`. The boards are those of an
emulated cluster; its settings are included in the user's own. As an ordinary user."""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, nightly, write  # noqa: E402

SOURCE = r"""#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    char host[256], line[256];
    int rank, size;

    if (strcmp(what, "plain") == 0) {
        puts("waiting");
        fflush(stdout);
        pause();
    }
    if (strcmp(what, "status") == 0) {
        return atoi(argv[2]);
    }
    if (strcmp(what, "kill") == 0) {
        raise(SIGKILL);
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    gethostname(host, sizeof(host));
    printf("rank %d of %d on %s\n", rank, size, host);
    fflush(stdout);
    while (strcmp(what, "input") == 0 && rank == 0 && fgets(line, sizeof(line), stdin)) {
        printf("read %s", line);
    }
    if (strcmp(what, "sleep") == 0) {
        sleep(600);
    }
    if (strcmp(what, "file") == 0 && rank == 0) {
        FILE *in = fopen("data/in", "r"), *out = fopen("out", "a");
        fputs(fgets(line, sizeof(line), in), out);
        fclose(out);
    }
    if (strcmp(what, "variable") == 0) {
        printf("%s %s\n", getenv("COLOUR"), getenv("OMPI_MCA_coll_base_verbose"));
    }
    MPI_Finalize();
    return strcmp(what, "fail") == 0 ? 7 : 0;
}
"""

CMAKE = """cmake_minimum_required(VERSION 3.20)
project(ranks C)
find_package(MPI REQUIRED)
add_executable(ranks ranks.c)
target_link_libraries(ranks MPI::MPI_C)
"""


class OnNodes(Case):
    BOARDS = 3

    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = os.environ["PISDK_TEST_DATA"]
        self.env["PISDK_RUNTIME_DIR"] = str(self.dir / "run")
        self.addCleanup(self.pisdk, "cluster", "down", "--all")
        self.ok("cluster", "up", "-n", self.BOARDS, "--name", "c", "--rate", "none")
        self.project = self.dir / "ranks"
        write(self.project / "pisdk.ini", "[project]\nname = ranks\n[deploy]\nfiles = data\n"
              "[node pi[1-3]]\nslots = 1\n[node pi3]\nslots = 2\n")
        write(self.project / "ranks.c", SOURCE)
        write(self.project / "CMakeLists.txt", CMAKE)
        write(self.project / "data/in", "what is read\n")
        config = self.ok("cluster", "ssh-config", "--name", "c", "--path").out.strip()
        self.nodes = ["--ssh-config", config]

    def run_on(self, status, *args, **options):
        result = self.pisdk("run", "--on", "nodes", *self.nodes, *args, cwd=self.project, timeout=200,
                            **options)
        self.assertEqual(result.status, status, str(result))
        return result

    def ssh(self, board, command):
        return self.pisdk("cluster", "ssh", "--name", "c", board, command).out

    def left(self):
        """Processes and folders of runs on the boards."""
        return "".join(self.ssh(f"pi{i + 1}", "pgrep -a 'ranks|orted|mpirun'; "
                                "ls -d .local/share/pisdk/ranks/run-* 2>/dev/null")
                       for i in range(self.BOARDS))

    def nothing_is_left(self, seconds=40):
        end = time.monotonic() + seconds
        while left := self.left():
            self.assertLess(time.monotonic(), end, left)
            time.sleep(0.5)

    def begin(self, *args):
        """Starts a run and waits until it prints."""
        process = self.start("run", "--on", "nodes", *self.nodes, *args, cwd=self.project)
        self.assertTrue(process.stdout.readline())
        return process

    def test_ranks(self):
        result = self.run_on(0, "-n", "4")
        self.assertEqual(sorted(result.out.splitlines()),
                         ["rank 0 of 4 on pi1", "rank 1 of 4 on pi2", "rank 2 of 4 on pi3",
                          "rank 3 of 4 on pi3"])
        # A change is brought along; --no-deploy leaves it.
        write(self.project / "ranks.c", SOURCE.replace("rank %d of", "Rank %d of"))
        self.assertIn("Rank 0 of 2", self.run_on(0, "-n", "2").out)
        # What it is started with reaches mpirun, and by it the ranks.
        result = self.run_on(0, "-n", "2", "--map-by", "node", "--mca", "coll_base_verbose", "0", "-x",
                             "COLOUR=blue", "--mpirun", "--tag-output", "ranks", "variable")
        self.assertIn("[1,1]<stdout>:blue 0", result.out)
        self.assertEqual(self.run_on(7, "-n", "2", "ranks", "fail").out.count("rank 0"), 0)
        self.nothing_is_left()

    def test_trace(self):
        """What ranks recorded comes back from all boards; of one that was interrupted, too."""
        result = self.run_on(0, "-n", "4", "--trace")
        self.assertIn("trace: ", result.err)
        shown = json.loads(self.ok("trace", "show", "ranks", "--json", cwd=self.project).out)
        self.assertEqual([r["host"] for r in shown["ranks"]], ["pi1", "pi2", "pi3", "pi3"])
        self.assertTrue(all(r["stopped"] is None for r in shown["ranks"]), shown["ranks"])
        self.assertIn("ranks on 4 ranks", (self.project / "ranks.html").read_text())
        process = self.begin("-n", "2", "--trace=stopped", "ranks", "sleep")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        shown = self.ok("trace", "show", "stopped", cwd=self.project).out
        self.assertIn("stopped", shown)
        self.assertEqual(self.ssh("pi3", "ls .local/share/pisdk/ranks/work | grep -c trace-").strip(), "0")
        self.fails(2, "run", "--on", "nodes", *self.nodes, "-n", "2", "--no-deploy", "--trace", cwd=self.project,
                   says="and --no-deploy leaves out")

    def test_calibrate(self):
        """Boards are measured, and nothing of that stays there."""
        rows = json.loads(self.ok("nodes", "calibrate", "--nodes", "pi1,pi3", *self.nodes, "--json",
                                  cwd=self.project, timeout=200).out)
        self.assertEqual([(r["board"], r["cores"]) for r in rows], [("pi1", 1), ("pi3", 2)])
        for row in rows:
            self.assertGreater(row["mflops"], 0)
            self.assertGreater(row["memory_mb_s"], 0)
        self.assertIsNone(rows[0]["mbit_s"])
        self.assertGreater(rows[1]["mbit_s"], 0)
        self.assertIsNone(rows[0]["inner_us"])
        self.assertEqual(self.ssh("pi3", "ls .local/share/pisdk"), "")
        self.assertIn("[node pi3]\ncores = 2\n", (self.project / "pisdk.calibration").read_text())

    def test_hosts_as_mpirun_has_them(self):
        def ranks(*words):
            result = self.pisdk("run", *self.nodes, *words, "ranks", cwd=self.project, timeout=200)
            self.assertEqual(result.status, 0, str(result))
            return sorted(result.out.splitlines())

        self.assertEqual(ranks("-np", 3, "--host", "pi3:1,pi1:2"),
                         ["rank 0 of 3 on pi3", "rank 1 of 3 on pi1", "rank 2 of 3 on pi1"])
        self.assertEqual(ranks("-np", 2, "--host", "pi2,pi2"), ["rank 0 of 2 on pi2", "rank 1 of 2 on pi2"])
        write(self.project / "hosts", "pi2 slots=1\npi1 slots=1\n")
        for word in ("--hostfile", "-hostfile", "-machinefile"):
            self.assertEqual(ranks("-np", 2, word, "hosts"), ["rank 0 of 2 on pi2", "rank 1 of 2 on pi1"])

    def test_a_script(self):
        """It is deployed, and the boards' own Python runs it."""
        write(self.project / "main.py", "import os, socket, helper\n"
              "print(socket.gethostname(), os.path.basename(os.getcwd()), os.environ.get('OMPI_COMM_WORLD_SIZE'))\n")
        write(self.project / "helper.py", "")
        write(self.project / "pisdk.ini", "[project]\nname = ranks\n[build]\nsystem = none\n[node pi[1-3]]\n")
        self.assertEqual(self.run_on(0, "main.py").out, "pi1 work None\n")
        self.assertEqual(sorted(self.run_on(0, "-n", "2", "main.py").out.splitlines()), ["pi1 work 2"] * 2)
        write(self.project / "pisdk.ini", "[project]\nname = ranks\n[build]\nsystem = none\n[deploy]\nfiles = helper.py\n"
              "[node pi[1-3]]\n")
        self.assertIn("files = main.py", self.run_on(1, "main.py").err)

    @nightly
    def test_the_runtime_of_scripts(self):
        """Python and R with their packages go along: the boards' own are not used, and need not be there."""
        own = {"PISDK_DATA_DIR": str(self.dir / "data"), "PISDK_APT_DIR": "/etc/apt"}
        write(self.project / "pisdk.ini", "[project]\nname = ranks\n[build]\nsystem = none\n[deploy]\nruntime = yes\n"
              "[node pi[1-3]]\nslots = 1\n")
        write(self.project / "main.py", "import json, socket, ssl, sqlite3, subprocess, sys\nimport numpy\n"
              "from mpi4py import MPI\ncomm = MPI.COMM_WORLD\n"
              "total = comm.allreduce(numpy.full(3, comm.rank + 1.0))\n"
              "child = subprocess.run([sys.executable, '-c', 'import numpy; print(numpy.__file__)'], capture_output=True, text=True)\n"
              "for path in (sys.executable, json.__file__, numpy.__file__, MPI.__file__, child.stdout):\n"
              "    assert '/runtime/usr/' in path, (path, child)\n"
              "print(socket.gethostname(), total.tolist(), len(open('/proc/self/maps').read().split('/runtime/')) > 20)\n")
        self.ok("sysroot", "add", "python3-mpi4py", "python3-numpy", "r-base-core", "r-cran-rmpi", cwd=self.project, timeout=400, env=own)
        root = self.ok("sysroot", "path", cwd=self.project, env=own).out.strip()
        said = self.run_on(0, "-n", "3", "--sysroot", root, "main.py").out
        self.assertEqual(sorted(said.splitlines()), [f"pi{i} [6.0, 6.0, 6.0] True" for i in (1, 2, 3)])
        write(self.project / "main.R", "suppressMessages(library(Rmpi))\n"
              "words <- paste(commandArgs(trailingOnly = TRUE), collapse = '|')\n"
              "writeLines(paste(R.home(), mpi.comm.rank(0), words, solve(matrix(2))))\ninvisible(mpi.finalize())\n")
        for line in self.run_on(0, "-n", "2", "--sysroot", root, "main.R", "a b", "-e").out.splitlines():
            self.assertRegex(line, r"/runtime/usr/lib/R [01] a b\|-e 0\.5")

    @nightly
    def test_streams_and_files(self):
        result = self.run_on(0, "-n", "2", "ranks", "input", input="one\ntwo\n")
        read = [line for line in result.out.splitlines() if line.startswith("read ")] # among other ranks'
        self.assertEqual(read, ["read one", "read two"])
        for _ in range(2):
            self.run_on(0, "-n", "1", "ranks", "file")
        work = ".local/share/pisdk/ranks/work"
        self.assertEqual(self.ssh("pi1", f"cat {work}/out"), "what is read\n" * 2)
        # It stays when something else is deployed.
        write(self.project / "data/in", "another\n")
        self.run_on(0, "-n", "1", "ranks", "file")
        self.assertEqual(self.ssh("pi1", f"cat {work}/out"), "what is read\n" * 2 + "another\n")
        self.assertEqual(self.run_on(0, "--no-deploy", "hostname").out, "pi1\n")

    def test_status(self):
        self.run_on(3, "ranks", "status", "3")
        self.run_on(255, "ranks", "status", "255")
        self.run_on(128 + signal.SIGKILL, "ranks", "kill")
        result = self.run_on(124, "--timeout", "5", "ranks", "plain")
        self.assertIn("timed out after 5 s", result.err)
        self.nothing_is_left()

    @nightly
    def test_signals(self):
        self.run_on(0, "ranks", "status", "0")
        for sig in (signal.SIGINT, signal.SIGTERM):
            process = self.begin("ranks", "plain")
            process.send_signal(sig)
            self.assertEqual(process.wait(timeout=30), 128 + sig)
            self.nothing_is_left()
        process = self.begin("-n", "4", "ranks", "sleep")
        process.send_signal(signal.SIGINT)
        self.assertNotEqual(process.wait(timeout=60), 0)
        self.nothing_is_left()

    def test_the_desktop_goes_away(self):
        process = self.begin("-n", "4", "ranks", "sleep")
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.nothing_is_left()

    @nightly
    def test_the_first_board_loses_its_network(self):
        process = self.begin("-n", "4", "ranks", "sleep")
        self.ok("cluster", "cut", "--name", "c", "pi1")
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 5, err)
        self.assertIn("pi1 went away during the run", err)
        for board in ("pi2", "pi3"):
            self.assertEqual(self.ssh(board, "pgrep -a 'ranks|orted'"), "")
        self.ok("cluster", "heal", "--name", "c", "pi1")
        self.nothing_is_left(90)

    def test_another_board_dies(self):
        process = self.begin("-n", "4", "ranks", "sleep")
        self.ok("cluster", "kill", "--name", "c", "pi3")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, err)
        self.assertIn("pi3 went away during the run", err)
        for board in ("pi1", "pi2"):
            self.assertEqual(self.ssh(board, "pgrep -a 'ranks|orted'"), "")
        self.ok("cluster", "start", "--name", "c", "pi3")
        self.nothing_is_left()

    @nightly
    def test_one_interrupt_is_enough(self):
        """Also for a rank that does not heed it, and where mpirun waits for a board for ever."""
        process = self.begin("-n", "4", "ranks", "sleep")
        self.ok("cluster", "cut", "--name", "c", "pi3")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0, err)
        for board in ("pi1", "pi2"):
            self.assertEqual(self.ssh(board, "pgrep -a 'ranks|orted'"), "")
        self.ok("cluster", "heal", "--name", "c", "pi3")
        self.nothing_is_left(90)

    @nightly
    def test_where_ranks_wait(self):
        """As gdb on the boards says; here it is a script, since QEMU has no ptrace."""
        for board in ("pi1", "pi2"):
            self.ssh(board, "mkdir bin; echo 'PATH=$HOME/bin:$PATH' >.bashrc; printf '%s\\n' '#!/bin/sh' "
                     "'echo \"#0  0xb6d80000 in poll () from /lib/libc.so.6\"' "
                     "'echo \"#1  0xb6f80000 in PMPI_Recv () from /lib/libmpi.so.40\"' "
                     "'echo \"#2  0x00010850 in main (argc=1) at ring.c:7\"' >bin/gdb; chmod +x bin/gdb")
        result = self.run_on(124, "-n", "2", "--timeout", "15", "ranks", "sleep")
        self.assertRegex(result.err, r"(?m)^ranks 0-1 wait in MPI_Recv at ring\.c:7$")
        process = self.begin("-n", "2", "ranks", "sleep")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertRegex(err, r"(?m)^ranks 0-1 wait in MPI_Recv at ring\.c:7$")
        self.nothing_is_left()

    @nightly
    def test_networks(self):
        """That by which the first board reaches the others, unless the user says which."""
        self.run_on(0, "-n", "2")
        done = self.run_on(0, "-v", "-n", "2")
        self.assertIn("ranks talk over 10.77.0.0/16", done.err)
        done = self.run_on(0, "-n", "2", "--mca", "btl_tcp_if_include", "nonsense0")
        self.assertIn("nonsense0", done.out + done.err)

    def test_variables(self):
        """By -x and pisdk.ini, with ranks and without."""
        with open(self.project / "pisdk.ini", "a") as ini:
            ini.write("\n[run]\nenvironment = COLOUR=green\n")
        self.assertEqual(self.run_on(0, "-n", "2", "ranks", "variable").out.count("green "), 2)
        self.assertEqual(self.run_on(0, "-x", "COLOUR=a b", "sh", "--", "-c", "echo $COLOUR").out, "a b\n")

    def test_what_mpirun_says(self):
        self.ssh("pi1", "mv .ssh/id_ed25519 away")
        done = self.run_on(255, "-n", "4")
        self.assertIn("the first board cannot log in to another one without a password", done.err)
        self.assertIn("hint: pisdk nodes doctor", done.err)

    def test_a_board_is_off(self):
        self.ok("cluster", "kill", "--name", "c", "pi2")
        result = self.run_on(5, "-n", "4")
        self.assertIn("pi2: ", result.err)
        done = self.run_on(5, "-n", "4", "--no-deploy")
        self.assertIn("pi2: it is off", done.err)
        self.assertIn("the program was not started", done.err)
        self.assertNotIn("changed", done.err)
        self.assertIn("rank 0 of 2", self.run_on(0, "-n", "2", "--nodes", "pi1,pi3").out)

    def test_wrong_words(self):
        self.fails(2, "run", "--on", "nodes", "--mca", "a", cwd=self.project,
                   says="option `--mca` needs an argument: NAME VALUE")
        result = self.run_on(1, "/usr/bin/env")
        self.assertIn("error: ", result.err)


class Releases(Case):
    """Boards of three Debian releases, with Open MPI of two versions and MPICH, run one job by a bundle."""

    def test_bundle(self):
        self.env["PISDK_DATA_DIR"] = os.environ["PISDK_TEST_DATA"]
        self.env["PISDK_RUNTIME_DIR"] = str(self.dir / "run")
        self.addCleanup(self.pisdk, "cluster", "down", "--all")
        self.ok("cluster", "up", "-n", "3", "--name", "c", "--sysroot", "bookworm", "--sysroot", "bullseye",
                "--sysroot", "trixie-mpich", "--rate", "none")
        versions = [self.pisdk("cluster", "ssh", "--name", "c", f"pi{i}", "cat /etc/debian_version").out for i in (1, 2, 3)]
        self.assertEqual([v.split(".")[0] for v in versions], ["12", "11", "13"])
        nodes = ["--ssh-config", self.ok("cluster", "ssh-config", "--name", "c", "--path").out.strip()]
        project = self.dir / "ranks"
        write(project / "pisdk.ini", "[project]\nname = ranks\n[node pi[1-3]]\nslots = 1\n")
        write(project / "ranks.c", SOURCE)
        write(project / "CMakeLists.txt", CMAKE)
        self.fails(3, "deploy", *nodes, cwd=project, says="the programs cannot run on all boards")

        self.ok("bundle", "-o", "ranks.sh", cwd=project)
        self.fails(2, "deploy", *nodes, "ranks.sh", cwd=project, says="unexpected argument `ranks.sh`",
                   hint="pisdk deploy --bundle FILE")
        for words, sent in ((["ranks.sh"], "done"), ([], "unchanged")):  # the same release
            out = self.ok("deploy", *nodes, "--bundle", *words, cwd=project, timeout=200).out
            self.assertEqual(out.count(sent), 3, out)
            ran = self.ok("run", "--on", "nodes", *nodes, "-n", "3", cwd=project, timeout=200)
            self.assertEqual(sorted(ran.out.splitlines()), [f"rank {i} of 3 on pi{i + 1}" for i in range(3)])
        said = self.ok("run", "--on", "nodes", *nodes, "sh", "-c", ".local/share/pisdk/ranks/current/bin/pisdk-env list || "
                       "cd ../current && ls bin && bin/pisdk-env list; :", cwd=project)
        self.assertIn("pisdk-env is not in an installed bundle", said.err)

        damaged = (project / "ranks.sh").read_bytes()
        (project / "ranks.sh").write_bytes(damaged[:-200] + b"x" + damaged[-199:])
        self.fails(3, "deploy", *nodes, "--bundle", "ranks.sh", cwd=project, says="ranks.sh is damaged")
        self.fails(3, "deploy", *nodes, "--bundle", "ranks.c", cwd=project, says="ranks.c is not a bundle")


if __name__ == "__main__":
    main()
