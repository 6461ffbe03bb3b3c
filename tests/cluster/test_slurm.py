"""Jobs for a Slurm that is there: real slurmctld and slurmd on emulated boards.

Run as an ordinary user, against an installed pisdk (see emulator/setup).
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
import slurm  # noqa: E402
from harness import Case, main, write  # noqa: E402

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
        slurm.start(self, self.dir, self.BOARDS, HERE / "slurm")

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

    def test_srun(self):
        self.assertEqual(sorted(self.ssh("pi1", "srun -N 2 hostname").split()), ["pi1", "pi2"])
        self.ssh("pi2", "srun -n 1 sh -c 'exit 7'", status=7)

    def test_sbatch(self):
        self.assertEqual(self.ssh("pi1", "sbatch --parsable --wait -o out --wrap 'exit 6'", status=6),
                         "1\n")
        self.assertIn("ExitCode=6:0", self.ssh("pi1", "scontrol show job 1"))
        self.ssh("pi1", "sbatch -n 2 -o out --wrap 'sleep 100'; sleep 2; scancel 2; sleep 2")
        self.assertIn("JobState=CANCELLED", self.ssh("pi1", "scontrol show job 2"))
        self.assertEqual(self.ssh("pi1", "squeue -h; pgrep sleep", status=1), "")

    def test_mpi(self):
        where = self.compile(WHERE, "where")
        result = self.ssh("pi1", f"sbatch -N 2 -n 2 --wait -o out --wrap 'mpirun {where}'; cat out")
        self.assertIn("rank 0 of 2 on pi1: 1\n", result)
        self.assertIn("rank 1 of 2 on pi2: 1\n", result)
        result = self.ssh("pi1", f"srun --mpi=pmix -N 2 -n 2 {where}")
        self.assertIn("rank 1 of 2 on pi2: 1\n", result)


if __name__ == "__main__":
    main()
