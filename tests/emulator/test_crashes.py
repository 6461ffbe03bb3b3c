# SPDX-License-Identifier: MIT
"""What is told of programs that die of their own mistake, and that nothing of them is left.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import main, path_without, write  # noqa: E402
from test_runs import Runs  # noqa: E402

CRASH = """
#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
static volatile int zero;
void inner(int *where, int n)
{
    *where = n;
}
int main(int argc, char **argv)
{
    int rank = 0;
    if (!strcmp(argv[1], "mpi")) {
        MPI_Init(&argc, &argv);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        if (rank > 0) inner(NULL, rank);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    if (!strcmp(argv[1], "segv")) inner(NULL, 1);
    if (!strcmp(argv[1], "abrt")) abort();
    if (!strcmp(argv[1], "ill")) __asm__ volatile("udf #0");
    if (!strcmp(argv[1], "raise")) raise(atoi(argv[2]));
    if (!strcmp(argv[1], "free")) free((char *)malloc(64) + 4);
    return 0;
}
"""


DEADLOCK = """
#include <mpi.h>
#include <stdio.h>

static int receive(int from)
{
    int value;
    MPI_Recv(&value, 1, MPI_INT, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return value;
}

int main(int argc, char **argv)
{
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    puts("begun");
    fflush(stdout);
    if (rank < 2) printf("%d", receive(1 - rank));
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
}
"""


class Where(Runs):
    """Where every rank is, when the time is up and at Ctrl-C."""

    def deadlock(self, *flags):
        program = self.compile("ring", DEADLOCK, "-g", *flags, mpi=True)
        lines = DEADLOCK.splitlines()
        return program, [next(i for i, line in enumerate(lines, 1) if text in line)
                         for text in ("MPI_Recv", "MPI_Barrier")]

    def tells(self, text, receive):
        """Which rank is waited for is told where gdb gets through the libraries; then it is right."""
        found = re.findall(r"(?m)^ranks? (\S+) waits? in (\w+)(?: from rank (\d))? at \S*ring\.c:(\d+)$", text)
        places = {}
        for ranks, call, peer, line in found:
            first, _, last = ranks.partition("-")
            for rank in range(int(first), int(last or first) + 1):
                places[rank] = call
                if call == "MPI_Recv":
                    self.assertEqual(int(line), receive, text)
                    self.assertIn(peer, ("", str(1 - rank)), text)
        self.assertEqual(places, {0: "MPI_Recv", 1: "MPI_Recv", 2: "MPI_Barrier", 3: "MPI_Barrier"}, text)
        self.assertEqual([f for f in os.listdir(self.dir) if f.endswith("core")], [])

    def test_timeout(self):
        program, (receive, _) = self.deadlock("-O0")
        done = self.pisdk("run", "--timeout", 8, "-n", 4, program, timeout=60)
        self.assertEqual(done.status, 124, str(done))
        self.tells(done.err, receive)
        # What the compiler did not keep is not guessed.
        program, _ = self.deadlock("-O2")
        done = self.pisdk("run", "--timeout", 8, "-n", 4, program, timeout=60)
        self.assertNotIn("from rank", done.err)
        self.assertIn("in MPI_Recv at", done.err)
        done = self.pisdk("run", "--timeout", 4, "--no-backtrace", "-n", 4, program, timeout=60)
        self.assertEqual(done.status, 124, str(done))
        self.assertNotIn("MPI_", done.err)

    def test_interrupt(self):
        program, (receive, _) = self.deadlock("-O0")
        process = self.start("run", "-n", 4, program)
        while process.stdout.readline() != "begun\n":
            pass
        for _ in range(3):
            process.stdout.readline()
        time.sleep(1)  # from there to where they wait is a moment
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGINT, err)
        self.tells(err, receive)


class Crashes(Runs):
    """A program that dies by its own mistake: what, where, and no files."""

    def tearDown(self):
        super().tearDown()
        self.assertEqual([f for f in os.listdir(self.dir) if f.endswith("core")], [])

    def crash(self):
        program = self.compile("crash", CRASH, "-g", mpi=True)
        lines = CRASH.splitlines()
        return program, lambda text: next(i for i, line in enumerate(lines, 1) if text in line)

    def test_signals(self):
        program, line = self.crash()
        for options in self.modes():
            for word, sig, where in (("segv", signal.SIGSEGV, "*where ="), ("abrt", signal.SIGABRT, "abort();"),
                                     ("ill", signal.SIGILL, "udf")):
                result = self.pisdk("run", program, word, **options)
                self.assertEqual(result.status, 128 + sig, str(result))
                self.assertIn(f"crash ended by signal {sig} (", result.err)
                self.assertRegex(result.err, rf"\n  #0 (inner|main) \(.*\) at .*crash\.c:{line(where)}\n", word)
                self.assertRegex(result.err, r"\n  #\d main \(.*\) at .*crash\.c:\d+\n$|lacks the instruction")
                self.assertEqual(result.err.count("crash ended by signal"), 1)

    def test_what_the_c_library_ends(self):
        program, line = self.crash()
        for options in self.modes():
            result = self.pisdk("run", program, "free", **options)
            self.assertEqual(result.status, 128 + signal.SIGABRT)
            self.assertRegex(result.err, rf"\n  #0 main .*at .*crash\.c:{line('free((char')}\n")

    def test_other_signals(self):
        program, _ = self.crash()
        for sig in (signal.SIGBUS, signal.SIGFPE):
            self.assertIn(f"crash ended by signal {sig.value} (", self.pisdk("run", program, "raise", sig.value).err)
        self.assertEqual(self.pisdk("run", program, "raise", 15).err, "")
        self.assertIn("the program ended by signal 9 (Killed)", self.pisdk("run", program, "raise", 9).err)

    def test_ranks(self):
        program, line = self.crash()
        for options in self.modes():
            result = self.pisdk("run", "-n", 3, program, "mpi", **options)
            self.assertEqual(result.status, 139, str(result))
            self.assertRegex(result.err, r"rank [12] \(crash\) ended by signal 11 \(Segmentation fault\)\n"
                                         rf"  #0 inner \(.*\) at .*crash\.c:{line('*where =')}\n"
                                         r"  #1 main ")
            self.assertEqual(result.err.count("#0 inner"), 1)
            self.assertNotIn("*** Process received signal ***", result.err)
            self.assertNotIn("rank 0 (", result.err)

    def test_both_ranks_at_one_place(self):
        program, _ = self.crash()
        text = ""
        for _ in range(5):  # mpirun may end the second before its core file is whole
            text = self.pisdk("run", "-n", 2, program, "segv").err
            if "rank 1 (crash): signal 11 at the same place as rank 0 (crash)" in text:
                break
        else:
            self.fail(text)

    def test_a_crash_that_is_wanted_leaves_nothing(self):
        program = self.compile("fork", """
            #include <stdlib.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(void)
            {
                int status;
                if (fork() == 0) abort();
                wait(&status);
                return !WIFSIGNALED(status);
            }""")
        for options in self.modes():
            result = self.ok("run", program, **options)
            self.assertNotIn("ended by signal", result.err)

    def test_files_of_others_stay(self):
        program, _ = self.crash()
        names = ["core", "qemu_crash_20200101-000000_1.core", "qemu_.core"]
        for name in names:
            write(self.dir / name, "mine")
        self.pisdk("run", program, "segv")
        for name in names:
            self.assertEqual((self.dir / name).read_text(), "mine")
            (self.dir / name).unlink()

    def test_runs_side_by_side_in_one_folder(self):
        program, _ = self.crash()
        longer = self.start("run", "sh", "-c", "echo begun; sleep 3; exit 5")
        self.assertEqual(longer.stdout.readline(), "begun\n")
        result = self.pisdk("run", "--keep-core", program, "segv")
        kept = Path(re.search(r"kept: (.*)", result.err)[1])
        _, text = longer.communicate(timeout=60)
        self.assertEqual((longer.returncode, text), (5, ""))
        self.assertTrue(kept.exists())
        kept.unlink()

    def test_kept_for_gdb(self):
        program, _ = self.crash()
        result = self.pisdk("run", "--keep-core", program, "segv")
        kept = Path(re.search(r"kept: (.*)", result.err)[1])
        self.assertEqual(kept.parent, self.dir)
        self.assertEqual(kept.read_bytes()[:4], b"\x7fELF")
        kept.unlink()
        self.assertNotIn("#0", self.pisdk("run", "--no-backtrace", program, "segv").err)

    def test_without_gdb(self):
        program, _ = self.crash()
        path = path_without(self.dir / "bin", "gdb-multiarch", "arm-linux-gnueabihf-gdb")
        result = self.pisdk("run", "-n", 2, program, "mpi", env={"PATH": path})
        self.assertIn("rank 1 (crash) ended by signal 11", result.err)
        self.assertIn("hint: gdb shows where it happened: sudo apt install gdb-multiarch", result.err)

    def test_in_a_project(self):
        self.ok("new", "heat")
        project = self.dir / "heat"
        source = project / "src/main.c"
        source.write_text(source.read_text().replace("double start =", "*(volatile int *)0 = 1; double start ="))
        result = self.pisdk("run", "-n", 1, cwd=project)
        self.assertRegex(result.err, r"rank 0 \(heat\) ended by signal 11 .*\n  #0 main \(.*\) at src/main\.c:\d+\n")
        test = project / "tests/test_heat.c"
        test.write_text(test.read_text().replace("test_linear_field();", "*(volatile int *)0 = 1;"))
        result = self.pisdk("test", "-R", "heat-1", cwd=project)
        self.assertRegex(result.out, r"rank 0 \(test_heat\) ended by .*\n  #0 main \(.*\) at tests/test_heat\.c:\d+\n")
        self.assertEqual([f for f in os.listdir(project / "build/armv7-release") if f.endswith("core")], [])


if __name__ == "__main__":
    main()
