# SPDX-License-Identifier: MIT
"""Every template: a project made from it is built, run as its README says, and tested; and its tests
fail when what they test is broken.

Run as an ordinary user, against an installed pisdk (see setup). Templates that need more packages
than the shared sysroot has get a sysroot in a folder of the test's own: these use the Debian mirror.
"""

import configparser
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, nightly, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
CLANGD = shutil.which("clangd") or shutil.which("clangd-19")
FORTRAN = "arm-linux-gnueabihf-gfortran"

# A machine without it: CMake looks in /usr/bin whatever PATH says, so it is hidden there.
NO_FORTRAN = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
              f'for f in /usr/bin/{FORTRAN}*; do [ ! -e "$f" ] || '
              'mount --bind /dev/null "$(realpath "$f")" || exit 9; done; exec "$@"', "sh"]


@dataclasses.dataclass
class Template:
    says: dict  # for each number of ranks (None: without mpirun), what the program prints
    tests: object  # how many it has; those that CTest does not run: what they print at the end
    breaks: tuple  # a file, words in it, and other words, with which a test must fail
    fails: str  # the name of such a test
    words: tuple = ()  # arguments of the program
    input: str = None


def per_rank(line, ranks):
    return [line.format(rank=rank, ranks=ranks) for rank in range(ranks)]


HEAT = "120 x 160 points, 500 steps: mean temperature 30.842, heat.ppm written"
PRIMES = "41538 primes below 500000"
PI = "pi is 3.14159265, from 2000000 steps"
ROD = "1000 points, 2000 steps: mean temperature 63.413, error 1."

TEMPLATES = {
    "c": Template(
        words=("tests/poem.txt",),
        says={None: ["4 lines, 24 words, 143 characters", "longest word: Wirklichkeit, (13)"]},
        tests=3, breaks=("src/textstat.c", "c == ' '", "c == '_'"), fails="textstat"),
    "lib": Template(
        input="2 4 4 4 5 5 7 9",
        says={None: ["8 numbers from 2 to 9, mean 5, deviation 2.13809"]},
        tests=6, breaks=("src/running.c", "static void widen", "RUNNING_API void widen"),
        fails="symbols"),
    "mpi-c": Template(
        says={n: ["64 x 64 points, 500 steps: mean temperature 16.328"] for n in (1, 2, 4)},
        tests=3, breaks=("src/heat.c", "/ 4;", "/ 4.1;"), fails="heat-2"),
    "mpi-cxx": Template(
        says={n: [f"{n}00000 numbers sorted", *per_rank("rank {rank} of {ranks} has ", n)]
              for n in (1, 2, 4)},
        tests=3, breaks=("src/sort.cpp", "round < comm.size()", "round < comm.size() - 1"),
        fails="sort-4"),
    "mpi-faults": Template(
        says={n: ["step 10: everybody is there", "step 40: everybody is there"] for n in (1, 2, 4)},
        tests=4, breaks=("src/watch.c", "w->sent = number", "w->sent = 1 + number"),
        fails="watch-2"),
    "mpi-fortran": Template(
        says={1: [ROD, "rank 0 of 1: points 1 to 1000"],
              2: [ROD, "rank 1 of 2: points 501 to 1000"],
              4: [ROD, "rank 3 of 4: points 751 to 1000"]},
        tests=3, breaks=("src/rod.f90", "call exchange_ends(piece)", ""), fails="rod-2"),
    "mpi-heat2d": Template(
        says={1: [HEAT, "rank 0: rows 0 to 119, columns 0 to 159"],
              2: [HEAT, "rank 1: rows 60 to 119, columns 0 to 159"],
              4: [HEAT, "rank 2: rows 60 to 119, columns 0 to 79"]},
        tests=3, breaks=("src/picture.c", "{p->first_row, p->first_column}",
                         "{p->first_row, 0}"), fails="heat2d-4"),
    "mpi-hello": Template(
        says={n: [f"sent 100 round the ring, {99 + n} came back",
                  *per_rank("rank {rank} of {ranks} is on board", n)] for n in (1, 2, 4)},
        tests=3, breaks=("src/ring.c", "received + 1;", "received;"), fails="ring-4"),
    "mpi-openmp": Template(
        says={n: [PI, *per_rank("rank {rank} of {ranks} has 2 threads", n)] for n in (1, 2, 4)},
        tests=6, breaks=("src/integral.c", "#pragma omp parallel for", "// "),
        fails="integral-1-ranks-3-threads"),
    "mpi-r": Template(
        says={n: [f"{n} ranks, 400000 points: pi is about 3.14"] for n in (1, 2, 4)},
        tests="4 ranks, 100000 points", breaks=("main.R", "<= 1)", "<= 0.9)"), fails="not near pi"),
    "mpi4py": Template(
        says={n: [f"{n} ranks, 65 x 65 points, 100 steps", "hottest point 0.886453, greatest error 4.3e-05"]
              for n in (1, 4)},
        tests="4 rank(s):", breaks=("heat.py", "heat[-1], source=self.below", "heat[-1], source=MPI.PROC_NULL"),
        fails="FAIL: test_same_as_on_one_rank"),
    "mpi4py-c": Template(
        says={n: [f"{n} ranks, 65 x 65 points, 100 steps", "hottest point 0.886453, greatest error 4.3e-05"]
              for n in (1, 4)},
        tests="4 rank(s):", breaks=("src/plate/_kernel.c", "0.25 * (up", "0.26 * (up"),
        fails="FAIL: test_exact_solution"),
    "mpi-task-farm": Template(
        says={n: [PRIMES, *per_rank("rank {rank} of {ranks} has done ", n)] for n in (1, 2, 4)},
        tests=3, breaks=("src/farm.c", "next < tasks", "next < tasks - 1"), fails="farm-2"),
}


