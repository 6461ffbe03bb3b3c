# SPDX-License-Identifier: MIT
"""Builds that ask for the machine and its compilers by their plain names, as on a board, and run what
they built. Run as an ordinary user against an installed pisdk (see setup).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
TRIPLE = "arm-linux-gnueabihf"
HELLO = '#include <stdio.h>\nint main(void) { printf("%zu bit\\n", sizeof(long) * 8); return 0; }\n'
MPI = '#include <mpi.h>\nint main(int n, char **v) { MPI_Init(&n, &v); MPI_Finalize(); return 0; }\n'


class Names(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.assertTrue(Path(DATA, "sysroots/bookworm").is_dir(), "run tests/emulator/setup first")
        self.project = self.dir / "p"
        write(self.project / "pisdk.ini", "[project]\nname = p\n")
        write(self.project / "p.c", HELLO)

    def makefile(self, text, where="Makefile"):
        write(self.project / where, text)

    def build(self, *args):
        return self.ok("build", *args, cwd=self.project)

    def sh(self, script, *args, **options):
        return self.ok("exec", *args, "--", "sh", "-c", script, cwd=self.project, **options)

    def test_compilers_by_plain_names(self):
        for name in ("gcc", "cc", "clang", "gcc-12", f"{TRIPLE}-gcc-12", "c99"):
            self.sh(f"{name} -o p p.c")
            self.assertEqual(self.ok("run", "./p", cwd=self.project).out, "32 bit\n", name)
            (self.project / "p").unlink()
        for name, version in [("c99", "199901L"), ("c99 -std=c11", "201112L"), ("c89 -D__unused", "")]:
            out = self.sh(f"echo __STDC_VERSION__ | {name} -E -P -").out.strip()
            self.assertEqual(out, version or "__STDC_VERSION__", name)
        self.sh("gcc -c p.c && ar rc libp.a p.o && ranlib libp.a && ld -r -o q.o p.o && nm q.o && strip q.o")

    def test_a_makefile_below_sets_its_own_compiler(self):
        self.makefile("p:\n\t$(MAKE) -C src\n\tcp src/p .\nclean:\n\trm -f p src/p\n")
        self.makefile("CC = gcc\np: p.c\n\t$(CC) -o $@ p.c\n", "src/Makefile")
        write(self.project / "src/p.c", HELLO)
        self.assertIn("built for armv7", self.build().err)
        self.assertEqual(self.ok("run", cwd=self.project).out, "32 bit\n")

    def test_a_compiler_called_by_its_path(self):
        """What it makes runs on the desktop only: the build fails, and says where that is from."""
        self.makefile("all:\n\t$(MAKE) -C src\n")
        self.makefile("# /usr/bin/gcc\nCC = /usr/bin/gcc\np: p.c\n\t$(CC) -o $@ p.c\n", "src/Makefile")
        write(self.project / "src/p.c", HELLO)
        for command in (("build",), ("exec", "--", "make")):
            (self.project / "src/p").unlink(missing_ok=True)
            result = self.fails(1, *command, cwd=self.project, says=[
                f"{self.project}/src/p is built for x86-64, not for the board", "GCC: (Debian"],
                hint=f"{self.project}/src/Makefile:2: CC = /usr/bin/gcc")
            self.assertNotIn("built for armv7", result.err)
        # What was there before is nobody's mistake now.
        self.ok("exec", "--", "true", cwd=self.project)

    def test_a_program_for_the_desktop_is_run(self):
        subprocess.run(["/usr/bin/gcc", "-o", "p", "p.c"], cwd=self.project, check=True)
        self.fails(1, "run", "./p", cwd=self.project, says="is a program for x86-64, not for armv7l",
                   hint="`pisdk exec -- gcc")

    def test_nothing_was_built(self):
        self.makefile("p.txt: p.c\n\tcp p.c p.txt\n")
        result = self.build()
        self.assertIn("warning: the build made no program or library for the board", result.err)
        self.assertNotIn("built for", result.err)
        self.sh("gcc -c p.c && ar rc libp.a p.o")
        self.assertIn("built for armv7", self.build().err)

    def test_tools_for_the_desktop(self):
        self.makefile("p: p.c tool\n\t./tool >p.h\n\t$(CC) -o $@ p.c\n"
                      "tool: tool.c\n\t$(CC_FOR_BUILD) -o $@ tool.c\nclean:\n\trm -f p tool p.h\n")
        write(self.project / "tool.c", HELLO)
        self.build()
        self.assertEqual((self.project / "p.h").read_text(), "64 bit\n")
        for compiler in ("x86_64-linux-gnu-gcc", "gcc"):  # HOSTCC, either way
            (self.project / "p").unlink(missing_ok=True)
            (self.project / "tool").unlink()
            self.sh(f"make CC_FOR_BUILD={compiler}")
            self.assertEqual((self.project / "p.h").read_text(), "64 bit\n" if "x86" in compiler else "32 bit\n")
        self.sh("/usr/bin/gcc -c -o t.o tool.c && rm t.o")  # it finds the desktop's as

    def test_what_was_built_runs(self):
        self.makefile("p: p.c gen\n\t./gen >table.h\n\t$(CC) -o $@ p.c\ngen: gen.c\n\t$(CC) -o $@ gen.c\n"
                      "clean:\n\trm -f p gen table.h\n")
        write(self.project / "gen.c", HELLO)
        self.build()
        self.assertEqual((self.project / "table.h").read_text(), "32 bit\n")
        self.sh("rm -f gen p && make")
        result = self.pisdk("exec", "--no-emulate", "--", "./gen", cwd=self.project)
        self.assertNotEqual(result.status, 0)
        self.fails(2, "exec", "--emulate", "--no-emulate", "--", "true", says="exclude")

    def test_cmake_runs_what_it_built(self):
        """After a link, and as a test that is named by its path."""
        write(self.project / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.18)\nproject(p C)\nenable_testing()\n"
              "add_executable(p p.c)\nadd_custom_command(TARGET p POST_BUILD COMMAND sh -c \"./p >made\")\n"
              'add_test(NAME path COMMAND sh -c "${CMAKE_BINARY_DIR}/p")\n')
        self.build()
        self.assertEqual((self.project / "build/armv7-release/made").read_text(), "32 bit\n")
        self.assertIn("100% tests passed", self.ok("test", cwd=self.project).out)

    def test_configure_tries_its_programs(self):
        write(self.project / "configure.ac", """AC_INIT([p], [1])
