# SPDX-License-Identifier: MIT
"""Building with any build system, and what pisdk does for it: compiler commands, checks of what was
linked, sanitizers, coverage, debugging.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import contextlib
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, main, nightly, path_without, write  # noqa: E402
from test_emulator import DATA, HELLO, NO_NAMESPACES, ROOT, Emulator  # noqa: E402

TRIPLE = "arm-linux-gnueabihf"

MAIN = "int main(void) { return 0; }\n"


class Build(Emulator):
    def project(self, name="p", folder=None, ini="", **files):
        folder = folder or self.dir / name
        write(folder / "pisdk.ini", f"[project]\nname = {name}\n{ini}")
        for file, text in files.items():
            write(folder / file.replace("__", "/").replace("_", "."), text)
        return folder

    def exec(self, *words, **options):
        return self.pisdk("exec", "--", *words, **options)

    def readelf(self, *words):
        return self.ok("exec", "--", f"{TRIPLE}-readelf", *words).out

    def assertArm(self, path):
        self.assertIn("ARM", self.readelf("-h", path))


class Commands(Build):
    """pisdk env, pisdk exec and what is near to them."""

    def test_clean(self):
        folder = self.project(Makefile="p: p.c\n\tcc -o p p.c\nclean:\n\trm -f p\n", p_c="int main(void) { return 0; }\n")
        self.ok("build", cwd=folder)
        self.assertArm(folder / "p")
        self.ok("clean", cwd=folder)
        self.assertEqual(sorted(os.listdir(folder)), ["Makefile", "p.c", "pisdk.ini"])

    def test_size(self):
        """As the program that binutils have for it counts, but for what is between the sections."""
        folder = self.project(Makefile="p: p.c\n\tcc -o p p.c\n", p_c="static int zeros[50000000];\nint ones[100000] = {1};\n"
                              "int main(int c, char **v)\n{\n    return zeros[c] + ones[c];\n}\n")
        result = self.ok("size", "-n", 4, "--json", cwd=folder)
        (row,) = json.loads(result.out)
        self.assertEqual(row["file"], "bin/p")
        self.assertAlmostEqual(row["bss"], 200_000_000, delta=10_000)
        self.assertAlmostEqual(row["data"], 400_000, delta=2_000)
        self.assertRegex(result.err, r"bin/p: 4 ranks on one board take 80\d MB .*: fits .*pi4.*; too much for .*zero2w")

    def test_shell(self):
        result = self.pisdk("shell", input="uname -m; python3 -c 'print(1)'; exit 3\n", cwd=self.project())
        self.assertEqual((result.status, result.out), (3, "armv7l\n1\n"), str(result))

    def test_env_in_a_shell(self):
        write(self.dir / "a b/hello.c", HELLO)
        script = ('eval "$("$PISDK" env -b pi3)" && $MPICC hello.c -o hello && $CXX --version && '
                  'echo "$PISDK_BOARD" && type mpicc && $PKG_CONFIG --libs mpi-c')
        done = subprocess.run(["sh", "-c", script], cwd=self.dir / "a b", text=True,
                              env={**self.env, "PISDK": PISDK}, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\npi3\n", done.stdout)
        self.assertIn("/tools/pi3-", done.stdout)
        self.assertIn(str(ROOT), done.stdout)
        self.assertEqual(self.ok("run", "-n", 2, "./hello", cwd=self.dir / "a b").out.count("sum 1"),
                         2)

    def test_env_as_json_and_for_meson(self):
        env = json.loads(self.ok("env", "--json").out)
        self.assertEqual(env["CC"], f"{TRIPLE}-clang")
        self.assertEqual(env["PKG_CONFIG_SYSROOT_DIR"], str(ROOT))
        self.assertTrue(os.path.exists(env["CONFIG_SITE"]))
        words = self.ok("env", "--meson").out.split()
        self.assertEqual(words[0::2], ["--cross-file", "--native-file"])
        self.assertTrue(all(os.path.exists(file) for file in words[1::2]))
        self.fails(2, "env", "--sh", "--json", says="exclude")

    def test_the_same_toolset_is_used_again(self):
        first = json.loads(self.ok("env", "--json").out)["CONFIG_SITE"]
        before = os.stat(first).st_ino
        again = json.loads(self.ok("env", "--json").out)["CONFIG_SITE"]
        self.assertEqual((again, os.stat(again).st_ino), (first, before))
        self.assertNotEqual(json.loads(self.ok("env", "-b", "pi2", "--json").out)["CONFIG_SITE"],
                            first)
        inside = self.ok("exec", "--", PISDK, "env", "--json").out
        self.assertEqual(json.loads(inside)["CONFIG_SITE"], first)
        # Half of the cache is gone: it is made again.
        os.unlink(Path(first).parent / "toolset")
        self.ok("exec", "--", f"{TRIPLE}-clang", "--version")

    def test_mpicc_answers_as_open_mpi_does(self):
        words = ["--showme:compile", "--showme:link", "--showme:incdirs", "--showme:libdirs",
                 "--showme:libs", "-showme:compile"]
        for program, other in (("mpicc", "mpicc.openmpi"), ("mpicxx", "mpicxx.openmpi")):
            for word in words:
                ours = self.ok("exec", "--", program, word).out.replace(str(ROOT), "").split()
                theirs = self.ok("run", other, word).out.split()
                self.assertEqual(ours, theirs, f"{program} {word}")
        compiler = f"{TRIPLE}-clang"
        for words in (["-show"], ["-show", "a.c"], ["-show", "-c", "a.c"], ["--showme", "-o", "x"]):
            ours = self.ok("exec", "--", "mpicc", *words).out.replace(str(ROOT), "").split()
            theirs = self.ok("run", "mpicc.openmpi", *words).out.split()
            self.assertEqual(ours[0], compiler)
            self.assertEqual(ours[1:], theirs[1:], str(words))
        self.assertEqual(self.ok("exec", "--", "mpicc", "--showme:command").out, f"{compiler}\n")
        self.assertIn("clang version", self.ok("exec", "--", "mpicc", "--version").out)

    def test_the_users_own_compiler_below_mpicc(self):
        result = self.exec("mpicc", "-show", env={"OMPI_CC": f"{TRIPLE}-gcc", "OMPI_CFLAGS": "-g3"})
        self.assertTrue(result.out.startswith(f"{TRIPLE}-gcc "))
        self.assertIn(" -g3 ", result.out)

    def test_nothing_of_the_desktop_gets_in(self):
        """Poisoned headers and libraries, and the desktop's .pc files, in all ways that build systems are told."""
        poison = self.dir / "poison"
        write(poison / "include/stdlib.h", "#error poisoned\n")
        write(poison / "include/mpi.h", "#error poisoned\n")
        write(poison / "lib/libm.so", "poisoned")
        write(poison / "bin/mpicc", "#!/bin/sh\necho poisoned\n", 0o755)
        env = {"CPATH": f"{poison}/include", "C_INCLUDE_PATH": f"{poison}/include",
               "LIBRARY_PATH": f"{poison}/lib", "PKG_CONFIG_PATH": "/usr/lib/x86_64-linux-gnu/pkgconfig:/usr/share/pkgconfig",
               "PATH": f"{poison}/bin:{self.env['PATH']}"}
        write(self.dir / "a.c", "#include <mpi.h>\n#include <stdlib.h>\n" + MAIN)
        result = self.exec("mpicc", "a.c", "-lm", "-o", "a", env=env)
        self.assertEqual(result.status, 0, str(result))
        flags = self.exec("sh", "-c", "$PKG_CONFIG --cflags mpi-c; pkg-config --cflags mpi-c",
                          env=env).out
        self.assertIn(str(ROOT), flags)
        self.assertNotEqual(self.exec("pkg-config", "--exists", "libcurl", env=env).status, 0)  # pisdk's own
        self.assertNotIn("x86_64", flags)
        self.project(CMakeLists_txt="cmake_minimum_required(VERSION 3.20)\nproject(p C)\n"
                                    "find_package(PkgConfig REQUIRED)\n"
                                    "pkg_check_modules(M REQUIRED IMPORTED_TARGET mpi-c)\n"
                                    "find_library(M_LIBRARY m REQUIRED)\n"
                                    "add_executable(p a.c)\n"
                                    "target_link_libraries(p PRIVATE PkgConfig::M ${M_LIBRARY})\n",
                     a_c="#include <mpi.h>\n#include <stdlib.h>\n" + MAIN)
        self.ok("build", cwd=self.dir / "p", env=env)
        self.assertArm(self.dir / "p/build/armv7-release/p")

    def test_paths_of_the_desktop_mean_the_sysroot(self):
        write(self.dir / "a.c", "#include <bits/wordsize.h>\n"
                                "#if __WORDSIZE != 32\n#error poisoned\n#endif\n" + MAIN)
        self.ok("exec", "--", f"{TRIPLE}-gcc", "-I/usr/include", "-isystem", "/usr/include",
                "-I/usr/include/x86_64-linux-gnu", "-L/usr/lib/x86_64-linux-gnu", "-L/lib",
                "-march=native", "a.c", "-o", "a", "-lm")
        self.assertArm(self.dir / "a")

    def test_status_and_words_of_a_command(self):
        self.assertEqual(self.exec("sh", "-c", "exit 7").status, 7)
        self.assertEqual(self.exec("sh", "-c", "kill -9 $$").status, 137)
        self.assertEqual(self.exec("printf", "%s|", "a b", "--", "-n").out, "a b|--|-n|")
        self.fails(1, "exec", "--", "no-such-command", says="no-such-command")
        self.fails(2, "exec", says="needs a command", hint="pisdk exec -- make")

    def test_programs_of_the_board_run_by_themselves(self):
        write(self.dir / "hello.c", HELLO)
        result = self.pisdk("exec", "--emulate", "--", "sh", "-c",
                            "mpicc hello.c -o hello && ./hello && mpirun -n 2 ./hello && "
                            "cp hello 'a b' && './a b' && id -u && uname -m")
        self.assertEqual(result.status, 0, str(result))
        self.assertEqual(result.out.count("rank 0 of 1"), 2, str(result))
        self.assertEqual(result.out.count("of 2 sum 1"), 2)
        self.assertIn(f"\n{os.getuid()}\narmv7l\n", result.out)
        write(self.dir / "status.c", "int main(int n, char **v) { return n; }")
        self.assertEqual(self.pisdk("exec", "--emulate", "--", "sh", "-c",
                                    "$CC status.c -o status && ./status 1 2").status, 3)
        self.fails(1, "exec", "--emulate", "true", prefix=NO_NAMESPACES, says="user namespace",
                   hint="PISDK_EMULATOR")


