# SPDX-License-Identifier: MIT
"""`pisdk test`: what it passes to ctest, Meson and makefiles, and what it adds.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import os
import re
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import main, write  # noqa: E402
from test_emulator import Emulator  # noqa: E402

CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(p C)
find_package(MPI REQUIRED COMPONENTS C)
enable_testing()
add_executable(alone alone.c)
add_executable(ranks ranks.c)
target_link_libraries(ranks MPI::MPI_C)
add_test(NAME first COMMAND alone a)
add_test(NAME second COMMAND alone b)
add_test(NAME ranks
         COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 3 $<TARGET_FILE:ranks>)
"""

ALONE = """
#include <stdio.h>
int main(int argc, char **argv) { puts(argv[1]); return 0; }
"""

RANKS = """
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 0; i < 30; i++) printf("rank %d line %d\\n", rank, i);
    fprintf(stderr, "problem on %d\\n", rank);
    fflush(stdout);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 1;
}
"""

MESON = """
project('p', 'c')
exe = executable('p', 'p.c')
test('alpha', exe, args: 'a', suite: 's')
test('beta', exe, args: 'b')
"""


class Testing(Emulator):
    def project(self, **files):
        folder = self.dir / "p"
        write(folder / "pisdk.ini", "[project]\nname = p\n")
        for file, text in files.items():
            write(folder / file.replace("_", "."), text)
        return folder

    def cmake(self, alone=ALONE, ranks=RANKS, lists=CMAKE):
        return self.project(CMakeLists_txt=lists, alone_c=alone, ranks_c=ranks)

    def test_each_rank_of_a_failed_test_by_itself(self):
        folder = self.cmake()
        result = self.pisdk("test", "-R", "ranks", cwd=folder)
        self.assertEqual(result.status, 8, str(result))
        parts = re.split(r"--- rank (\d) ---\n", result.out)
        self.assertEqual(parts[1::2], ["0", "1", "2"])
        for rank, text in enumerate(parts[2::2]):
            self.assertTrue(text.startswith(f"rank {rank} line 10\n"), text)
            self.assertIn(f"rank {rank} line 29\nproblem on {rank}\n", text)
            self.assertEqual(text.count("line"), 20)
        self.assertEqual([f for f in os.listdir(folder / "build/armv7-release") if "rank" in f], ["ranks"])
        good = self.cmake(ranks=RANKS.replace("return 1", "return 0"))
        result = self.ok("test", "--", "--verbose", cwd=good)
        self.assertIn("rank 1 line 0", result.out)
        self.assertNotIn("--- rank", result.out)

    def test_as_many_at_once_as_there_are_cores(self):
        # Each waits for the other, with a file in the build folder.
        folder = self.cmake(alone="""
            #include <stdio.h>
            #include <string.h>
            #include <unistd.h>
            int main(int argc, char **argv)
            {
                const char *other = strcmp(argv[1], "a") ? "a" : "b";
                fclose(fopen(argv[1], "w"));
                for (int i = 0; i < 500; i++) { if (access(other, F_OK) == 0) return 0; usleep(10000); }
                return 1;
            }""")
        self.assertGreater(len(os.sched_getaffinity(0)), 1, "this machine has one core")
        self.ok("test", "-R", "first|second", cwd=folder)
        for name in ("a", "b"):
            (folder / "build/armv7-release" / name).unlink()
        result = self.pisdk("test", "-j", 1, "-R", "first|second", cwd=folder)
        self.assertEqual(result.status, 8, str(result))
        self.assertNotIn("hint", result.err)
        (folder / "build/armv7-release/a").unlink(missing_ok=True)
        (folder / "build/armv7-release/b").unlink(missing_ok=True)
        write(folder / "alone.c", "int main(void) { return 1; }")
        self.assertIn("hint: up to", self.pisdk("test", "-R", "first", cwd=folder).err)

    def test_until_it_fails(self):
        folder = self.cmake(alone="""
            #include <stdio.h>
            int main(void)
            {
                FILE *f = fopen("count", "a+");
                fputc('x', f);
                fseek(f, 0, SEEK_END);
                return ftell(f) >= 4;
            }""")
        count = folder / "build/armv7-release/count"
        result = self.pisdk("test", "-R", "first", "--repeat-until-fail", 10, cwd=folder)
        self.assertEqual((result.status, count.read_text()), (8, "xxxx"), str(result))
        count.unlink()
        self.ok("test", "-R", "first", "--repeat-until-fail", 3, cwd=folder)
        self.assertEqual(count.read_text(), "xxx")
        self.fails(2, "test", "--repeat-until-fail", 0, cwd=folder, says="--repeat-until-fail")

    def test_time(self):
        folder = self.cmake(alone="#include <unistd.h>\nint main(void) { for (;;) pause(); }\n",
                            ranks=RANKS.replace("MPI_Barrier", "for (;;) pause(); MPI_Barrier"))
        start = time.monotonic()
        result = self.pisdk("test", "--timeout", 2, "-j", 3, cwd=folder)
        self.assertEqual(result.status, 8)
        self.assertEqual(result.out.count("***Timeout"), 3, str(result))
        self.assertLess(time.monotonic() - start, 60)
        self.tearDown()  # nothing runs any more
        with (folder / "CMakeLists.txt").open("a") as lists:
            lists.write("set_tests_properties(ranks PROPERTIES TIMEOUT 100)\n")
        result = self.pisdk("test", "--timeout", 2, "-R", "ranks", cwd=folder)
        self.assertEqual(result.status, 8)
        self.assertIn("warning: timed out after 2 s", result.out)
        self.assertIn("--- rank 2 ---\n", result.out)
        self.assertLess(time.monotonic() - start, 60)
        self.fails(2, "test", "--timeout", "x", cwd=folder, says="--timeout")

    def test_junit_of_ctest(self):
        folder = self.cmake()
        self.pisdk("test", "--junit", "out.xml", cwd=folder)
        cases = {c.get("name"): c.find("failure") is None for c in ET.parse(folder / "out.xml").iter("testcase")}
        self.assertEqual(cases, {"first": True, "second": True, "ranks": False})

    def test_meson(self):
        folder = self.project(meson_build=MESON, p_c=ALONE.replace("return 0", "return argv[1][0] == 'b'"))
        result = self.pisdk("test", "--junit", "out.xml", cwd=folder)
        self.assertNotEqual(result.status, 0)
        cases = {c.get("name").split(" / ")[-1]: c.find("failure") is None
                 for c in ET.parse(folder / "out.xml").iter("testcase")}
        self.assertEqual(cases, {"alpha": True, "beta": False})
        self.assertRegex(self.ok("test", "-R", "^al", cwd=folder).out, r"Ok: +1")
        self.assertNotEqual(self.pisdk("test", "-R", "eta$", cwd=folder).status, 0)
        self.assertRegex(self.ok("test", "-R", "alpha", "--repeat-until-fail", 3, cwd=folder).out, r"Ok: +3")
        self.fails(1, "test", "-R", "gamma", cwd=folder, says="no tests match")
        self.fails(2, "test", "-R", "(", cwd=folder, says="`(` is not a valid regular expression")

    def test_meson_has_a_time_too(self):
        folder = self.project(meson_build=MESON, p_c="#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")
        start = time.monotonic()
        result = self.pisdk("test", "--timeout", 1, "-R", "alpha", cwd=folder)
        self.assertNotEqual(result.status, 0)
        self.assertIn("timed out after 1 s", result.out)
        self.assertLess(time.monotonic() - start, 25)  # Meson's own is 30 s

    def test_a_makefile(self):
        folder = self.project(Makefile="all: p\np: p.c\n\t$(CC) p.c -o p\ntest: p\n\t./p\n", p_c=ALONE.replace("argv[1]", '"x"'))
        self.ok("test", "--junit", "out.xml", cwd=folder)
        suite = ET.parse(folder / "out.xml").find("testsuite")
        case = suite.find("testcase")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "0"))
        self.assertRegex(case.get("name"), "^make .*test")
        self.assertGreater(float(case.get("time")), 0)
        self.assertIsNone(case.find("failure"))
        write(folder / "p.c", "int main(void) { return 3; }")
        result = self.pisdk("test", "--junit", "out.xml", cwd=folder)
        self.assertEqual(result.status, 2, str(result))  # make's
        case = ET.parse(folder / "out.xml").find("testsuite/testcase")
        self.assertEqual(case.find("failure").get("message"), "exit status 2")
        self.fails(2, "test", "--repeat-until-fail", 2, cwd=folder, says="--repeat-until-fail", hint="--")

    def test_a_command_with_letters_that_xml_has_itself(self):
        folder = self.project()
        write(folder / "pisdk.ini", "[project]\nname = p\n[build]\ncommand = true\ntest = echo <a> \"b\" & c\n")
        self.ok("test", "--junit", "out.xml", cwd=folder)
        name = ET.parse(folder / "out.xml").find("testsuite/testcase").get("name")
        self.assertIn("<a>", name)
        self.assertIn("& c", name)


if __name__ == "__main__":
    main()
