# SPDX-License-Identifier: MIT
"""Every release with every MPI that it has: C and C++, the template and its tests.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, nightly, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
GLIBC = {"bullseye": "2.31", "bookworm": "2.36", "trixie": "2.41"}

PROGRAM = """
#include <mpi.h>
#include <stdio.h>
#include <sys/time.h>
#ifdef __cplusplus
#include <vector>
#include <algorithm>
#define LANGUAGE "C++"
#else
#define LANGUAGE "C"
#endif
int main(int argc, char **argv)
{
    int rank, size, length, sum = 0;
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    struct timeval now;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_library_version(version, &length);
#ifdef __cplusplus
    std::vector<int> v{3, 1, 2};
    std::sort(v.begin(), v.end());
#endif
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        gettimeofday(&now, NULL);
        printf("%s sum %d time_t %d now %lld version %.9s\\n", LANGUAGE, sum, (int)sizeof(time_t),
               (long long)now.tv_sec, version);
    }
    MPI_Finalize();
    return 0;
}
"""

# MPI-IO and one-sided communication: what a build without the right components would lack.
MORE = """
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int rank, size, got[2] = {-1, -1}, *base, left;
    MPI_File f;
    MPI_Win w;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_File_open(MPI_COMM_WORLD, argv[1], MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &f);
    MPI_Datatype strided; /* every rank's numbers between those of the others */
    MPI_Type_vector(2, 1, size, MPI_INT, &strided);
    MPI_Type_commit(&strided);
    int mine[2] = {rank, rank + 100};
    MPI_File_set_view(f, rank * (MPI_Offset)sizeof(int), MPI_INT, strided, "native", MPI_INFO_NULL);
    MPI_File_write_all(f, mine, 2, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_seek(f, 0, MPI_SEEK_SET);
    MPI_File_read_all(f, got, 2, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_close(&f);
    MPI_Win_allocate(sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &base, &w);
    MPI_Win_fence(0, w);
    MPI_Put(&rank, 1, MPI_INT, (rank + 1) % size, 0, 1, MPI_INT, w);
    MPI_Win_fence(0, w);
    left = *base;
    MPI_Win_free(&w);
    int good = got[0] == rank && got[1] == rank + 100 && left == (rank + size - 1) % size, all;
    MPI_Allreduce(&good, &all, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    if (rank == 0) puts(all ? "all good" : "WRONG");
    MPI_Finalize();
    return 0;
}
"""

CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(both C CXX)
find_package(MPI REQUIRED COMPONENTS C CXX)
add_executable(c c.c)
target_link_libraries(c MPI::MPI_C)
add_executable(cpp cpp.cpp)
target_link_libraries(cpp MPI::MPI_CXX)
add_executable(more more.c)
target_link_libraries(more MPI::MPI_C)
"""


def setUpModule():
    if not (Path(DATA) / "sysroots/trixie/root").is_dir():
        raise AssertionError(f"not all sysroots are in {DATA}: run tests/emulator/setup first")


class Releases(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA

    def check(self, release, flavour, modes, version):
        sysroot = f"{release}-{flavour}" if (Path(DATA) / f"sysroots/{release}-{flavour}").is_dir() \
            else release
        time_t = 8 if release == "trixie" else 4
        with self.subTest(sysroot):
            self.assertIn(f"Flavour: {flavour}\n",
                          (Path(DATA) / f"sysroots/{sysroot}/pisdk.lock").read_text())
            self.languages(sysroot, modes, version, time_t)
            self.template(sysroot, modes)

    def languages(self, sysroot, modes, version, time_t):
        project = self.dir / f"languages-{sysroot}"
        write(project / "pisdk.ini", f"[project]\nname = both\n[target]\nsysroot = {sysroot}\n")
        write(project / "CMakeLists.txt", CMAKE)
        write(project / "c.c", PROGRAM)
        write(project / "cpp.cpp", PROGRAM)
        write(project / "more.c", MORE)
        self.ok("build", cwd=project)
        for mode in modes:
            env = {"PISDK_EMULATION": mode}
            for program, language in (("c", "C"), ("cpp", "C++")):
                out = self.ok("run", "-n", 2, program, cwd=project, env=env).out
                self.assertRegex(out, re.escape(f"{language} sum 1 time_t {time_t} now 1") +
                                 r"\d{9} version " + version)
            out = self.ok("run", "-n", 3, "more", f"{project}/file-{mode}", cwd=project, env=env).out
            self.assertEqual(out, "all good\n")

    def template(self, sysroot, modes):
        name = "t-" + sysroot
        project = self.dir / name
        self.ok("new", name, "--sysroot", sysroot)
        for mode in modes:
            env = {"PISDK_EMULATION": mode}
            self.assertIn("mean temperature 16.328",
                          self.ok("run", "-n", 2, cwd=project, env=env).out)
            self.assertIn("0 tests failed out of 3", self.ok("test", cwd=project, env=env).out)

    def test_debians_open_mpi(self):
        self.check("bullseye", "openmpi", ("namespace",), "Open MPI")

    @nightly
    def test_debians_open_mpi_in_other_modes(self):
        for release in ("bullseye", "bookworm"):
            self.check(release, "openmpi", ("namespace", "prefix"), "Open MPI")

    def test_open_mpi_from_source(self):
        self.check("trixie", "openmpi-source", ("namespace",), "Open MPI")

    @nightly
    def test_open_mpi_from_source_everywhere(self):
        for release in GLIBC:
            self.check(release, "openmpi-source", ("namespace", "prefix"), "Open MPI")

    @nightly
    def test_mpich(self):
        for release in GLIBC:
            self.check(release, "mpich", ("namespace",), "MPICH Ver")

    def test_mpich_cannot_be_emulated_by_prefix(self):
        self.fails(1, "run", "--sysroot", "bookworm-mpich", "-n", 2, "hostname",
                   env={"PISDK_EMULATION": "prefix"}, says="prefix mode", hint="openmpi-source")

    def test_more_than_32_ranks(self):
        project = self.dir / "many"
        self.ok("new", "many", "--sysroot", "trixie")
        out = self.ok("run", "-n", 40, cwd=project).out
        self.assertIn("rank 39 of 40", out)
        self.assertIn("mean temperature 16.328", out)

    def test_what_is_built_names_no_folder_of_this_machine(self):
        root = Path(DATA) / "sysroots/trixie/root"
        for name in ["bin/ompi_info", "bin/orted", "lib/arm-linux-gnueabihf/libmpi.so",
                     "lib/arm-linux-gnueabihf/libopen-pal.so"]:
            content = (root / "usr" / name).read_bytes()
            self.assertNotIn(str(Path(DATA).parent).encode(), content, name)

    def test_only_what_a_cluster_needs(self):
        out = self.ok("run", "--sysroot", "trixie", "ompi_info").out
        parts = set(re.findall(r"MCA (\w+): (\w+)", out))
        for wanted in [("btl", "self"), ("btl", "vader"), ("btl", "tcp"), ("pml", "ob1"),
                       ("coll", "tuned"), ("coll", "libnbc"), ("plm", "rsh"), ("plm", "slurm"),
                       ("io", "romio321")]:
            self.assertIn(wanted, parts)
        self.assertEqual({name for kind, name in parts if kind == "btl"}, {"self", "vader", "tcp"})

    def test_glibc(self):
        for release, version in GLIBC.items():
            text = subprocess.run(
                ["strings", Path(DATA) / f"sysroots/{release}/root/usr/lib/arm-linux-gnueabihf/"
                 "libc.so.6"], capture_output=True, text=True).stdout
            self.assertIn(f"GNU C Library (Debian GLIBC {version}", text)


if __name__ == "__main__":
    main()
