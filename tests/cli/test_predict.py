# SPDX-License-Identifier: MIT
"""`pisdk predict`, with the real SimGrid: programs whose communication is known, so that the simulated time
is known, too; MPI's files; Fortran; makefiles; and what a simulation cannot do."""

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, path_without, write  # noqa: E402

MAKEFILE = "p: p.c\n\tmpicc -O2 -Wall -o p p.c\nclean:\n\trm -f p\n"
# What TCP leaves of an Ethernet link.
TCP = 1448 / 1538
ROUNDS, BYTES = 10, 1000000

PINGPONG = f"""#include <mpi.h>
static char a[{BYTES}];
int main(int argc, char **argv)
{{
    int rank, n;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    for (int i = 0; i < {ROUNDS}; i++) {{
        if (rank == 0)
            MPI_Send(a, {BYTES}, MPI_CHAR, n - 1, 0, MPI_COMM_WORLD); // line 11
        else if (rank == n - 1)
            MPI_Recv(a, {BYTES}, MPI_CHAR, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }}
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}}
"""
# Computes the same whatever the ranks are, and hardly communicates.
COMPUTE = """#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int rank, n;
    double part = 0, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    for (long i = rank; i < 100000000; i += n)
        part += 1.0 / (1 + (double)i * i);
    MPI_Reduce(&part, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("sum %.6f of %d\\n", sum, n);
    MPI_Finalize();
    return 0;
}
"""
# Each rank writes a column of a matrix by a view, reads it back, and checks it.
FILES = """#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    enum { ROWS = 50 };
    int rank, n, bad = 0, mine[ROWS], back[ROWS];
    MPI_File f;
    MPI_Datatype column;
    MPI_Offset size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    for (int i = 0; i < ROWS; i++)
        mine[i] = 1000 * rank + i;
    int whole[] = {ROWS, n}, part[] = {ROWS, 1}, start[] = {0, rank};
    MPI_Type_create_subarray(2, whole, part, start, MPI_ORDER_C, MPI_INT, &column);
    MPI_Type_commit(&column);
    MPI_File_open(MPI_COMM_WORLD, "matrix", MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &f);
    MPI_File_set_size(f, 0);
    MPI_File_set_view(f, 8, MPI_INT, column, "native", MPI_INFO_NULL);
    MPI_File_write_all(f, mine, ROWS, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_read_at_all(f, 0, back, ROWS, MPI_INT, MPI_STATUS_IGNORE);
    for (int i = 0; i < ROWS; i++)
        bad |= back[i] != mine[i];
    MPI_File_set_view(f, 0, MPI_CHAR, MPI_CHAR, "native", MPI_INFO_NULL);
    if (rank == 0)
        MPI_File_write_at(f, 0, "MATRIX01", 8, MPI_CHAR, MPI_STATUS_IGNORE);
    MPI_File_sync(f);
    MPI_Request q;
    MPI_Status status;
    char head[8];
    MPI_File_set_errhandler(f, MPI_ERRORS_RETURN);
    MPI_File_iread_at_all(f, 0, head, 8, MPI_CHAR, &q);
    MPI_Wait(&q, &status);
    MPI_File_read_at_all_begin(f, 0, head, 8, MPI_CHAR);
    MPI_File_read_at_all_end(f, head, &status);
    MPI_Offset place;
    MPI_File_get_byte_offset(f, 6, &place);
    bad |= memcmp(head, "MATRIX01", 8) != 0 || place != 6;
    MPI_File_get_size(f, &size);
    MPI_File_close(&f);
    MPI_File_open(MPI_COMM_WORLD, "log", MPI_MODE_CREATE | MPI_MODE_WRONLY, MPI_INFO_NULL, &f);
    char line[16];
    int length = snprintf(line, sizeof(line), "rank %d\\n", rank);
    MPI_File_write_ordered(f, line, length, MPI_CHAR, MPI_STATUS_IGNORE);
    MPI_File_close(&f);
    bad |= MPI_File_open(MPI_COMM_WORLD, "absent", MPI_MODE_RDONLY, MPI_INFO_NULL, &f) != MPI_ERR_NO_SUCH_FILE;
    if (bad || size != 8 + ROWS * n * 4)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
    return 0;
}
"""
FORTRAN = """program ring
  use mpi
  implicit none
  integer :: ierr, rank, n, token, status(MPI_STATUS_SIZE)
  double precision :: s
  call MPI_Init(ierr)
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, n, ierr)
  token = 7
  if (rank > 0) call MPI_Recv(token, 1, MPI_INTEGER, rank - 1, 0, MPI_COMM_WORLD, status, ierr)
  if (rank < n - 1) call MPI_Send(token, 1, MPI_INTEGER, rank + 1, 0, MPI_COMM_WORLD, ierr)
  call MPI_Allreduce(dble(token), s, 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, ierr)
  if (rank == 0) print '(a,f6.1)', 'sum', s
  call MPI_Finalize(ierr)
end program ring
"""
CMAKE_FORTRAN = """cmake_minimum_required(VERSION 3.20)
project(ring LANGUAGES Fortran)
find_package(MPI REQUIRED COMPONENTS Fortran)
add_executable(p ring.f90)
target_link_libraries(p PRIVATE MPI::MPI_Fortran)
"""