AC_PROG_CC
AC_RUN_IFELSE([AC_LANG_PROGRAM([], [return sizeof(long) != 4;])], [echo "long: 4" >answer],
    [AC_MSG_ERROR([no])])
AC_OUTPUT
""")
        subprocess.run(["autoconf"], cwd=self.project, check=True)
        self.sh("./configure")
        self.assertEqual((self.project / "answer").read_text(), "long: 4\n")
        self.assertNotEqual(self.pisdk("exec", "--no-emulate", "--", "./configure", cwd=self.project).status, 0)

    def test_the_machine(self):
        out = self.sh("uname -m; uname -sm; arch; getconf LONG_BIT; getconf ULONG_MAX; "
                      "dpkg-architecture -qDEB_HOST_ARCH; dpkg-architecture -q DEB_BUILD_MULTIARCH").out
        self.assertEqual(out.split("\n")[:-1], ["armv7l", "Linux armv7l", "armv7l", "32", "4294967295", "armhf",
                                                TRIPLE])
        self.assertEqual(self.sh("uname -r").out.strip(), os.uname().release)
        self.sh("gcc -o p p.c")
        self.assertIn("libc.so.6 => /lib/", self.sh("ldd p").out)

    def test_questions_to_gcc(self):
        for question, answer in [("gcc -dumpmachine", TRIPLE), ("$CC -dumpmachine", TRIPLE),
                                 ("g++ -print-multiarch", TRIPLE), ("gcc -dumpversion", "12"),
                                 ("gcc -dumpfullversion", "12.2.0"), ("gcc -v 2>&1 | grep Target", f"Target: {TRIPLE}"),
                                 ("gcc -v 2>&1 | sed -n 's/^gcc version \\([^ ]*\\).*/\\1/p'", "12.2.0"),
                                 ("gcc -print-sysroot", f"{DATA}/sysroots/bookworm/root"),
                                 ("echo | gcc -dM -E - | grep -w __arm__", "#define __arm__ 1")]:
            self.assertEqual(self.sh(question).out.strip(), answer, question)

    def test_flags_of_gcc(self):
        self.makefile("CFLAGS = -Werror -Wno-stringop-overflow -fipa-pta -fno-printf-return-value "
                      "-mthumb-interwork --param max-inline-insns-single=100\n"
                      "p: p.o q.o\n\t$(CC) -o p p.o q.o\nclean:\n\trm -f p *.o\n")
        write(self.project / "q.c", "int q(void) { return 0; }\n")
        err = self.build().err
        for flag in ("-fipa-pta", "-fno-printf-return-value", "-mthumb-interwork"):
            self.assertEqual(err.count(f"note: ignored {flag}, which only gcc knows"), 1, err)
        result = self.pisdk("exec", "--", "gcc", "-msse2", "-c", "p.c", cwd=self.project)
        self.assertIn("error: unsupported option '-msse2'", result.err)  # it is for another processor

    def test_mistakes_that_the_boards_gcc_lets_pass(self):
        write(self.project / "old.c", "int f(long *p) { return g(p); }\nint h(void) { long *p = 7; return *p; }\n")
        err = self.sh("gcc -c old.c").err
        self.assertIn("warning", err)
        self.assertNotIn("error:", err)
        # gcc 14 does not.
        trixie = "trixie-mpich"
        if Path(DATA, "sysroots", trixie).is_dir():
            result = self.pisdk("exec", "--sysroot", trixie, "--", "gcc", "-c", "old.c", cwd=self.project)
            self.assertIn("error: call to undeclared function 'g'", result.err)
            self.assertIn("[-Wint-conversion]", result.err)
        write(self.project / "old.cpp", '#include <cinttypes>\n#include <cstdio>\n'
              'struct I { template <class T> static T f(T x) { return x; } };\n'
              'template <class U> int g(int x) { char c[] = {U::template f(x)}; register int r = c[0]; return r; }\n'
              'int main(int n, char **) { printf("%"PRId32"\\n", g<I>(n)); }\n')
        for compiler in ("g++", "gcc"):
            err = self.sh(f"{compiler} -std=gnu++17 -c old.cpp").err
            self.assertIn("[-Wregister]", err)
            self.assertNotIn("error:", err)

    def test_linker_and_assembler(self):
        write(self.project / "note.txt", "field notes")
        self.sh("ld -r -b binary -o note.o note.txt")
        self.assertIn("_binary_note_txt_start", self.sh("nm note.o").out)
        write(self.project / "add.s", "    .text\n    .global add\n    .func add\nadd: addnes r0, r0, r1\n"
                                      "    bx lr\n    .endfunc\n")
        self.sh("gcc -c add.s && as -o other.o add.s")
        self.assertIn("T add", self.sh("nm add.o").out)

    def test_debians_names_of_mpi(self):
        write(self.project / "m.c", MPI)
        self.sh("mpicc.openmpi -o m m.c && mpirun.openmpi -n 2 ./m && mpiexec.openmpi -n 1 ./m")

    def test_programs_of_the_sysroot(self):
        """Scripts run here, programs emulated; both come before those of the desktop."""
        root = self.dir / "data/sysroots/own"
        root.parent.mkdir(parents=True)
        subprocess.run(["cp", "-a", f"{DATA}/sysroots/bookworm", root], check=True)
        subprocess.run(["chmod", "-R", "u+w", root], check=True)
        self.env["PISDK_DATA_DIR"] = str(self.dir / "data")
        script = root / "root/usr/bin/own-config"
        write(script, "#!/bin/sh\necho -I/usr/include -lm\n")
        script.chmod(0o755)
        self.ok("exec", "--sysroot", "own", "--", "gcc", "-o", "protoc", "p.c", cwd=self.project)
        shutil.copy(self.project / "protoc", root / "root/usr/bin/protoc")
        out = self.ok("exec", "--sysroot", "own", "--", "sh", "-c", "protoc; own-config; gcc p.c $(own-config)",
                      cwd=self.project).out
        self.assertEqual(out, "32 bit\n-I/usr/include -lm\n")

    def test_a_library_of_ones_own(self):
        """Built for the board before, in a folder of its own; found by PKG_CONFIG_PATH and by -I and -L."""
        own = self.dir / "own"
        write(own / "own.c", "int own(void) { return 42; }\n")
        write(own / "include/own.h", "int own(void);\n")
        (own / "lib").mkdir()
        self.ok("exec", "--", "gcc", "-shared", "-fPIC", "-o", "lib/libown.so", "own.c", cwd=own)
        write(own / "lib/pkgconfig/own.pc", f"prefix={own}\nName: own\nVersion: 1\nDescription: own\n"
                                            "Cflags: -I${prefix}/include\nLibs: -L${prefix}/lib -lown\n")
        write(own / "lib/pkgconfig/unit.pc", "systemdsystemunitdir=/lib/systemd/system\nincludedir=/usr/include\n"
                                             "Name: unit\nVersion: 1\nDescription: unit\n")
        write(self.project / "p.c", '#include <own.h>\n#include <stdio.h>\n'
                                    'int main(void) { printf("%d\\n", own()); }\n')
        found = {"PKG_CONFIG_PATH": str(own / "lib/pkgconfig")}
        for script, env in [("gcc -o p p.c $(pkg-config --cflags --libs own)", found),
                            (f"PKG_CONFIG_PATH={own}/lib/pkgconfig make p CFLAGS=\"$(PKG_CONFIG_PATH={own}/lib/pkgconfig "
                             "pkg-config --cflags own)\" LDLIBS=\"-lown\" LDFLAGS=-L" f"{own}/lib", {}),
                            (f"gcc -o p p.c -I{own}/include -L{own}/lib -lown", {})]:
            (self.project / "p").unlink(missing_ok=True)
            self.sh(script, env=env)
            out = self.ok("run", "-x", f"LD_LIBRARY_PATH={own}/lib", "./p", cwd=self.project).out
            self.assertEqual(out, "42\n")
        self.assertEqual(self.sh("pkg-config --variable=systemdsystemunitdir unit; pkg-config --variable=includedir unit",
                                 env=found).out, f"/lib/systemd/system\n{DATA}/sysroots/bookworm/root/usr/include\n")

    def test_a_library_of_ones_own_for_cmake(self):
        """By CMAKE_PREFIX_PATH and NAME_ROOT; at run time, by the program's RUNPATH."""
        write(self.dir / "own/src/CMakeLists.txt", "cmake_minimum_required(VERSION 3.18)\nproject(own C)\n"
              "add_library(own SHARED own.c)\ninstall(TARGETS own EXPORT own LIBRARY DESTINATION lib)\n"
              "install(FILES own.h DESTINATION include)\ntarget_include_directories(own INTERFACE $<INSTALL_INTERFACE:include>)\n"
              "install(EXPORT own FILE own-config.cmake NAMESPACE own:: DESTINATION lib/cmake/own)\n")
        write(self.dir / "own/src/own.c", "int own(void) { return 42; }\n")
        write(self.dir / "own/src/own.h", "int own(void);\n")
        prefix = self.dir / "installed"
        self.ok("exec", "--", "sh", "-c", f"cmake -B build -DCMAKE_INSTALL_PREFIX={prefix} && cmake --build build && "
                "cmake --install build", cwd=self.dir / "own/src")
        write(self.project / "p.c", '#include <own.h>\n#include <stdio.h>\n'
                                    'int main(void) { printf("%d\\n", own()); }\n')
        package = "find_package(own REQUIRED)\ntarget_link_libraries(p PRIVATE own::own)\n"
        library = ("find_path(OWN_INCLUDE own.h REQUIRED)\nfind_library(OWN_LIBRARY own REQUIRED)\n"
                   "target_include_directories(p PRIVATE ${OWN_INCLUDE})\ntarget_link_libraries(p PRIVATE ${OWN_LIBRARY})\n")
        for number, (how, env, find) in enumerate([
                (f"-DCMAKE_PREFIX_PATH={prefix}", {}, package), (f"-Down_ROOT={prefix}", {}, package),
                ("", {"CMAKE_PREFIX_PATH": str(prefix)}, library), ("", {"own_ROOT": str(prefix)}, package),
                (f"-Down_DIR={prefix}/lib/cmake/own", {}, package)]):
            write(self.project / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.18)\nproject(p C)\n"
                                                   f"add_executable(p p.c)\n{find}")
            self.sh(f"cmake -B b{number} {how} && cmake --build b{number}", env=env)
            self.assertEqual(self.ok("run", f"b{number}/p", cwd=self.project).out, "42\n", how)

    def test_prefixes(self):
        """The folders that pisdk.ini names, for any build system, at run time and for `deploy`."""
        own = self.dir / "own"
        write(own / "src/own.c", "int below(void);\nint own(void) { return below(); }\n")
        write(own / "src/below.c", "int below(void) { return 42; }\n")
        write(own / "include/own.h", "int own(void);\n")
        write(own / "lib/pkgconfig/own.pc", f"prefix={own}\nName: own\nVersion: 1\nDescription: own\n"
                                            "Cflags: -I${prefix}/include\nLibs: -L${prefix}/lib -lown\n")
        self.ok("exec", "--", "sh", "-ec", "gcc -shared -fPIC -Wl,-soname,libbelow.so.1 -o lib/libbelow.so src/below.c; "
                "ln -s libbelow.so lib/libbelow.so.1; gcc -shared -fPIC -o lib/libown.so -Wl,-soname,libown.so src/own.c -Llib -lbelow", cwd=own)
        code = '#include <own.h>\n#include <stdio.h>\nint main(void) { printf("%d\\n", own()); }\n'
        cmake = "cmake_minimum_required(VERSION 3.18)\nproject(p C)\nadd_executable(p p.c)\n"
        for number, (system, files) in enumerate([
                ("make", {"Makefile": "p: p.c\n\tgcc -o p p.c -lown\n"}),
                ("cmake", {"CMakeLists.txt": cmake + "find_library(OWN own REQUIRED)\nfind_path(I own.h REQUIRED)\n"
                           "target_link_libraries(p ${OWN})\n"}),
                ("cmake", {"CMakeLists.txt": cmake + "find_package(PkgConfig)\npkg_check_modules(OWN REQUIRED "
                           "IMPORTED_TARGET own)\ntarget_link_libraries(p PkgConfig::OWN)\n"}),
                ("meson", {"meson.build": "project('p', 'c')\nexecutable('p', 'p.c', dependencies: dependency('own'))\n"})]):
            root = self.dir / f"p{number}"
            for name, text in {**files, "p.c": code}.items():
                write(root / name, text)
            write(root / "pisdk.ini", "[project]\nname = p\n[build]\nprefixes = ../own\n[node pi1]\n")
            self.ok("build", cwd=root)
            self.assertEqual(self.ok("run", cwd=root).out, "42\n", system)
            listed = self.pisdk("deploy", "--dry-run", cwd=root).out
            for name in ("bin/p", "bin/libown.so", "bin/libbelow.so.1"):
                self.assertIn(name, listed, system)
        self.ok("exec", "--", "gcc", "-shared", "-fPIC", "-o", "lib/libown.so", "src/own.c", "-Llib", "-lbelow", cwd=own)
        self.ok("build", "--clean", cwd=root)
        nameless = self.pisdk("deploy", "--dry-run", cwd=root)
        self.assertEqual(nameless.status, 2)
        self.assertIn(f"bin/p needs {own}/lib/libown.so by that path, since the library has no soname", nameless.err)
        self.assertIn("hint: link the library with -Wl,-soname,libown.so, and build again", nameless.err)
        shutil.rmtree(own)
        gone = self.pisdk("build", cwd=root)
        self.assertEqual(gone.status, 1)
        self.assertIn(f"`prefixes`: no such folder: {root}/../own", gone.err)

    def test_libraries_of_the_build(self):
        """As libtool and makefiles let programs find what was just built."""
        write(self.project / "lib/own.c", "int own(void) { return 42; }\n")
        write(self.project / "p.c", '#include <stdio.h>\nint own(void);\n'
                                    'int main(void) { printf("%d\\n", own()); }\n')
        self.sh("gcc -shared -fPIC -o lib/libown.so lib/own.c && gcc -o p p.c -Llib -lown")
        for mode in ({}, {"PISDK_EMULATION": "prefix"}):
            out = self.sh("LD_LIBRARY_PATH=lib:$LD_LIBRARY_PATH ./p; LD_LIBRARY_PATH=$PWD/lib ./p", env=mode).out
            self.assertEqual(out, "42\n42\n")
        # What the desktop has set for itself is not for the program.
        self.assertNotEqual(self.pisdk("run", "./p", cwd=self.project,
                                       env={"LD_LIBRARY_PATH": str(self.project / "lib")}).status, 0)

    def test_a_tool_of_the_build_reads_headers(self):
        """As busybox's and Linux's fixdep does, which gets their names from the compiler."""
        write(self.project / "fixdep.c", "#include <stdio.h>\nint main(void)\n{\n    char path[4096];\n"
              "    while (scanf(\"%4095s\", path) == 1)\n        if (path[0] == '/' && !fopen(path, \"r\"))\n"
              "            perror(path);\n}\n")
        out = self.sh("gcc -o fixdep fixdep.c && gcc -M p.c | ./fixdep")
        self.assertEqual((out.out, out.err), ("", ""))

    def test_mpi_for_meson(self):
        """MPICH has no file for pkg-config that Meson looks for, so its wrapper is asked."""
        write(self.project / "m.c", "#include <mpi.h>\nint main(void) { MPI_Init(0, 0); return MPI_Finalize(); }\n")
        write(self.project / "meson.build", "project('m', 'c')\nmpi = dependency('mpi', version: '>3')\n"
                                            "executable('m', 'm.c', dependencies: mpi)\n")
        for flavour, says in (("bookworm", "Open MPI 4.1.4 (Language: C)"), ("bookworm-mpich", "MPICH 4.0.2 (Language: C)")):
            write(self.project / "pisdk.ini", f"[project]\nname = m\n[target]\nsysroot = {flavour}\n")
            self.ok("build", "--clean", cwd=self.project)
            self.ok("run", "-n", "2", cwd=self.project)
            self.assertEqual(self.ok("exec", "--", "mpicc", "--showme:version", cwd=self.project).out, f"mpicc: {says}\n")

    def test_libraries_that_are_packages(self):
        write(self.project / "omp.c", "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
        write(self.project / "f.f90", "print *, 1\nend\n")
        self.fails(1, "exec", "--", "gcc", "-fopenmp", "omp.c", cwd=self.project,
                   says="the sysroot has no OpenMP library", hint="pisdk sysroot add libomp-dev")
        self.fails(1, "exec", "--", "gfortran", "f.f90", cwd=self.project, says="libgfortran5",
                   hint="pisdk sysroot add libgfortran5")
        self.ok("exec", "--", "gfortran", "-c", "f.f90", cwd=self.project)
        write(self.project / "c.c", "int main(void) { return 0; }\n")
        self.assertEqual(self.ok("exec", "--", "gcc", "-static", "c.c", cwd=self.project).err, "")
        r = self.pisdk("exec", "--", "gcc", "c.c", "-lm", "-l", "fftw3", cwd=self.project)
        self.assertIn("unable to find library -lfftw3\nhint: packages with libfftw3: "
                      "pisdk sysroot search libfftw3\n", r.err)
        self.assertEqual(r.err.count("hint:"), 1)


if __name__ == "__main__":
    main()