def setUpModule():
    if not (Path(DATA) / "sysroots/bookworm").is_dir():
        raise AssertionError(f"no sysroot in {DATA}: run tests/emulator/setup first")


class Templates(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.env["OMP_NUM_THREADS"] = "2"

    def own_data(self):
        """Sysroots that can be changed, from the desktop's own mirror."""
        self.env["PISDK_DATA_DIR"] = str(self.dir / "data")
        del self.env["PISDK_APT_DIR"]
        cache = Path(DATA).parent / "cache"
        if os.access(cache, os.W_OK):
            self.env["PISDK_CACHE_DIR"] = str(cache)

    def packages(self, template):
        toolchain = Path(self.ok("sysroot", "path", "--toolchain").out.strip())
        ini = configparser.ConfigParser()
        ini.read(toolchain.parents[1] / "templates" / template / "template.ini")
        return ini["template"].get("packages", "").split()

    def new(self, template):
        name = f"my-{template}_2"
        packages = self.packages(template)
        if packages:
            self.own_data()
        self.ok("new", name, "--template", template, timeout=600)
        for package in packages:
            self.assertIn(f"Package: {package}\n", (self.dir / name / "pisdk.lock").read_text())
        return self.dir / name

    def check(self, template):
        expected = TEMPLATES[template]
        project = self.new(template)
        left = [str(p) for p in project.rglob("*")
                if p.is_file() and re.search(r"@(NAME|SYSROOT|BOARD)@", p.name + p.read_text())]
        self.assertEqual(left, [])

        built = self.ok("build", cwd=project)
        self.assertNotIn("warning", (built.out + built.err).lower(), str(built))
        self.check_editors(project)
        for ranks, lines in expected.says.items():
            words = ["-n", ranks] if ranks else []
            words += [project.name, *expected.words] if expected.words else []
            out = self.ok("run", *words, cwd=project, input=expected.input).out
            for line in lines:
                self.assertIn(line, out)
        # What pisdk.ini says: four ranks, or none.
        out = self.ok("run", cwd=project, input=expected.input or "").out
        self.assertTrue(out, template)
        if 4 in expected.says:
            self.assertIn(expected.says[4][0], out)

        result = self.ok("test", cwd=project, timeout=300)
        number = isinstance(expected.tests, int)
        self.assertIn(f"0 tests failed out of {expected.tests}" if number else expected.tests, result.out)
        return project

    def check_editors(self, project):
        """clangd, which editors ask, finds no fault in any file, and no header of the desktop."""
        self.ok("ide", "vscode", cwd=project)
        for path in sorted(project.rglob("*")):
            inner = path.relative_to(project).parts
            if path.suffix not in (".c", ".h", ".cpp", ".hpp") or inner[0] == "build":
                continue
            done = subprocess.run([CLANGD, f"--check={path}"], cwd=project, text=True, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=60)
            self.assertIn("All checks completed, 0 errors", done.stderr)
            self.assertNotRegex(done.stderr, r"isystem \"?/usr/(local/)?include")

    def check_that_tests_fail(self, template, project):
        file, words, other = TEMPLATES[template].breaks
        path = project / file
        text = path.read_text()
        self.assertIn(words, text)
        path.write_text(text.replace(words, other))
        result = self.pisdk("test", cwd=project, timeout=300)
        self.assertNotEqual(result.status, 0, str(result))
        if isinstance(TEMPLATES[template].tests, int):
            self.assertRegex(result.out, rf"- {TEMPLATES[template].fails} \((Failed|ILLEGAL|SEGFAULT)\)")
        else:
            self.assertIn(TEMPLATES[template].fails, result.out + result.err)

    def both(self, template):
        project = self.check(template)
        self.check_that_tests_fail(template, project)

    def test_each_is_tested(self):
        listed = json.loads(self.ok("new", "--list", "--json").out)
        self.assertEqual(sorted(t["template"] for t in listed), sorted(TEMPLATES))
        for template in listed:
            self.assertGreater(len(template["summary"]), 20, template["template"])

    def test_c(self):
        self.both("c")

    def test_lib(self):
        self.both("lib")

    def test_mpi_c(self):
        self.both("mpi-c")

    def test_mpi_cxx(self):
        self.both("mpi-cxx")

    @nightly
    def test_mpi_faults(self):
        project = self.check("mpi-faults")
        self.check_that_tests_fail("mpi-faults", project)
        # The test with the cable needs the program's patience to have an end.
        source = project / "src/main.c"
        source.write_text(source.read_text().replace("PATIENCE = 5;", "PATIENCE = 5000;"))
        script = project / "tests/cut.sh"
        script.write_text(script.read_text().replace("= 300 ]", "= 100 ]"))
        result = self.pisdk("test", "-R", "cut", cwd=project, timeout=300)
        self.assertNotEqual(result.status, 0)
        self.assertIn("FAILED: the program did not say: rank 0", result.out)
        self.assertEqual(self.ok("cluster", "status", "--json").out, "[]\n")

    def test_mpi_heat2d(self):
        project = self.check("mpi-heat2d")
        pictures = set()
        for ranks in (1, 3, 4):
            self.ok("run", "-n", ranks, cwd=project)
            pictures.add((project / "heat.ppm").read_bytes())
        self.assertEqual(len(pictures), 1)
        self.assertEqual(len(pictures.pop()), len("P6\n160 120\n255\n") + 3 * 160 * 120)
        self.check_that_tests_fail("mpi-heat2d", project)

    def test_mpi_hello(self):
        self.both("mpi-hello")

    @nightly
    def test_mpi_r(self):
        self.both("mpi-r")

    @nightly
    def test_mpi4py(self):
        self.both("mpi4py")

    @nightly
    def test_mpi4py_c(self):
        project = self.check("mpi4py-c")
        result = self.ok("test", "--coverage", cwd=project, timeout=600)
        for file in ("src/plate/_kernel.c", "src/plate/__init__.py"):
            self.assertRegex(result.out, rf"(?m)^\S*{file} ")
        self.assertNotIn("numpy/core", result.out)
        self.check_that_tests_fail("mpi4py-c", project)

    @nightly
    def test_mpi_task_farm(self):
        self.both("mpi-task-farm")

    @nightly
    def test_mpi_openmp(self):
        project = self.check("mpi-openmp")
        self.check_that_tests_fail("mpi-openmp", project)
        write(project / "other/o.c", "#include <omp.h>\n#include <stdio.h>\nint main(void)\n{\n    int n = 0;\n"
              "#pragma omp parallel num_threads(3) reduction(+ : n)\n    n++;\n    printf(\"%d\\n\", n);\n}\n")
        write(project / "other/meson.build", "project('o', 'c')\nexecutable('o', 'o.c', dependencies: dependency('openmp'))\n")
        out = self.ok("exec", "--", "sh", "-ec", "cd other; meson setup b --cross-file $PISDK_MESON_CROSS_FILE >&2; "
                      "ninja -C b >&2; b/o; mpicc -fopenmp -o o o.c; ./o", cwd=project).out
        self.assertEqual(out, "3\n3\n")

    def lacking(self, template, hint, prefix=()):
        """The shared sysroot lacks the template's packages, and there is no mirror."""
        self.assertIn("warning: ", self.ok("new", "p", "--template", template).err)
        result = self.pisdk("build", cwd=self.dir / "p", prefix=prefix)
        self.assertEqual(result.status, 1, str(result))
        self.assertIn(f"hint: {hint}\n", result.out + result.err)

    def test_openmp_is_not_in_the_sysroot(self):
        self.lacking("mpi-openmp", "pisdk sysroot add libomp-19-dev")

    @unittest.skipUnless(shutil.which(FORTRAN), f"{FORTRAN} is not installed")
    def test_mpi_fortran(self):
        project = self.check("mpi-fortran")
        self.check_that_tests_fail("mpi-fortran", project)
        # Outside of CMake, too, it is our linker that links, with its checks.
        write(project / "f.f90", "print *, 6 * 7\nend\n")
        write(project / "m.f90", "use mpi_f08\ninteger :: r\ncall MPI_Init()\ncall MPI_Comm_rank(MPI_COMM_WORLD, r)\n"
                                 "print '(a,i0)', 'rank ', r\ncall MPI_Finalize()\nend\n")
        write(project / "s.f90", "subroutine s\nprint *, 6 * 9\nend\n")
        write(project / "c.c", "void s_(void);\nint main(void) { s_(); return 0; }\n")
        out = self.ok("exec", "--", "sh", "-ec", "gfortran -fopenmp -o f f.f90; ./f; mpifort -o m m.f90; mpirun -n 2 ./m; "
                      "readelf -p .comment f m; gfortran -c s.f90; gcc -o c c.c s.o -lgfortran -lm; ./c", cwd=project).out
        self.assertEqual((out.split()[0], out.split()[-1]), ("42", "54"))
        self.assertEqual(sorted(re.findall("rank .", out)), ["rank 0", "rank 1"])
        self.assertEqual(out.count("LLD"), 2, out)
        # As PETSc's configure links: by Fortran's compiler, with -lstdc++.
        write(project / "part.cpp", "#include <string>\nextern \"C\" void part_() { if (std::string(\"12\").size() != 2) throw 1; }\n")
        write(project / "p.f90", "call part()\nprint *, 'linked'\nend\n")
        out = self.ok("exec", "--", "sh", "-ec", "g++ -c part.cpp; mpifort p.f90 part.o -lstdc++ -o p; ./p", cwd=project).out
        self.assertEqual(out.split(), ["linked"])

    def test_fortran_is_not_installed(self):
        self.lacking("mpi-fortran", "sudo apt install gfortran-arm-linux-gnueabihf", NO_FORTRAN)

    @unittest.skipUnless(shutil.which(FORTRAN), f"{FORTRAN} is not installed")
    def test_fortran_is_not_in_the_sysroot(self):
        self.lacking("mpi-fortran", "pisdk sysroot add libgfortran5")


if __name__ == "__main__":
    main()