class Predict(Case):
    def project(self, source, makefile=MAKEFILE):
        folder = self.dir / "p"
        write(folder / "pisdk.ini", "[project]\nname = p\n[target]\nboard = pi4\n")
        write(folder / "p.c", source)
        write(folder / "Makefile", makefile)
        return folder

    def predict(self, folder, *args, **options):
        return self.ok("predict", *args, cwd=folder, timeout=300, **options)

    def numbers(self, folder, *args):
        return json.loads(self.predict(folder, "--json", *args).out)

    def refused(self, folder, *args, status=1, **options):
        return self.fails(status, "predict", *args, cwd=folder, timeout=300, **options)

    def test_known_messages(self):
        """The time of the network is as arithmetic has it; sizes and sources are as in the program."""
        folder = self.project(PINGPONG)
        found = self.numbers(folder, "--boards", "3,2", "--ranks-per-board", "1", "--link", "100mbit",
                             "--latency", "2ms")
        two, three = found["predictions"]
        self.assertEqual((two["boards"], three["boards"], three["ranks"]), (2, 3, 3))
        for p in two, three:
            # Messages of a megabyte wait for their receiver: a round trip more each.
            least = ROUNDS * (BYTES * 8 / (100e6 * TCP) + 0.002)
            self.assertGreater(p["seconds"], least)
            self.assertLess(p["seconds"], least + ROUNDS * 0.007 + 0.03)
            self.assertEqual(p["sent_bytes"], ROUNDS * BYTES)
            self.assertGreater(p["communicating"], 0.9)
            self.assertAlmostEqual(p["computing"] + p["communicating"], 1)
        self.assertEqual(two["speedup"], 1)
        self.assertAlmostEqual(three["speedup"], two["seconds"] / three["seconds"])
        self.assertAlmostEqual(three["efficiency"], three["speedup"] * 2 / 3)
        self.assertIn("MPI_ANY_SOURCE", found["notes"][0])
        self.assertIn("at 1 Gbit/s, 3 boards would take", found["advice"])
        # A faster network is that much faster.
        gigabit = self.numbers(folder, "--boards", "2", "--ranks-per-board", "1", "--link", "1gbit")
        self.assertLess(gigabit["predictions"][0]["seconds"], two["seconds"] / 8)
        self.assertNotIn("Gbit/s", gigabit["advice"])

    def test_computing(self):
        """Work that is shared out takes less time; the board's speed counts; so do figures that were measured."""
        folder = self.project(COMPUTE)
        said = self.predict(folder, "--boards", "1,4", "--show-output", "--plot", "plot.svg")
        self.assertIn("sum 2.076674 of 4\n", said.out)
        self.assertIn("sum 2.076674 of 16\n", said.out)
        self.assertRegex(said.out, r"4 boards are [34]\.\d times as fast as 1\n")
        self.assertIn("board: pi4 (published figures), 941 Mbit/s, latency 100 us", said.err)
        picture = xml.etree.ElementTree.parse(folder / "plot.svg").getroot()
        self.assertEqual(len(picture.findall(".//{*}circle")), 2)
        fast = self.numbers(folder, "--boards", "1", "--bound", "cache")
        slow = self.numbers(folder, "--boards", "1", "--bound", "cache", "--board", "pi2")
        ratio = slow["predictions"][0]["seconds"] / fast["predictions"][0]["seconds"]
        self.assertAlmostEqual(slow["board"]["share_of_desktop_speed"] * 764 / 120,
                               fast["board"]["share_of_desktop_speed"])
        self.assertGreater(ratio, 764 / 120 / 2)
        self.assertFalse((folder / "build/compile_commands.json").exists())

        write(folder / "pisdk.calibration", "[node pi1]\ncores = 2\noperations = 2e8\n[node pi2]\noperations = 4e8\n"
              "latency = 0.003\n")
        measured = self.numbers(folder, "--boards", "2")
        self.assertEqual(measured["board"]["origin"], "measured")
        self.assertEqual(measured["board"]["operations_per_second"], 3e8)
        self.assertEqual(measured["board"]["latency_seconds"], 0.003)
        self.assertEqual(measured["predictions"][0]["ranks"], 4)
        self.assertEqual(self.numbers(folder, "--boards", "1", "--board", "pi4")["board"]["origin"], "published")
        write(folder / "pisdk.calibration", "[node pi1]\nspeed = 3\n")
        self.refused(folder, status=2, says=["pisdk.calibration:2", "unknown key `speed`"])
        # Boards that all have the name of the image are several boards all the same.
        write(folder / "pisdk.calibration", "[node raspberrypi]\ncores = 4\noperations = 2e8\n"
              "[node raspberrypi]\ncores = 4\noperations = 4e8\n")
        self.assertEqual(self.numbers(folder, "--boards", "1")["board"]["operations_per_second"], 3e8)
        # The weakest of the nodes is what `auto` means.
        (folder / "pisdk.calibration").unlink()
        write(folder / "pisdk.ini", "[project]\nname = p\n[target]\nboard = auto\n[node a]\nboard = pi4\n"
              "[node b]\nboard = pi3\n")
        self.assertEqual(self.numbers(folder, "--boards", "1")["board"]["name"], "pi3")

    def test_files(self):
        """MPI's files have in a simulation what they would have on a board."""
        folder = self.project(FILES)
        self.predict(folder, "--boards", "1,3")
        data = (folder / "matrix").read_bytes()
        self.assertEqual(data[:8], b"MATRIX01")
        cells = memoryview(data)[8:].cast("i")
        self.assertEqual(list(cells), [1000 * rank + row for row in range(50) for rank in range(12)])
        self.assertEqual((folder / "log").read_text(), "".join(f"rank {i}\n" for i in range(12)))

    def test_trace(self):
        folder = self.project(PINGPONG)
        said = self.predict(folder, "--boards", "1,2", "--trace")
        self.assertIn("trace: ", said.err)
        self.assertIn("p on 8 ranks", (folder / "p.html").read_text())
        shown = json.loads(self.ok("trace", "show", "p", "--json", cwd=folder).out)
        calls = {c["name"]: c for c in shown["totals"]}
        self.assertEqual((calls["Send"]["count"], calls["Send"]["bytes"]), (ROUNDS, ROUNDS * BYTES))
        self.assertTrue(any(word in sentence for sentence in shown["findings"] for word in ("p.c:13", "p.c:15")),
                        shown["findings"])
        self.assertEqual([r["host"] for r in shown["ranks"]], ["pi1"] * 4 + ["pi2"] * 4)

    def test_languages(self):
        """Fortran by CMake; a makefile that calls gcc and links MPI itself."""
        folder = self.dir / "f"
        write(folder / "pisdk.ini", "[project]\nname = p\n")
        write(folder / "ring.f90", FORTRAN)
        write(folder / "CMakeLists.txt", CMAKE_FORTRAN)
        said = self.predict(folder, "--boards", "2", "--ranks-per-board", "2", "--show-output")
        self.assertIn("sum  28.0", said.out)
        found = self.numbers(folder, "--boards", "2", "--ranks-per-board", "2")
        self.assertEqual(found["predictions"][0]["sent_bytes"], 3 * 4 + 4 * 8)
        self.assertEqual(found["board"]["origin"], "estimated")

        self.predict(self.project(COMPUTE, "CC = gcc\nLIBS = -lmpi\np: p.c\n\t$(CC) -O2 -o p p.c $(LIBS)\n"), "--boards", "1")

        # The module mpi_f08, by the template.
        self.ok("new", "rod", "--template", "mpi-fortran")
        said = self.predict(self.dir / "rod", "--boards", "1,2", "--show-output")
        self.assertEqual(said.out.count(" steps: mean temperature 63.413, error "), 2, said.out)

    def test_what_cannot_be(self):
        one = "#include <mpi.h>\n#include <stdlib.h>\n#include <unistd.h>\n" \
              "int main(int c, char **v) {{ int r; MPI_Comm k; (void)k; MPI_Init(&c, &v);\n" \
              "MPI_Comm_rank(MPI_COMM_WORLD, &r);\n{}\nMPI_Finalize(); return 0; }}\n"
        folder = self.project(one.format('if (r == 2) return system("true");'))
        self.refused(folder, "--boards", "1", says="rank 2 calls system, which a simulation cannot follow",
                     hint="pisdk run --on cluster")
        self.project(one.format('MPI_Comm_spawn("x", MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &k, '
                                'MPI_ERRCODES_IGNORE);'))
        self.refused(folder, "--boards", "1", says="SimGrid has no MPI_Comm_spawn, which the program calls")
        self.project(one.format("MPI_Recv(&r, 1, MPI_INT, r, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE);"))
        self.refused(folder, "--boards", "1", says="with 4 ranks, the program waits forever: rank 0 is in MPI_Recv")
        self.project(one.format('if (r == 1) { write(2, "no luck\\n", 8); MPI_Abort(MPI_COMM_WORLD, 3); }'
                                .replace("{", "{{").replace("}", "}}").format()))
        self.refused(folder, "--boards", "1", says="with 4 ranks, the program failed")
        self.project(one.format("char *p = malloc(100UL << 30); for (long i = 0; p && i < 100L << 30; i += 4096)"
                                " p[i] = 1; if (!p) abort();"))
        self.refused(folder, "--boards", "1", says="with 4 ranks, the program failed")
        self.project("int main(void) { return 0; }\n")
        self.refused(folder, "--boards", "1", says="it never calls MPI_Init", hint="C, C++ and Fortran")
        self.project("int main(void) { return 0 }\n")
        broken = self.refused(folder, "--boards", "1", says="cannot be built for the simulator")
        self.assertIn("p.c:1:", broken.err)
        self.project(COMPUTE)
        write(folder / "main.py", "print()\n")
        self.refused(folder, "main.py", says="in C, C++ and Fortran", hint="pisdk run --on cluster")
        self.refused(folder, "q", "--boards", "1", says="the project has no program `q`")
        without = path_without(self.dir / "bin", "smpicc", "smpirun")
        self.refused(folder, env={"PATH": without}, says="SimGrid, which is not installed",
                     hint="sudo apt install libsimgrid-dev")

    def test_interrupt(self):
        """Nothing is left of a simulation that is interrupted."""
        folder = self.project(COMPUTE.replace("100000000", "100000000000000"))
        process = self.start("predict", "--boards", "2", cwd=folder)
        runs = self.dir / ".cache/pisdk/predict"
        end = time.monotonic() + 60
        while not (found := subprocess.run(["pgrep", "-f", f"smpimain {folder}"], capture_output=True).stdout):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(list(runs.glob("run-*")), [])
        for pid in found.split():
            self.assertFalse(Path(f"/proc/{int(pid)}/cwd").exists())

    def test_wrong_words(self):
        folder = self.project(COMPUTE)
        for args, says in (
            (("--boards", "0"), "--boards: `0`"),
            (("--boards=",), "--boards: the list is empty"),
            (("--boards", "1,x"), "--boards: `1,x`"),
            (("--ranks-per-board", "0"), "ranks-per-board"),
            (("--boards", "1024", "--ranks-per-board", "5"), "5120 ranks are too many: 4096"),
            (("--link", "fast"), "--link: `fast` is not a rate"),
            (("--link", "none"), "--link: `none` is not a rate"),
            (("--latency", "5"), "--latency: `5` is not a time"),
            (("--latency", "-1us"), "--latency: `-1us` is not a time"),
            (("--bound", "disk"), "--bound is cache, memory or both"),
            (("--board", "pi1"), "cannot build for Raspberry Pi 1"),
        ):
            with self.subTest(args):
                self.refused(folder, *args, status=2, says=says)
        self.fails(1, "predict", cwd=self.dir, says="pisdk.ini")
        self.refused(folder, "--boards", "1", "--plot", "no/plot.svg", says="no/plot.svg")


if __name__ == "__main__":
    main()
