# SPDX-License-Identifier: MIT
"""`pisdk ide`, and what editors do with it: gdb spoken to as they do, CMake's presets, Vim.

Run as an ordinary user, against an installed pisdk (see setup). What clangd has to say of the
templates is in test_templates.py.
"""

import json
import os
import re
import select
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, main, write  # noqa: E402
from test_emulator import Emulator  # noqa: E402

PROGRAM = """#include <mpi.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int rank, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    int mine = rank * 10;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD); // line 11
    printf("rank %d: %d\\n", rank, sum);
    fflush(stdout);
    for (volatile int wait = argc > 1; wait;)
        usleep(1000);
    MPI_Finalize();
    return 0;
}
"""
LINE = 11
CMAKE = """cmake_minimum_required(VERSION 3.16)
project(ring C)
find_package(MPI REQUIRED)
add_executable(ring ring.c)
target_link_libraries(ring MPI::MPI_C)
enable_testing()
add_test(NAME ring COMMAND ring)
"""


class Gdb:
    """gdb's machine interface, as an editor speaks it."""

    def __init__(self, case, *command, **options):
        self.process = subprocess.Popen([*command, "--interpreter=mi"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, **options)
        case.gdbs.append(self)
        self.seen = ""

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def until(self, pattern, seconds=60):
        deadline = time.monotonic() + seconds
        start = len(self.seen)
        while not (found := re.search(pattern, self.seen[start:], re.M)):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                raise AssertionError(f"gdb did not say {pattern}:\n{self.seen}")
            self.seen += piece.decode()
        return found

    def say(self, words, pattern=r"^\d*\^(done|connected|running)"):
        self.process.stdin.write(words.encode() + b"\n")
        self.process.stdin.flush()
        return self.until(pattern)


class Ide(Emulator):
    def setUp(self):
        super().setUp()
        self.gdbs = []

    def tearDown(self):
        for gdb in self.gdbs:
            gdb.end()
        super().tearDown()

    def project(self):
        folder = self.dir / "a ring"
        write(folder / "pisdk.ini", "[project]\nname = ring\n[run]\nranks = 2\n")
        write(folder / "ring.c", PROGRAM)
        write(folder / "CMakeLists.txt", CMAKE)
        return folder

    def read(self, path):
        return json.loads(path.read_text())

    def configuration(self, folder, name):
        (found,) = [c for c in self.read(folder / ".vscode/launch.json")["configurations"] if c["name"] == name]
        text = json.dumps(found)
        for mark, value in (("${workspaceFolder}", str(folder)), ("${input:pisdk-ranks}", "4"),
                            ("${input:pisdk-rank}", "2")):
            text = text.replace(mark, value)
        return json.loads(text)

    def editor(self):
        """What an editor starts finds pisdk in PATH."""
        return {**self.env, "PATH": f"{Path(PISDK).parent}:{os.environ['PATH']}"}

    def attach(self, folder, address):
        """As Microsoft's C/C++ extension does, with what launch.json says."""
        wanted = self.configuration(folder, "pisdk: a rank, emulated")
        task = next(t for t in self.read(folder / ".vscode/tasks.json")["tasks"] if t["label"] == wanted["preLaunchTask"])
        self.ok(*task["args"], cwd=folder)
        gdb = Gdb(self, wanted["miDebuggerPath"], env=self.editor(), cwd="/")
        gdb.say("1-gdb-set mi-async on")
        for command in wanted["setupCommands"]:
            text = command["text"]
            gdb.say("2" + (text if text.startswith("-") else f'-interpreter-exec console "{text}"'))
        gdb.say(f'3-file-exec-and-symbols "{wanted["program"]}"')
        gdb.say(f"4-target-select remote {address or wanted['miDebuggerServerAddress']}")
        gdb.say(f'5-break-insert -f "{folder}/ring.c:{LINE}"')
        gdb.say("6-exec-continue", r'^\*stopped,reason="breakpoint-hit"')
        return gdb

    def test_a_breakpoint_in_rank_2_of_4(self):
        folder = self.project()
        self.ok("ide", "vscode", cwd=folder)
        gdb = self.attach(folder, None)
        frame = gdb.say("7-stack-info-frame", r"^7\^done,(.*)$").group(1)
        self.assertIn(f'fullname="{folder}/ring.c"', frame)
        self.assertEqual(gdb.say("8-data-evaluate-expression mine", r'^8\^done,value="(.*)"').group(1), "20")
        gdb.say("9-exec-next", r'^\*stopped,reason="end-stepping-range"')
        self.assertEqual(gdb.say("10-data-evaluate-expression sum", r'^10\^done,value="(.*)"').group(1), "60")
        gdb.say("11-exec-continue", r'^\*stopped,reason="exited-normally"')
        for rank in range(4):
            self.assertIn(f"rank {rank}: 60", gdb.seen)

    def test_pause_while_it_runs(self):
        folder = self.project()
        self.ok("ide", "vscode", cwd=folder)
        words = f"| pisdk -C {shlex.quote(str(folder))} debug --debug -n 2 --rank 1 --serve - ring wait"
        gdb = self.attach(folder, words)
        gdb.say("7-exec-continue")
        gdb.until(r"rank 0: 10")
        gdb.say("8-exec-interrupt", r'^\*stopped,reason="signal-received",signal-name="SIGINT"')
        gdb.say("9-gdb-exit", r"^9\^exit")

    def test_on_a_port(self):
        folder = self.project()
        self.ok("ide", "vscode", cwd=folder)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.ok("build", "--debug", cwd=folder)
            self.fails(1, "debug", "--debug", "-n", 4, "--serve", port, "ring", cwd=folder,
                       says=[f"cannot listen on port {port} of 127.0.0.1"])
        self.fails(2, "debug", "--serve", "abc", "ring", cwd=folder, hint="--serve takes a port")
        served = self.start("debug", "--debug", "-n", 4, "--rank", 2, "--serve", port, "ring", cwd=folder)
        task = next(t for t in self.read(folder / ".vscode/tasks.json")["tasks"] if t["label"] == "pisdk: serve a rank")
        self.assertRegex(served.stdout.readline(), task["problemMatcher"]["background"]["endsPattern"])
        gdb = self.attach(folder, f"127.0.0.1:{port}")
        self.assertEqual(gdb.say("8-data-evaluate-expression rank", r'^8\^done,value="(.*)"').group(1), "2")
        gdb.say("9-exec-continue", r'^\*stopped,reason="exited-normally"')
        self.assertEqual(served.wait(30), 0)

    def test_what_the_user_has_is_kept(self):
        folder = self.project()
        settings = '{\n    // mine\n    "clangd.arguments": []\n}\n'
        write(folder / ".vscode/settings.json", settings)
        write(folder / ".vscode/tasks.json", json.dumps({"tasks": [{"label": "pisdk: run", "command": "mine"}]}))
        write(folder / "elsewhere.json", json.dumps({"recommendations": ["me.mine"], "x": 1.1}))
        (folder / "elsewhere.json").chmod(0o600)
        (folder / ".vscode/extensions.json").symlink_to("../elsewhere.json")
        result = self.fails(1, "ide", "vscode", cwd=folder, says=["1 of 5 files"],
                            hint="`pisdk ide vscode --print` shows what to put there")
        self.assertIn(".vscode/settings.json is left as it is: line 2 is not plain JSON", result.err)
        self.assertIn("added to .vscode/tasks.json", result.err)
        self.assertEqual((folder / ".vscode/settings.json").read_text(), settings)
        tasks = {t["label"]: t for t in self.read(folder / ".vscode/tasks.json")["tasks"]}
        self.assertEqual(tasks["pisdk: run"], {"label": "pisdk: run", "command": "mine"})
        self.assertEqual(tasks["pisdk: build"]["args"], ["build"])
        self.assertTrue((folder / ".vscode/extensions.json").is_symlink())
        self.assertEqual((folder / "elsewhere.json").stat().st_mode & 0o777, 0o600)
        self.assertEqual((folder / ".vscode/launch.json").stat().st_mode & 0o777, 0o644)
        added = self.read(folder / "elsewhere.json")
        self.assertIn('"x": 1.1', (folder / "elsewhere.json").read_text())
        self.assertEqual((added["recommendations"][0], added["x"]), ("me.mine", 1.1))
        self.assertIn("ms-vscode.cpptools", added["recommendations"])
        # A second time nothing is left to add.
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.fails(1, "ide", "vscode", cwd=folder)
        self.assertEqual({path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}, before)
        write(folder / ".exrc", "set number\n")
        self.assertIn(".exrc is left as it is: it exists already", self.fails(1, "ide", "vim", cwd=folder).err)
        self.assertIn("--- .exrc\n", self.ok("ide", "vim", "--print", cwd=folder).out)

    def test_a_project_that_cannot_be_written(self):
        folder = self.project()
        folder.chmod(0o555)
        self.addCleanup(folder.chmod, 0o755)
        result = self.fails(1, "ide", "clion", cwd=folder, says=["7 of 7 files"])
        self.assertRegex(result.err, r"warning: \.run/pisdk-run\.run\.xml is left as it is: .*Permission denied")

    def test_an_unknown_editor(self):
        folder = self.project()
        self.fails(2, "ide", "notepad", cwd=folder, says=["it has for: clion, vim, vscode"])
        self.fails(2, "ide", cwd=folder, says=["`pisdk ide` needs one of: clion, vim, vscode"])

    def test_a_name_that_shells_would_take_apart(self):
        folder = self.project()
        write(folder / "pisdk.ini", "[project]\nname = ring\n[run]\nprogram = a'b\n")
        self.fails(2, "ide", "vscode", cwd=folder, says=["program `a'b` of pisdk.ini has other characters"])

    def test_new_with_an_editor(self):
        self.fails(2, "new", "--ide", "emacs", "none", says=["it has for: clion, vim, vscode"])
        self.assertFalse((self.dir / "none").exists())
        self.ok("new", "--ide", "vscode", "one")
        self.assertEqual(self.read(self.dir / "one/.vscode/settings.json")["C_Cpp.intelliSenseEngine"], "disabled")

    def test_presets(self):
        folder = self.project()
        self.ok("ide", "clion", cwd=folder)

        def run(*words):
            done = subprocess.run(words, cwd=folder, text=True, capture_output=True, env=self.editor(), timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        for preset in ("pisdk-armv7-debug", "pisdk-armv7-release"):
            self.assertIn(f'"{preset}"', run("cmake", "--list-presets"))
            run("cmake", "--preset", preset)
            run("cmake", "--build", "--preset", preset)
            self.assertIn("100% tests passed", run("ctest", "--preset", preset))
        cache = (folder / "build/preset-armv7-release/CMakeCache.txt").read_text()
        self.assertIn("CMAKE_BUILD_TYPE:STRING=Release", cache)

    def test_vim_builds_and_finds_the_error(self):
        folder = self.project()
        self.ok("ide", "vim", cwd=folder)
        write(folder / "ring.c", PROGRAM.replace("int mine", "int mine = yours; int other"))
        out = folder / "out"
        subprocess.run(["vim", "-u", "NONE", "-N", "-es", "-c", "source .exrc", "-c", "silent make", "-c",
                        "call writefile(map(filter(getqflist(), 'v:val.valid'), "
                        "'bufname(v:val.bufnr) . \":\" . v:val.lnum . v:val.text'), 'out')", "-c", "qa!"],
                       cwd=folder, env={**self.editor(), "TERM": "dumb"}, stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=120, check=False)
        self.assertRegex(out.read_text(), r"ring\.c:10.*undeclared identifier 'yours'")


if __name__ == "__main__":
    main()