class Systems(Build):
    """pisdk build, test and run, for each build system."""

    def test_make_with_compilers_of_the_desktop_in_it(self):
        folder = self.project(
            Makefile="CC = gcc\nAR = /usr/bin/ar\nCFLAGS = -std=c99 -O2\np: p.o libq.a\n"
                     "\t$(CC) $(CFLAGS) p.o libq.a -o p\nlibq.a: q.o\n\t$(AR) rc libq.a q.o\n"
                     "clean:\n\trm -f p *.o *.a\ncheck: p\n\t./p\n",
            p_c='#include <stdio.h>\nint q(void);\nint main(void) { printf("q is %d\\n", q()); return 0; }',
            q_c="int q(void) { return 42; }")
        self.ok("build", cwd=folder)
        self.assertArm(folder / "p")
        self.assertEqual(self.ok("run", cwd=folder).out, "q is 42\n")
        self.assertIn("q is 42", self.ok("test", cwd=folder).out)
        # For another board it is built again, though make would see nothing to do.
        self.ok("build", "-b", "pi4", cwd=folder)
        self.assertIn("ARM v8", self.readelf("-A", folder / "p.o"))
        self.fails(2, "test", "-R", "x", cwd=folder, says="--regex", hint="--")

    def test_what_clean_would_take_along(self):
        """`make clean` is run for another board only, and may remove the folder build."""
        folder = self.project(Makefile="p: p.c\n\t$(CC) p.c -o p\nclean:\n\trm -rf p build results\n",
                              p_c=MAIN, results="mine\n")
        self.ok("build", cwd=folder)
        self.assertTrue((folder / "results").exists())
        self.ok("build", "-b", "pi3", cwd=folder)
        self.assertFalse((folder / "results").exists())
        self.ok("build", "-b", "pi3", cwd=folder)

    def test_make_without_tests(self):
        folder = self.project(Makefile="p: p.c\n\t$(CC) p.c -o p\n", p_c=MAIN, test__x="", check__x="")
        self.fails(1, "test", cwd=folder, says="does not know how to test", hint="test = ")

    def test_flags_of_a_project_do_not_replace_ours(self):
        folder = self.project(
            ini="[build]\nconfigure = -DCMAKE_C_FLAGS=-O1\n",
            CMakeLists_txt="cmake_minimum_required(VERSION 3.20)\nproject(p C)\n"
                           'set(CMAKE_C_FLAGS "-Wall")\nadd_executable(p p.c)',
            p_c="int main(int n, char **v) { return n + 0x7fffffff > 0 ? 0 : 1; }")
        result = self.pisdk("run", "--sanitize=undefined", cwd=folder)
        self.assertIn("runtime error: signed integer overflow", result.err, str(result))
        self.ok("build", cwd=folder)
        self.assertTrue(list((folder / "build/armv7-release/debug").rglob("*.debug")))

    def test_run_builds_programs_only(self):
        folder = self.project(
            CMakeLists_txt="cmake_minimum_required(VERSION 3.20)\nproject(p C)\nadd_executable(p p.c)\n"
                           "add_custom_target(wipe COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_SOURCE_DIR}/wiped)",
            p_c=MAIN)
        self.ok("run", cwd=folder)
        for name in ("wipe", "clean"):
            self.fails(1, "run", name, cwd=folder, says=f"`{name}`")
        self.assertFalse((folder / "wiped").exists())
        self.assertTrue((folder / "build/armv7-release/p").exists())

    def test_make_with_mpicc(self):
        folder = self.project(
            Makefile="CC = mpicc\np: p.c\n\t$(CC) p.c -o p\nclean:\n\trm -f p\n"
                     "test: p\n\tmpirun -np 2 ./p\n", p_c=HELLO)
        self.assertEqual(self.ok("run", "-n", 2, cwd=folder).out.count("of 2 sum 1"), 2)
        self.assertEqual(self.ok("test", cwd=folder).out.count("of 2 sum 1"), 2)

    def test_a_configure_script(self):
        folder = self.project(
            ini="[build]\nconfigure = --with-answer=42\n",
            configure="#!/bin/sh\nset -e\nplace=$(dirname \"$0\")\n. \"$CONFIG_SITE\"\n"
                      "echo \"host $host_alias malloc $ac_cv_func_malloc_0_nonnull\" > config.log\n"
                      "for word; do case $word in --with-answer=*) answer=${word#*=};; esac; done\n"
                      "printf 'p: %s/p.c\\n\\t%s -DANSWER=%s %s/p.c -o p\\ncheck: p\\n\\t./p\\n' "
                      "\"$place\" \"$CC\" \"$answer\" \"$place\" > Makefile\n",
            p_c='#include <stdio.h>\nint main(void) { printf("%d\\n", ANSWER); return 0; }')
        (folder / "configure").chmod(0o755)
        self.ok("build", cwd=folder)
        build = folder / "build/armv7-release"
        self.assertEqual((build / "config.log").read_text(), f"host {TRIPLE} malloc yes\n")
        self.assertEqual(self.ok("run", cwd=folder).out, "42\n")
        self.assertIn("42", self.ok("test", cwd=folder).out)

    def test_meson(self):
        folder = self.project(
            meson_build="project('p', 'c', 'cpp')\nmpi = dependency('mpi', language: 'c')\n"
                        "exe = executable('p', 'p.c', dependencies: mpi)\n"
                        "test('alone', exe)\n"
                        "r = meson.get_compiler('c').run('int main(void){return sizeof(void *);}')\n"
                        "assert(r.returncode() == 4)\n",
            p_c=HELLO)
        self.ok("build", cwd=folder)
        self.assertArm(folder / "build/armv7-release/p")
        self.assertEqual(self.ok("run", "-n", 2, cwd=folder).out.count("of 2 sum 1"), 2)
        self.assertRegex(self.ok("test", cwd=folder).out, r"Ok: +1")
        self.ok("build", "--debug", cwd=folder)
        self.ok("build", "--board", "pi3", cwd=folder)
        with (folder / "pisdk.ini").open("a") as ini:
            ini.write("[build]\ntest = echo mine\n")
        self.assertEqual(self.ok("test", cwd=folder).out, "mine\n")

    def test_a_command(self):
        folder = self.project(
            ini="[build]\ncommand = ./build.sh one two\ntest = ./p\n",
            build_sh='#!/bin/sh\necho "$@"\n"$CC" $CFLAGS p.c -o p\n', p_c=MAIN)
        (folder / "build.sh").chmod(0o755)
        self.assertEqual(self.ok("build", "--", "three", cwd=folder).out, "one two three\n")
        self.assertArm(folder / "p")
        self.ok("test", cwd=folder)

    def test_the_system_that_is_named(self):
        folder = self.project(ini="[build]\nsystem = make\n", CMakeLists_txt="bad(",
                              Makefile="p: p.c\n\t$(CC) p.c -o p\nclean:\n", p_c=MAIN)
        self.ok("build", cwd=folder)
        write(folder / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = mesno\n")
        self.fails(2, "build", cwd=folder, says="`mesno`", hint="`meson`")
        write(folder / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = command\n")
        self.fails(2, "build", cwd=folder, says="`command`", hint="command = ")

    def test_no_build_files(self):
        self.fails(1, "build", cwd=self.project(), says="how is it built", hint="command = ")

    def test_a_build_that_fails(self):
        """The compiler's own messages, and nothing of ours in between."""
        folder = self.project(Makefile="p: p.c\n\t$(CC) p.c -o p\nclean:\n", p_c="int main(void) {")
        result = self.pisdk("build", cwd=folder)
        self.assertEqual(result.status, 1)
        self.assertIn("p.c:1:17: error: expected '}'", result.err)
        self.assertNotIn("\nerror: ", result.err)
        result = self.pisdk("run", cwd=folder)
        self.assertEqual(result.status, 1)
        self.assertIn("expected '}'", result.err)

    def test_spaces_and_other_letters(self):
        folder = self.dir / "Mein Cluster, größer'"
        self.ok("new", "heat", cwd=self.dir)
        shutil.move(self.dir / "heat", folder)
        self.ok("build", cwd=folder)
        self.assertEqual(self.ok("run", "-n", 2, cwd=folder).out.count("rank "), 2)
        self.ok("test", "-R", "heat-2", cwd=folder)
        make = self.project(folder=self.dir / "ä b", Makefile="p: p.c\n\t$(CC) p.c -o p\nclean:\n",
                            p_c=MAIN)
        self.ok("build", cwd=make)

    def test_a_read_only_source_tree(self):
        folder = self.project(CMakeLists_txt="project(p C)\nadd_executable(p p.c)", p_c=MAIN)
        prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                  f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}" && '
                  'cd "$0" && exec "$@"', str(folder)]
        self.fails(1, "build", cwd=folder, prefix=prefix, says="Read-only", hint="copy")

    def test_a_sysroot_that_was_removed(self):
        data = self.dir / "data"
        folder = self.project(CMakeLists_txt="project(p C)\nadd_executable(p p.c)", p_c=MAIN)
        self.fails(1, "build", cwd=folder, env={"PISDK_DATA_DIR": str(data)}, says="bookworm",
                   hint="pisdk sysroot build")

    def test_tools_that_are_missing(self):
        folder = self.project(meson_build="project('p', 'c')", p_c=MAIN)
        path = path_without(self.dir / "bin", "meson")
        self.fails(1, "build", cwd=folder, env={"PATH": path}, says="meson is not installed",
                   hint="sudo apt install meson")

    def test_a_compiler_cache(self):
        folder = self.project(CMakeLists_txt="cmake_minimum_required(VERSION 3.20)\nproject(p C)\n"
                                             "add_executable(p p.c)", p_c=MAIN)

        def hits():
            text = subprocess.run(["ccache", "--print-stats"], env=self.env, text=True, check=True,
                                  capture_output=True).stdout
            return int(re.search(r"direct_cache_hit\s+(\d+)", text)[1])

        self.ok("build", cwd=folder)
        before = hits()
        self.ok("build", "--clean", cwd=folder)
        self.assertGreater(hits(), before)
        before = hits()
        self.ok("build", "--clean", "--no-ccache", cwd=folder)
        self.assertEqual(hits(), before)

    def test_built_in_two_places_it_is_the_same(self):
        results = []
        for place in ("one", "another/place"):
            folder = self.dir / place
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.ok("new", "heat", cwd=self.dir)
            (self.dir / "heat").rename(folder)
            text = (folder / "src/main.c").read_text()
            (folder / "src/main.c").write_text(text.replace(
                "MPI_Init(", 'puts(__FILE__ " " __DATE__ " " __TIME__);\n    MPI_Init('))
            self.ok("build", cwd=folder)
            build = folder / "build/armv7-release"
            debug = sorted((build / "debug").rglob("*.debug"))
            self.assertEqual(len(debug), 2)
            results.append([(build / "heat").read_bytes(), (build / "libheat_core.a").read_bytes(),
                            *(file.read_bytes() for file in debug)])
            self.assertTrue(self.ok("run", "-n", 1, cwd=folder).out.startswith("src/main.c "))
        for a, b in zip(*results):
            self.assertEqual(a, b)
        self.assertNotIn(str(self.dir).encode(), results[0][0])


