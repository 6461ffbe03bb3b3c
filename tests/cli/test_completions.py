# SPDX-License-Identifier: MIT
"""Completions in real shells: bash and zsh on a terminal, fish by its own engine."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, main, write  # noqa: E402

SCRIPTS = Path(__file__).parents[2] / "cmd/completions"


class Completions(Case):
    def setUp(self):
        super().setUp()
        self.project = self.dir / "p"
        write(self.project / "pisdk.ini", "[project]\nname = p\n[node alpha]\n[node beta]\nhost = b.example\n")
        write(self.project / "main.py", "")
        write(self.project / "build/armv7-release/heat", "")
        (self.project / "build/armv7-release/heat").chmod(0o755)
        bin_folder = self.dir / "bin"
        bin_folder.mkdir()
        os.symlink(PISDK, bin_folder / "pisdk")
        self.env["PATH"] = f"{bin_folder}:{os.environ['PATH']}"

    def candidates(self, *words, cwd=None):
        out = self.ok("__complete", "--", *words, cwd=cwd or self.project).out
        return [line.split("\t")[0] for line in out.splitlines()]

    def test_what_there_is(self):
        self.assertEqual(self.candidates("bu"), ["build", "bundle"])
        self.assertEqual(self.candidates("cluster", "st"), ["status", "start"])
        self.assertIn("--board", self.candidates("build", "--"))
        self.assertIn("--color", self.candidates("build", "--"))
        self.assertEqual(self.candidates("build", "-b", "pi4"), ["pi4"])
        self.assertEqual(self.candidates("build", "--board=pi4"), ["--board=pi4"])
        self.assertEqual(self.candidates("build", "--board", "=", "pi4"), ["pi4"])
        self.assertEqual(self.candidates("run", "--nodes", ""), ["alpha", "beta"])
        self.assertEqual(self.candidates("nodes", "remove", "b"), ["beta"])
        self.assertEqual(self.candidates("run", "-n", "4", ""), ["heat", "main.py", ":files"])
        self.assertEqual(self.candidates("run", "--on", "n"), ["nodes"])
        self.assertEqual(self.candidates("--color", "al"), ["always"])
        self.assertIn("mpi-heat2d", self.candidates("new", "x", "--template", "mpi", cwd=self.dir))
        self.assertIn("bookworm", self.candidates("sysroot", "show", "", cwd=self.dir))
        self.assertEqual(self.candidates("run", "prog", "x"), [":files"])
        self.assertEqual(self.candidates("ci", "g"), ["github", "gitlab"])
        self.assertEqual(self.candidates("ide", "v"), ["vim", "vscode"])
        self.assertEqual(self.candidates("new", "--ide", "c"), ["clion"])
        self.assertEqual(self.candidates("nonsense", "x"), [])
        self.assertNotIn("__complete", self.candidates(""))
        self.assertNotIn("__complete", self.ok("help").out)

    def type(self, argv, ready, keys):
        """What is on the terminal of a shell after these keys."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.project)
            os.execvpe(argv[0], argv, {**self.env, "TERM": "dumb", "HOME": str(self.dir), "PS1": "$ "})
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(os.kill, pid, 9)
        shown = b""

        def read_until(wanted, seconds=30):
            nonlocal shown
            end = time.monotonic() + seconds
            while not re.search(wanted, shown.decode(errors="replace")):
                if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
                    self.fail(f"{wanted!r} is not in {shown.decode(errors='replace')!r}")
                shown += os.read(terminal, 1 << 14)

        for text in ready:
            os.write(terminal, text.encode() + b"; echo re''ady\n")
            read_until("ready")
            shown = b""
        for text, wanted in keys:
            os.write(terminal, text.encode())
            read_until(wanted)
            shown = b""
            os.write(terminal, b"\x15")  # clears the line

    KEYS = (("pisdk bui\t", "pisdk build "), ("pisdk build --boa\t", "--board "), ("pisdk run --nodes al\t", "alpha "),
            ("pisdk run ma\t", "main.py "), ("pisdk bu\t\t", "(?s)build.*bundle"))

    def test_bash(self):
        self.type(["bash", "--norc", "--noprofile", "-i"], [f"source '{SCRIPTS}/pisdk.bash'"],
                  [*self.KEYS, ("pisdk build --board=pi4\t", "pi4 "), ("pisdk sysroot build pis\t", "pisdk.ini")])

    def test_zsh(self):
        self.type(["zsh", "-f", "-i"], [f"fpath=('{SCRIPTS}' $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep"], self.KEYS)

    def test_fish(self):
        self.assertTrue(shutil.which("fish"))
        for line, wanted in (("pisdk bu", ["build", "bundle"]), ("pisdk run --nodes ", ["alpha", "beta"]), ("pisdk build --board pi4", ["pi4"]),
                             ("pisdk run ma", ["main.py"])):
            out = subprocess.run(["fish", "--no-config", "-c", f"source '{SCRIPTS}/pisdk.fish'; complete -C '{line}'"], cwd=self.project,
                                 env={**self.env, "HOME": str(self.dir)}, capture_output=True, text=True, timeout=60)
            self.assertEqual(sorted({found.split("\t")[0] for found in out.stdout.splitlines()}), wanted, out)


if __name__ == "__main__":
    main()
