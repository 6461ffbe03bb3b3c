# SPDX-License-Identifier: MIT
"""The command line itself: options, help, exit statuses, projects, the words of errors."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, main, path_without, write  # noqa: E402

SOURCE = Path(__file__).parents[2]
COMMANDS = ["doctor", "sysroot", "sysroot build", "sysroot list", "sysroot show", "sysroot path",
            "sysroot remove", "boards", "new", "build", "env", "exec", "run", "test", "debug",
            "nodes add", "nodes remove", "nodes list", "help"]


class Help(Case):
    def test_every_command_has_a_page_by_both_ways(self):
        for command in COMMANDS:
            words = command.split()
            page = self.ok("help", *words).out
            self.assertTrue(page.startswith(f"usage: pisdk {command}"), page)
            self.assertEqual(self.ok(*words, "-h").out, page)
            self.assertEqual(self.ok(*words, "--help").out, page)

    def test_no_command_shows_the_overview_and_is_wrong_usage(self):
        result = self.pisdk()
        self.assertEqual(result.status, 2)
        for command in COMMANDS:
            self.assertIn(command.split()[0], result.out)

    def test_a_group_without_command(self):
        result = self.pisdk("sysroot")
        self.assertEqual(result.status, 2)
        self.assertIn("remove", result.out)

    def test_needs_no_home(self):
        for words in (["--version"], ["help"], ["help", "run"]):
            result = subprocess.run([PISDK, *words], env={}, capture_output=True)
            self.assertEqual(result.returncode, 0)

    def test_version(self):
        self.assertRegex(self.ok("--version").out, r"^pisdk \d+\.\d+\.\d+( \([0-9a-f]+ \d{4}-\d\d-\d\d\))?\n$")
        if (SOURCE / ".git").exists():  # that of the build, or of one before it
            commit = self.ok("--version").out.split("(")[1].split()[0]
            subprocess.run(["git", "-c", "safe.directory=*", "-C", SOURCE, "merge-base", "--is-ancestor", commit,
                            "HEAD"], check=True)

    def test_every_option_is_in_the_manual(self):
        manual = "".join(p.read_text() for p in sorted((SOURCE / "docs").glob("*.scd")))
        for command in ["", *COMMANDS]:
            page = self.ok("help", *command.split()).out
            for option in re.findall(r"^  (?:-\w, |    )(--[\w-]+)", page, re.MULTILINE):
                self.assertIn(f"*{option}*", manual, f"pisdk {command}")
            if command:
                self.assertIn(f"*{command}*", manual)


class Usage(Case):
    def test_unknown_command(self):
        self.fails(2, "biuld", says="no command `biuld`", hint="`build`")
        self.fails(2, "sysroot", "lst", says="no command `lst`", hint="`list`")
        self.fails(2, "xyzzy", says="no command", hint="pisdk help")
        for word, command in (("upload", "deploy"), ("ps", "cluster status"), ("mpirun", "run -n 4"), ("upgrade", "sysroot update")):
            self.fails(2, word, says=f"no command `{word}`", hint=f"here it is `pisdk {command}`")

    def test_ranks_as_mpirun_has_them(self):
        self.fails(2, "run", "-np", "x", cwd=self.project(), says="`--ranks` must be a number")
        self.fails(2, "run", "-np", cwd=self.project(), says="option `--ranks` needs an argument: N")

    def test_clean(self):
        folder = self.project()
        for name in ("armv7-release", "pi4-debug-address", "own", "armv8-release"):
            write(folder / "build" / name / "x", "")
        self.assertEqual(self.ok("clean", cwd=folder).err, "removed build/armv7-release\nremoved build/pi4-debug-address\n")
        self.assertEqual(sorted(p.name for p in (folder / "build").iterdir()), ["armv8-release", "own"])
        self.assertEqual(self.ok("clean", cwd=folder).err, "nothing was built\n")
        self.fails(1, "clean", cwd=self.dir, says="pisdk.ini")

    def project(self):
        write(self.dir / "p/pisdk.ini", "[project]\nname = p\n[build]\nsystem = cmake\n")
        return self.dir / "p"
        self.fails(2, "help", "biuld", says="no command `biuld`")

    def test_unknown_option(self):
        self.fails(2, "sysroot", "build", "--mirorr", "x", says="`--mirorr`", hint="--mirror")
        self.fails(2, "boards", "-x", says="unknown option `-x`")
        self.fails(2, "--nonsense", says="--nonsense")

    def test_missing_argument_of_an_option(self):
        self.fails(2, "sysroot", "build", "--mirror", says="`--mirror` needs an argument")
        self.fails(2, "-C", says="`--directory` needs an argument")

    def test_words_too_many_and_too_few(self):
        self.fails(2, "boards", "pi3", says="unexpected argument `pi3`", hint="pisdk help boards")
        self.fails(2, "sysroot", "remove", says="needs NAME")
        self.fails(2, "new", says="needs a project name", hint="pisdk new hello")

    def test_numbers(self):
        for value in ("0", "-1", "x", "1x", "99999999999999999999"):
            self.fails(2, "sysroot", "build", "--timeout", value, says="--timeout")

    def test_color(self):
        self.assertIn("\x1b[", self.pisdk("--color", "always", "xyzzy", "boards").err
                      + self.pisdk("--color=always", "run").err)
        self.assertNotIn("\x1b[", self.pisdk("run").err)
        self.fails(2, "boards", "--color", "blue", says="auto, always or never")

    def test_global_options_anywhere(self):
        before = self.ok("--json", "boards").out
        self.assertEqual(self.ok("boards", "--json").out, before)

    def test_options_between_a_group_and_its_command(self):
        self.assertEqual(self.ok("sysroot", "--json", "list").out.strip(), "[]")
        self.fails(2, "sysroot", "--foo", says="--foo")
        self.fails(2, "sysroot", "ls", says="no command `ls`", hint="pisdk help sysroot")

    def test_words_after_two_dashes_are_no_commands(self):
        for words in (["run", "--", "x", "boards"], ["build", "--", "-k", "0"],
                      ["test", "--", "-R", "x"], ["run", "--"]):
            result = self.pisdk(*words)
            self.assertIn("project", result.err, f"{words}: {result}")
            self.assertEqual(result.out, "")

    def test_directory(self):
        (self.dir / "sub").mkdir()
        self.fails(1, "-C", "sub", "build", says=str(self.dir / "sub"), hint="pisdk new")
        self.fails(1, "-C", "nowhere", "build", says="nowhere")

    def test_no_home(self):
        result = subprocess.run([PISDK, "sysroot", "list"], env={}, capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("HOME", result.stderr)

    def test_full_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PISDK, "boards"], env=self.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)

    def test_colour_of_wrong_usage(self):
        for words in (["--color", "always", "bild"], ["--color=always", "build", "--nonesuch"]):
            self.assertTrue(self.pisdk(*words).err.startswith("\x1b[1;31merror:"), words)
        self.assertTrue(self.pisdk("--color", "sometimes", "boards").err.startswith("error: --color is"))

    def test_colour_and_no_color_on_a_terminal(self):
        def on_terminal(extra):
            parent, child = pty.openpty()
            env = {**self.env, "TERM": "xterm", **extra}
            subprocess.run([PISDK, "xyzzy"], env=env, stderr=child, stdout=child)
            os.close(child)
            text = os.read(parent, 4096).decode()
            os.close(parent)
            return text
        self.assertIn("\x1b[", on_terminal({}))
        self.assertNotIn("\x1b[", on_terminal({"NO_COLOR": "1"}))
        self.assertNotIn("\x1b[", on_terminal({"TERM": "dumb"}))


class Boards(Case):
    def test_listing(self):
        boards = {b["board"]: b for b in json.loads(self.ok("boards", "--json").out)}
        for name in ("armv7", "pi2", "pi3", "zero2w", "pi4", "pi5", "beaglebone"):
            self.assertTrue(boards[name]["supported"], name)
        for name in ("pi1", "zero"):
            self.assertFalse(boards[name]["supported"], name)
        table = self.ok("boards").out
        self.assertEqual(len(table.splitlines()), len(boards) + 1)
        for line in table.splitlines():
            self.assertEqual(line, line.rstrip())

    def on_terminal(self, columns, *words, **env):
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        subprocess.run([PISDK, *words], env={**self.env, "TERM": "xterm", **env}, stdout=child, stderr=subprocess.DEVNULL)
        os.close(child)
        text = os.read(parent, 16384).decode()
        os.close(parent)
        return text.replace("\r\n", "\n")

    def test_a_wide_terminal(self):
        self.assertEqual(self.on_terminal(400, "boards"), self.ok("boards").out)

    def test_a_narrow_terminal_cuts_nothing(self):
        text = self.on_terminal(40, "boards")
        self.assertIn("pi4\n    CORES  4\n    MEMORY_MB  4096\n", text)
        for board in json.loads(self.ok("boards", "--json").out):
            for value in board.values():
                self.assertIn({True: "yes", False: "no", None: ""}.get(value, str(value)), text)

    def test_verdicts_have_colours(self):
        self.assertIn("\x1b[32mok", self.on_terminal(400, "doctor"))
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b", self.on_terminal(400, "doctor", **env))
        self.assertNotIn("\x1b", self.ok("doctor").out)

    def test_refused(self):
        self.fails(2, "new", "x", "--board", "zero", says=["Zero", "ARMv6"])
        self.fails(1, "new", "x", "--board", "pi33", says="board `pi33`", hint="`pi3`")
        self.fails(1, "new", "x", "--board", "../boards/pi3", says="unknown board")
        self.fails(1, "new", "x", "--board", "pi9", says="`pi9`", hint="pisdk boards")


class New(Case):
    def test_makes_a_project(self):
        self.ok("new", "heat", "--board", "pi4")
        files = sorted(str(p.relative_to(self.dir / "heat"))
                       for p in (self.dir / "heat").rglob("*") if p.is_file())
        self.assertEqual(files, [".gitignore", "CMakeLists.txt", "CMakePresets.json", "README.md",
                                 "pisdk.ini", "src/heat.c", "src/heat.h", "src/main.c",
                                 "tests/test_heat.c"])
        self.assertIn("board = pi4", (self.dir / "heat/pisdk.ini").read_text())
        for file in files:
            self.assertNotRegex((self.dir / "heat" / file).read_text(), r"@[A-Z]+@")

    def test_into_a_path_and_an_empty_folder(self):
        (self.dir / "a/b").mkdir(parents=True)
        self.ok("new", "a/b")
        self.assertIn("name = b", (self.dir / "a/b/pisdk.ini").read_text())

    def test_not_into_a_full_folder(self):
        write(self.dir / "full/file", "mine")
        self.fails(2, "new", "full", says="not empty")
        write(self.dir / "file", "mine")
        self.fails(2, "new", "file", says="not a folder")

    def test_names(self):
        for name in ("1st", "a b", "a.b", "..", "ä", "-x/1", "a" * 65, "", "test", "all"):
            result = self.pisdk("new", "--", name)
            self.assertEqual(result.status, 2, f"{name}: {result}")
            self.assertEqual(list(self.dir.iterdir()), [])

    def test_says_what_comes_next(self):
        self.assertIn("cd x && pisdk sysroot build && pisdk build",
                      self.ok("new", "x").err)

    def test_templates(self):
        self.fails(1, "new", "x", "--template", "mpi-cc", says="no template `mpi-cc`",
                   hint="`mpi-c`")
        self.fails(1, "new", "x", "-t", "../templates/mpi-c", says="../templates/mpi-c")
        listed = json.loads(self.ok("new", "--list", "--json").out)
        names = [t["template"] for t in listed]
        self.assertEqual(names, ["c", "lib", "mpi-c", "mpi-cxx", "mpi-faults", "mpi-fortran",
                                 "mpi-heat2d", "mpi-hello", "mpi-openmp", "mpi-r", "mpi-task-farm", "mpi4py", "mpi4py-c"])
        self.assertTrue(all(t["summary"] for t in listed))


class OwnTemplates(Case):
    """Templates of other people: from a folder and from git."""

    def template(self, **files):
        folder = self.dir / "mine"
        write(folder / "template.ini", "[template]\nsummary = mine\n")
        write(folder / "files/pisdk.ini", "[project]\nname = @NAME@\n[target]\nboard = @BOARD@\n")
        for name, text in files.items():
            write(folder / "files" / name.replace("__", "."), text)
        return folder

    def test_from_a_folder(self):
        folder = self.template(**{"@NAME@__txt": "@NAME@ user@HOST @a@ @@ me@x.org\n"})
        (folder / "files/picture").write_bytes(b"\0@NAME@\xff")
        (folder / "files/run").write_text("@SYSROOT@\n")
        (folder / "files/run").chmod(0o755)
        self.ok("new", "x", "-t", "./mine", "-b", "pi3")
        self.assertEqual((self.dir / "x/x.txt").read_text(), "x user@HOST @a@ @@ me@x.org\n")
        self.assertEqual((self.dir / "x/picture").read_bytes(), b"\0@NAME@\xff")
        self.assertEqual((self.dir / "x/run").read_text(), "bookworm\n")
        self.assertTrue(os.access(self.dir / "x/run", os.X_OK))
        self.assertIn("board = pi3", (self.dir / "x/pisdk.ini").read_text())

    def test_from_git(self):
        """What a repository would like to have executed is not."""
        folder = self.template()
        trap = write(self.dir / "trap", f"#!/bin/sh\ntouch {self.dir}/sprung\n", 0o755)
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", folder]
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
            subprocess.run([*git, *words], check=True, env=self.env, capture_output=True)
        write(self.dir / ".gitconfig", f"[core]\n\thooksPath = {self.dir}/hooks\n")
        for hook in ("post-checkout", "post-merge"):
            write(self.dir / "hooks" / hook, trap.read_text(), 0o755)
        self.ok("new", "x", "-t", f"file://{folder}")
        self.assertIn("name = x", (self.dir / "x/pisdk.ini").read_text())
        self.assertFalse((self.dir / "x/.git").exists())
        self.fails(1, "new", "y", "-t", f"file://{self.dir}/nothing", says="cannot fetch")
        self.fails(1, "new", "y", "-t", f"ext::{trap}", says="cannot fetch")
        self.assertFalse((self.dir / "sprung").exists())
        self.assertFalse((self.dir / "y").exists())
        self.assertEqual([p for p in Path("/tmp").glob("pisdk-template-*")
                          if p.stat().st_uid == os.getuid()], [])

    def refused(self, says, **options):
        self.fails(2, "new", "x", "-t", "./mine", says=says, **options)
        self.assertFalse((self.dir / "x").exists())

    def test_an_unknown_variable(self):
        folder = self.template(a__c="int a;\nint @NAM@;\n")
        self.refused(["files/a.c:2", "@NAM@"], hint="@NAME@")
        (folder / "files/a.c").rename(folder / "files/a.c.in")  # CMake's, which has its own
        self.ok("new", "x", "-t", "./mine")
        self.assertIn("@NAM@", (self.dir / "x/a.c.in").read_text())
        shutil.rmtree(self.dir / "x")
        write(folder / "files/@WHAT@", "")
        self.refused("@WHAT@")

    def test_links_and_devices(self):
        folder = self.template()
        (folder / "files/link").symlink_to("/etc/passwd")
        self.refused(["files/link", "symbolic link"], hint="files and folders")
        (folder / "files/link").unlink()
        os.mkfifo(folder / "files/pipe")
        self.refused(["files/pipe", "neither"])
        os.unlink(folder / "files/pipe")
        write(folder / "files/.git/config", "[core]\n\tfsmonitor = touch x\n")
        self.refused(["files/.git", "repository"])
        (folder / "files").rename(self.dir / "elsewhere")
        (folder / "files").symlink_to(self.dir / "elsewhere")
        self.refused("symbolic link")

    def test_what_is_no_template(self):
        self.fails(1, "new", "x", "-t", "./nowhere", says="./nowhere")
        (self.dir / "empty").mkdir()
        self.fails(1, "new", "x", "-t", "./empty", says="not a template", hint="template.ini")
        write(self.dir / "empty/template.ini", "[template]\n")
        (self.dir / "empty/files").mkdir()
        self.fails(1, "new", "x", "-t", "./empty", says="not a template", hint="pisdk.ini")
        self.template()
        write(self.dir / "mine/template.ini", "[template]\nsumary = x\n")
        self.refused(["template.ini:2", "`sumary`"], hint="`summary`")
        write(self.dir / "mine/template.ini", "[template]\npackages = --mirror=x\n")
        self.refused("not the name of a package")


class Project(Case):
    def ini(self, text):
        write(self.dir / "p/pisdk.ini", text)

    def test_not_a_project(self):
        for command in ("build", "test"):
            self.fails(1, command, says="not a project", hint="pisdk new")
        self.fails(2, "run", says="no program given")

    def test_broken(self):
        for text, says, hint in [
            ("[project]\nname = p\n[target]\nbord = pi3\n", ["pisdk.ini:4", "`bord`"], "`board`"),
            ("[project]\nname = p\n[run]\nranks = many\n", ["pisdk.ini:4", "ranks", "many"], None),
            ("[project]\nname = p\n[run]\nranks = 0\n", ["pisdk.ini:4", "ranks"], None),
            ("[project]\nname = p\nname = q\n", ["pisdk.ini:3", "twice"], None),
            ("[project]\nname =\n", ["pisdk.ini:2", "`name` is empty"], None),
            ("[project]\nnonsense\n", ["pisdk.ini:2"], None),
            ("[projct]\nname = p\n", ["pisdk.ini:2", "unknown section [projct]"], None),
            ("name = p\n", ["pisdk.ini:1", "outside any section"], None),
            ("[project]\nname = a b\n", ["pisdk.ini", "`a b`"], None),
            ("[target]\nboard = pi3\n", ["pisdk.ini", "`name`"], "name = p"),
            ("[project]\nname = " + "x" * 300 + "\n", ["pisdk.ini:2", "longer"], None),
        ]:
            self.ini(text)
            self.fails(2, "-C", "p", "build", says=says, hint=hint)
        self.ini("[project]\nname = p\n[target]\nboard = pi9\n")
        self.fails(1, "-C", "p", "build", says=["p/pisdk.ini", "`pi9`"])
        self.ini("[project]\nname = p\n[target]\nsysroot = bokworm\n")
        self.fails(1, "-C", "p", "build", says=["p/pisdk.ini", "`bokworm`"], hint="`bookworm`")

    def test_found_from_below(self):
        self.ini("[project]\nname = p\n")
        (self.dir / "p/src").mkdir()
        self.fails(1, "-C", "p/src", "build", says="no sysroot `bookworm`",
                   hint="pisdk sysroot build bookworm")

    def test_places_to_run(self):
        self.ini("[project]\nname = p\n")
        for command in ("run", "test"):
            for place in ("moon", "nodes:pi1", "cluste", "cluster-x"):
                self.fails(2, "-C", "p", command, "--on", place, says=f"cannot run on `{place}`",
                           hint="--on emulator, --on cluster, --on cluster:NAME, --on nodes or --on slurm")
                self.fails(2, "-C", "p", command, env={"PISDK_ON": place}, says=f"cannot run on `{place}`")
        for place in ("nodes", "slurm"):
            self.fails(2, "-C", "p", "test", "--on", place, says=f"tests cannot run on `{place}`",
                       hint=f"pisdk run --on {place} PROGRAM")


class HostileBytes(Case):
    """What a terminal would obey is shown."""

    def test_a_project(self):
        (self.dir / "pisdk.ini").write_bytes(b"[project]\nname = p\nevil\x1b[2J\xc2\x9b = 1\n")
        result = self.pisdk("build")
        self.assertIn(r"evil\x1b[2J\xc2\x9b", result.err)
        self.assertNotIn("\x1b", result.err)


class Doctor(Case):
    def test_says_what_is_missing(self):
        path = path_without(self.dir / "bin", "ninja", "qemu-arm*", "clang*")
        result = self.pisdk("doctor", "--json", env={"PATH": path})
        self.assertEqual(result.status, 1)
        checks = {c["what"]: c for c in json.loads(result.out)}
        for what in ("clang", "ninja", "qemu"):
            self.assertEqual(checks[what]["verdict"], "missing", what)
            self.assertIn("install", checks[what]["mend"])
        self.assertEqual(checks["cmake"]["verdict"], "ok")
        self.assertEqual(checks["emulate:prefix"]["verdict"], "missing")

    def test_a_home_that_cannot_be_written(self):
        result = self.pisdk("doctor", "--json", env={"PISDK_DATA_DIR": "/dev/null/data"})
        self.assertEqual(result.status, 1)
        [check] = [c for c in json.loads(result.out) if c["what"] == "space:data"]
        self.assertEqual(check["verdict"], "missing")
        self.assertEqual(check["found"], "cannot write to /dev/null: Permission denied")
        self.assertEqual(check["mend"], "set PISDK_DATA_DIR to a folder of your own")

    def test_table(self):
        result = self.pisdk("doctor")
        for what in ("clang", "lld", "cmake", "ninja", "qemu", "gpgv", "emulate:namespace", "ssh",
                     "rsync", "gdb", "meson", "ccache", "gfortran", "space:data", "sysroot"):
            self.assertRegex(result.out, rf"(?m)^{what} ")

    def test_leaves_nothing_behind(self):
        before = {*os.listdir("/dev/shm"), *self.dir.iterdir()}
        self.pisdk("doctor", env={"TMPDIR": str(self.dir)})
        left = {*os.listdir("/dev/shm"), *self.dir.iterdir()} - before
        self.assertEqual(left, set())


class Init(Case):
    def init(self, name, *words, **files):
        folder = self.dir / name
        folder.mkdir()
        for file, text in files.items():
            write(folder / file.replace("__", "/").replace("_", "."), text)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        result = self.ok("init", *words, cwd=folder)
        ini = folder / "pisdk.ini"
        self.assertEqual({path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path != ini}, before)
        return ini.read_text(), result.err

    def test_a_source_of_a_tutorial(self):
        ini, said = self.init("2d heat (x)", ring_c="#include <mpi.h>\n")
        self.assertIn("[project]\nname = my-2d-heat-x\n", ini)
        self.assertIn("[build]\ncommand = mpicc -O2 -g -o ring ring.c\n\n[run]\nprogram = ring\nranks = 4\n", ini)
        self.assertIn("next: pisdk build && pisdk run\n", said)

    def test_build_systems(self):
        ini, _ = self.init("a", CMakeLists_txt="project(x C)\nadd_executable( sim\n  a.c)\n")
        self.assertIn("[run]\nprogram = sim\n", ini)
        self.assertNotIn("[build]", ini)
        ini, said = self.init("two", CMakeLists_txt="", Makefile="")
        self.assertIn("[build]\nsystem = cmake\n", ini)
        self.assertIn("several build systems have files here (cmake, make)", said)
        ini, _ = self.init("test", meson_build="", src__a_c="# include <mpi.h>\n")
        self.assertIn("name = my-test\n", ini)
        self.assertIn("ranks = 4", ini)

    def test_scripts(self):
        ini, said = self.init("s", calc_py="from mpi4py import MPI\n")
        self.assertIn("[build]\nsystem = none\n\n[run]\nprogram = calc.py\nranks = 4\n", ini)
        self.assertIn("next: pisdk run\n", said)

    def test_nothing_is_known(self):
        ini, said = self.init("e", "good-name", "--board", "pi4", a_c="", b_c="")
        self.assertIn("name = good-name\n\n[target]\nsysroot = bookworm\nboard = pi4\n", ini)
        self.assertIn("no build system was found", said)
        self.assertNotIn("next:", said)

    def test_wrong(self):
        self.fails(2, "init", "a b", says=["not a valid project name"])
        self.fails(1, "init", "--board", "pi9", says=["pi9"])
        self.assertFalse((self.dir / "pisdk.ini").exists())
        write(self.dir / "pisdk.ini", "[project]\nname = x\n")
        self.fails(1, "init", says=["pisdk.ini exists already"])


class Hosts(Case):
    def test_wrong(self):
        write(self.dir / "pisdk.ini", "[project]\nname = x\n")
        self.fails(1, "run", "-np", 2, "-hostfile", "hosts", "x", says=["there is no hostfile hosts"])
        self.fails(2, "run", "--host", "a", "--hostfile", "b", "x", says=["exclude each other"])
        self.fails(2, "run", "--host", "a", "--on", "cluster", "x", says=["--host means boards; --on cluster does not"])
        self.fails(2, "run", "-np", says=["option `--ranks` needs an argument: N"])


if __name__ == "__main__":
    main()