class Checks(Build):
    """What is said of objects that the board cannot run, and of C libraries that it has not."""

    NEW = "float g(float a) { return __builtin_truncf(a); }\n"

    def archive(self):
        write(self.dir / "new.c", self.NEW)
        self.ok("exec", "-b", "pi4", "--", f"{TRIPLE}-clang", "-O2", "-c", "new.c")
        self.ok("exec", "--", f"{TRIPLE}-ar", "rc", "libnew.a", "new.o")
        self.ok("exec", "--", f"{TRIPLE}-ar", "rc", "libunused.a", "new.o")

    def test_objects_for_a_newer_board(self):
        self.archive()
        write(self.dir / "main.c", "float g(float);\nint main(void) { return (int)g(1); }\n")
        words = ["--", f"{TRIPLE}-clang", "main.c", "libnew.a", "-o", "main"]
        result = self.ok("exec", "-b", "pi2", *words)
        self.assertIn("warning: main: libnew.a(new.o) does not run on board `pi2`: "
                      "it uses ARMv8", result.err)
        self.assertEqual(result.err.count("warning"), 1)
        self.assertEqual(self.ok("exec", "-b", "pi4", *words).err, "")
        write(self.dir / "main.c", MAIN)
        words[3] = "libunused.a"
        self.assertEqual(self.ok("exec", "-b", "pi2", *words).err, "")

    def test_many_objects_and_a_response_file(self):
        self.archive()
        write(self.dir / "main.c", "float g(float);\nint main(void) { return (int)g(1); }\n")
        self.ok("exec", "--", f"{TRIPLE}-clang", "-c", "main.c")
        (self.dir / "a (b)").mkdir()
        shutil.move(self.dir / "new.o", self.dir / "a (b)/new (1).o")
        write(self.dir / "words", f'main.o "a (b)/new (1).o" -o main\n')
        linker = Path(json.loads(self.ok("env", "-b", "pi2", "--json").out)["CONFIG_SITE"]).parent
        crt = ROOT / f"usr/lib/{TRIPLE}"
        result = self.exec(linker / "lib/ld.lld", f"--sysroot={ROOT}", "@words", f"-L{crt}", "-lc",
                           crt / "crt1.o")
        self.assertIn("main: a (b)/new (1).o does not run on board", result.err, str(result))

    def test_in_a_cmake_build(self):
        self.archive()
        folder = self.project(
            ini="[target]\nboard = pi2\n", p_c="float g(float);\nint main(void) { return (int)g(1); }\n",
            CMakeLists_txt="cmake_minimum_required(VERSION 3.20)\nproject(p C)\nadd_executable(p p.c)\n"
                           f"target_link_libraries(p {self.dir}/libnew.a)\n")
        result = self.ok("build", cwd=folder)
        self.assertIn("libnew.a(new.o)", result.out + result.err)

    @nightly
    def test_every_board_builds_without_a_warning(self):
        write(self.dir / "hello.c", HELLO)
        for row in json.loads(self.ok("boards", "--json").out):
            if row["supported"]:
                result = self.ok("exec", "-b", row["board"], "--", "mpicc", "hello.c", "-o", "hello")
                self.assertEqual(result.err, "", row["board"])
                run = self.ok("run", "-b", row["board"], "-n", 2, "./hello")
                self.assertEqual(run.out.count("of 2 sum 1"), 2)

    def test_the_weakest_board(self):
        folder = self.project(ini="[target]\nboard = auto\n[node a]\nboard = pi4\n[node b]\n"
                                  "host = 10.0.0.2\nslots = 4\nboard = pi2\n[node c]\nboard = pi3\n",
                              Makefile="p: p.c\n\t$(CC) p.c -o p\nclean:\n", p_c=MAIN)
        self.assertIn("built for pi2", self.ok("build", cwd=folder).err)
        write(folder / "pisdk.ini", "[project]\nname = p\n[node a]\nhost = x\n")
        self.fails(2, "build", "-b", "auto", cwd=folder, says="node `a`", hint="board = ")
        write(folder / "pisdk.ini", "[project]\nname = p\n")
        self.fails(2, "build", "-b", "auto", cwd=folder, says="there are no nodes", hint="[node")
        write(folder / "pisdk.ini", "[project]\nname = p\n[node a]\nbord = pi3\n")
        self.fails(2, "build", cwd=folder, says=":4: unknown key `bord`", hint="`board`")

    def floor(self, version, code, library=""):
        files = {"Makefile": "p: p.c\n\t$(CC) p.c $(EXTRA) -o p\nclean:\n", "p_c": code}
        return self.project(ini=f"[target]\nglibc = {version}\n[build]\nargs = EXTRA={library}\n",
                            **files)

    def test_a_floor_of_the_c_library(self):
        write(self.dir / "r.c", "unsigned arc4random(void);\nunsigned r(void) { return arc4random(); }")
        self.ok("exec", "--", f"{TRIPLE}-clang", "-c", "r.c")
        self.ok("exec", "--", f"{TRIPLE}-ar", "rc", "libr.a", "r.o")
        code = "unsigned r(void);\nint main(void) { return (int)r(); }\n"
        folder = self.floor("2.35", code, f"{self.dir}/libr.a")
        result = self.pisdk("build", cwd=folder)
        self.assertEqual(result.status, 1)
        self.assertIn("error: p needs a newer C library than glibc 2.35", result.err)
        self.assertRegex(result.err, r"  GLIBC_2.36 +arc4random +\S*libr.a\(r.o\)\n")
        self.assertNotIn("__libc_start_main", result.err)
        self.assertFalse((folder / "p").exists())
        folder = self.floor("2.36", code, f"{self.dir}/libr.a")
        self.ok("build", cwd=folder)
        folder = self.floor("2.31", MAIN)
        self.fails(2, "build", cwd=folder,  # before anything is compiled
                   says=["glibc = 2.31 cannot be met with sysroot `bookworm`", "needs 2.34 to start"],
                   hint="sysroot = bullseye")
        self.ok("build", "--sysroot", "bullseye", cwd=folder)
        write(folder / "pisdk.ini", "[project]\nname = p\n[target]\nglibc = new\n")
        self.fails(2, "build", cwd=folder, says=":4: `glibc`")

    def test_a_configure_check_sees_the_floor(self):
        folder = self.floor("2.35", MAIN)
        for function, found in (("getrandom", True), ("arc4random", False)):
            write(folder / "conftest.c", f"char {function}(void);\nint main(void) {{ return {function}(); }}")
            status = self.exec(f"{TRIPLE}-clang", "-fno-builtin", "conftest.c", "-o", "conftest",
                               cwd=folder).status
            self.assertEqual(status == 0, found, function)


class Quality(Build):
    """Sanitizers, coverage, link-time optimisation, debug information, debugging."""

    def cmake(self, code, name="p", more=""):
        return self.project(
            name=name, p_c=code,
            CMakeLists_txt=f"cmake_minimum_required(VERSION 3.20)\nproject({name} C)\nfind_package(MPI)\n"
                           f"add_executable({name} p.c)\ntarget_link_libraries({name} PRIVATE MPI::MPI_C)\n"
                           f"enable_testing()\n{more}")

    @nightly
    def test_undefined_behaviour(self):
        code = HELLO.replace("MPI_Finalize();", "if (argc > 1) sum = 0x7fffffff + argc; MPI_Finalize();")
        code = code.replace("int rank, ranks, sum;", "int rank, ranks; volatile int sum;").replace(
            "&sum", "(int *)&sum")
        folder = self.cmake(code)
        self.ok("run", "--sanitize=undefined", "-n", 2, cwd=folder)
        result = self.pisdk("run", "--sanitize=undefined", "-n", 2, "p", "x", cwd=folder)
        self.assertNotEqual(result.status, 0)
        self.assertRegex(result.err, r"p\.c:\d+:\d+: runtime error: signed integer overflow")
        self.ok("run", "-n", 2, "p", "x", cwd=folder)  # without, it goes unseen

    @nightly
    def test_addresses(self):
        code = HELLO.replace("MPI_Finalize();", """
            char *volatile p = malloc(8); if (argc > 1) p[8] = 1; free(p); MPI_Finalize();""")
        folder = self.cmake("#include <stdlib.h>\n" + code)
        self.assertEqual(self.ok("run", "--sanitize=address", "-n", 2, cwd=folder).out.count("sum 1"), 2)
        result = self.pisdk("run", "--sanitize=address", "-n", 2, "p", "x", cwd=folder)
        self.assertNotEqual(result.status, 0)
        self.assertIn("heap-buffer-overflow", result.err)
        self.assertRegex(result.err, r"#0 .* main .*p\.c:\d+")
        self.assertEqual(self.ok("run", "--sanitize=undefined,address", cwd=folder).out,
                         "rank 0 of 1 sum 0\n")

    def test_sanitizers_in_one_command_of_a_makefile(self):
        folder = self.project(
            Makefile="CC = gcc\np: p.c\n\t$(CC) p.c -o p\nclean:\n\trm -f p\n",
            p_c="#include <stdlib.h>\nint main(int n, char **v) { char *volatile p = malloc(n);"
                " p[n] = 1; free(p); return 0; }")
        result = self.pisdk("run", "--sanitize=address", cwd=folder)
        self.assertIn("heap-buffer-overflow", result.err, str(result))
        (folder / "p.c").rename(folder / "p.inc")
        write(folder / "Makefile", "p: p.inc\n\t$(CC) -x c - -o p < p.inc\nclean:\n\trm -f p\n")
        result = self.pisdk("run", "--sanitize=address", cwd=folder)
        self.assertIn("heap-buffer-overflow", result.err, str(result))
        self.fails(2, "build", "--sanitize=thread", cwd=folder, says="`thread`", hint="undefined")

    @nightly
    def test_coverage_counts_every_rank(self):
        """With a sysroot of its own, since a package is added to it."""
        del self.env["PISDK_APT_DIR"]
        self.env["PISDK_DATA_DIR"] = str(self.dir / "data")
        code = HELLO.replace("MPI_Init(", "if (argc > 5) { return 1; }\n    MPI_Init(")
        folder = self.cmake(code, more="".join(
            f"add_test(NAME t{n} COMMAND ${{MPIEXEC_EXECUTABLE}} -n {n} $<TARGET_FILE:p>)\n" for n in (1, 2, 4)))
        self.ok("sysroot", "build", cwd=folder, timeout=300)
        result = self.ok("test", "--coverage", cwd=folder, timeout=300)
        self.assertRegex(result.out, r"(?m)^TOTAL .*%")
        report = folder / "build/armv7-release-coverage/coverage"
        info = (report / "lcov.info").read_text()
        lines = dict(re.findall(r"DA:(\d+),(\d+)", info))
        number = {text: str(i) for i, text in enumerate((folder / "p.c").read_text().split("\n"), 1)}
        at = next(n for text, n in number.items() if "MPI_Init(" in text)
        self.assertEqual(lines[at], str(1 + 2 + 4))
        self.assertIn(f"DA:{int(at) - 1},7", info)  # `if (argc > 5)`, whose body is never run
        self.assertIn(f"SF:{folder}/p.c", info)
        self.assertIn("p.c", (report / "html/index.html").read_text())
        self.assertIn("libclang-rt", (folder / "pisdk.lock").read_text())

    def test_link_time_optimisation(self):
        folder = self.cmake(HELLO)
        self.assertEqual(self.ok("run", "--lto", "-n", 2, cwd=folder).out.count("sum 1"), 2)
        ninja = (folder / "build/armv7-release-lto/build.ninja").read_text()
        self.assertIn("-flto=thin", ninja)

    def test_debug_information_is_apart(self):
        folder = self.cmake(HELLO)
        self.ok("build", cwd=folder)
        build = folder / "build/armv7-release"
        self.assertNotIn(".debug_info", self.readelf("-S", build / "p"))
        build_id = re.search(r"Build ID: (\w+)", self.readelf("-n", build / "p"))[1]
        debug = build / f"debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        self.assertIn(".debug_info", self.readelf("-S", debug))
        self.ok("build", "--debug", cwd=folder)
        self.assertIn(".debug_info", self.readelf("-S", folder / "build/armv7-debug/p"))

    def test_debug_one_rank(self):
        folder = self.cmake(HELLO)
        result = self.ok("debug", "-n", 4, "--rank", 2, "-x", "break MPI_Allreduce", "-x", "continue",
                         "-x", "backtrace", "-x", "up", "-x", "print rank", "-x", "list", "-x", "detach",
                         cwd=folder)
        self.assertRegex(result.out, r"#0 .* in P?MPI_Allreduce \(\)")
        self.assertRegex(result.out, r"#1 .* main \(argc=1, argv=.*\) at /usr/src/p/p\.c:\d+")
        self.assertIn("$1 = 2", result.out)
        self.assertIn("MPI_Allreduce(&rank", result.out)
        self.assertEqual(result.out.count("of 4 sum 6"), 4, str(result))

    def test_debug_a_crash(self):
        self.dir = self.dir / "a folder"
        folder = self.cmake("int main(void) { volatile int *p = 0; return *p; }\n")
        result = self.pisdk("debug", "-x", "continue", "-x", "backtrace", cwd=folder)
        self.assertIn("SIGSEGV", result.out, str(result))
        self.assertRegex(result.out, r"#0 .*main .*p\.c:1")

    def debug_in_a_terminal(self):
        """`pisdk debug` of a program that runs for ever, at gdb's first prompt."""
        folder = self.cmake("#include <unistd.h>\nint main(void) { for (;;) sleep(1); }\n")
        self.ok("build", cwd=folder)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execve(PISDK, ["pisdk", "debug"], {**self.env, "TERM": "dumb"})
        self.said = b""
        self.until(terminal, b"(gdb) ")
        return pid, terminal

    def until(self, terminal, words):
        while words not in self.said:
            ready, _, _ = select.select([terminal], [], [], 60)
            self.assertTrue(ready, self.said)
            self.said += os.read(terminal, 4096)
        self.said = self.said.split(words, 1)[1]

    def test_ctrl_c_interrupts_the_program_that_is_debugged(self):
        pid, terminal = self.debug_in_a_terminal()
        os.write(terminal, b"continue\n")
        self.until(terminal, b"Continuing.")
        time.sleep(2)
        for words, answer in ((b"\x03", b"SIGINT"), (b"", b"(gdb) "), (b"kill\n", b"(y or n)"),
                              (b"y\n", b"(gdb) ")):
            os.write(terminal, words)
            self.until(terminal, answer)
        os.write(terminal, b"quit\n")
        with contextlib.suppress(OSError):  # the terminal is gone
            while os.read(terminal, 4096):
                pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        os.close(terminal)

    def test_a_terminal_that_is_closed_ends_the_program(self):
        pid, terminal = self.debug_in_a_terminal()
        os.write(terminal, b"continue\n")
        self.until(terminal, b"Continuing.")
        time.sleep(1)
        os.close(terminal)
        os.waitpid(pid, 0)  # and tearDown looks for what is left

    def test_debug_on_a_board(self):
        """ssh is a script that runs the command here, and gdbserver one that puts QEMU's stub on its
        standard streams: QEMU cannot run the real one, which needs ptrace(2)."""
        folder = self.cmake("#include <string.h>\nint main(int n, char **v) { return strlen(v[n - 1]); }\n")
        write(folder / "pisdk.ini", "[project]\nname = p\n[node one]\nhost = pi@board\nport = 2222\n"
                                    "identity = a key\n")
        before = set(Path("/tmp").glob("pisdk-debug-*"))
        write(self.dir / "bin/ssh", '#!/bin/sh\n'
              f'[ "$1|$2|$3|$4|$5|$6|$7" = "-T|-p|2222|-i|{folder}/a key|--|pi@board" ] || exit 255\n'
              'exec sh -c "$8"\n', 0o755)
        env = {"PATH": f"{self.dir}/bin:{self.env['PATH']}"}
        self.fails(1, "debug", "--on", "one", cwd=folder, env=env, says="no gdbserver",
                   hint="install gdbserver")
        write(self.dir / "bin/gdbserver", f"""#!/usr/bin/env python3
import os, socket, subprocess, sys, threading, time
assert sys.argv[1:3] == ["--once", "-"], sys.argv
place = os.path.dirname(sys.argv[3]) + "/stub"
qemu = subprocess.Popen(["qemu-arm-static", "-L", "{ROOT}", "-g", place, *sys.argv[3:]],
                        stdout=sys.stderr, stdin=subprocess.DEVNULL)
stub = socket.socket(socket.AF_UNIX)
while stub.connect_ex(place):
    time.sleep(0.02)
def pump():
    while data := os.read(0, 4096):
        stub.sendall(data)
threading.Thread(target=pump, daemon=True).start()
while data := stub.recv(4096):
    os.write(1, data)
qemu.wait()
os._exit(0)
""", 0o755)
        result = self.pisdk("debug", "--on", "one", "-x", "break main", "-x", "continue", "-x", "print v[1]",
                         "-x", "continue", "p", "it's a $HOME", cwd=folder, env=env)
        self.assertIn('"it\'s a $HOME"', result.out, str(result))
        self.assertIn("exited with code 014", result.out)  # 12, in octal
        self.assertEqual(result.status, 12)
        self.assertEqual(set(Path("/tmp").glob("pisdk-debug-*")) - before, set())
        self.fails(1, "debug", "--on", "two", cwd=folder, env=env, says="cannot copy the program to two")
        self.fails(2, "debug", "--on", "one", "-n", 2, cwd=folder, says="without mpirun")

    def test_what_cannot_be_debugged(self):
        folder = self.cmake(HELLO)
        self.fails(2, "debug", "-n", 2, "--rank", 2, cwd=folder, says="no rank 2", hint="--rank")
        self.fails(2, "debug", "true", cwd=folder, says="sysroot")
        path = path_without(self.dir / "bin", "gdb-multiarch")
        self.fails(1, "debug", cwd=folder, env={"PATH": path}, says="gdb", hint="gdb-multiarch")
        self.fails(2, "debug", says="no program", hint="pisdk debug ./PROGRAM")


if __name__ == "__main__":
    main()
