# SPDX-License-Identifier: MIT
"""docs/guide.md, followed by an ordinary user: every command in it, in its order, and what it prints.

The four boards are those of an emulated cluster, which ssh reaches as pi1.local and so on. Numbers
may differ from those in the guide; a line that begins with a board's or a rank's number stands for
all of them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from harness import PISDK, Case, main, write  # noqa: E402

GUIDE = next(path for path in (HERE.parents[1] / "docs/guide.md", HERE.parent / "guide.md") if path.exists())
DATA = os.environ.get("PISDK_TEST_DATA", "")
NUMBER = r"\d+(?:\.\d+)?"

SSH = """#!/bin/sh
exec /usr/bin/ssh -F "$HOME/.ssh/config" "$@"
"""


def steps(text):
    """The guide as pairs: ("file", name, text) or ("command", line, lines that it prints)."""
    found = []
    for block in re.finditer(r"^```c\n// (\S+)\n([\s\S]*?)^```$|((?:^    .*\n)+)", text, re.M):
        if block[1]:
            found.append(("file", block[1], block[2]))
            continue
        for line in block[3].splitlines():
            if line.startswith("    $ "):
                found.append(("command", line[6:], []))
            elif line.strip():
                found[-1][2].append(line.strip())
    return found


class Guide(Case):
    def setUp(self):
        super().setUp()
        del self.env["PISDK_APT_DIR"]
        self.env |= {"HOME": str(self.dir), "PISDK_DATA_DIR": str(self.dir / ".local/share/pisdk"),
                     "PATH": f"{self.dir}/bin:{Path(PISDK).parent}:{os.environ['PATH']}"}
        cache = Path(DATA).parent / "cache"
        if os.access(cache, os.W_OK):
            self.env["PISDK_CACHE_DIR"] = str(cache)
        write(self.dir / "bin/ssh", SSH, 0o755)  # which has the home of the password file, not HOME
        self.folder = self.dir
        self.shell = subprocess.Popen(["bash"], cwd=self.dir, env=self.env, text=True, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def tearDown(self):
        self.shell.stdin.write("pisdk cluster down >/dev/null 2>&1\n")
        self.shell.stdin.close()
        self.shell.wait(60)
        self.shell.stdout.close()
        super().tearDown()

    def run_line(self, line):
        self.shell.stdin.write(f"{line} </dev/null\necho \"[$? $PWD]\"\n")
        self.shell.stdin.flush()
        out = ""
        while not (end := re.search(r"^\[(\d+) (.*)\]\n", out, re.M)):
            piece = self.shell.stdout.readline()
            self.assertTrue(piece, f"the shell has ended: {out}")
            out += piece
        self.folder = Path(end[2])
        self.assertEqual(end[1], "0", f"{line}\n{out}")
        return out[:end.start()]

    def boards_are_there(self):
        """From here on, pi1.local is a board: of the cluster that is up."""
        config = Path(self.run_line("pisdk cluster ssh-config --path").strip()).read_text()
        names = "\n".join(f"Host pi{i}.local\n    Hostname pi{i}\n    HostKeyAlias pi{i}\n" for i in range(1, 5))
        write(self.dir / ".ssh/config", names + config.replace("Host pi1 ", "Host pi1.local pi2.local pi3.local pi4.local pi1 "), 0o600)

    def test_every_command(self):
        commands = 0
        for kind, what, text in steps(GUIDE.read_text()):
            if kind == "file":
                write(self.folder / what, text)
                continue
            out = self.run_line(what)
            commands += 1
            for wanted in text:
                words = [NUMBER if re.fullmatch(NUMBER, part) else re.sub(r"(\\ )+", r"\\s+", re.escape(part))
                         for part in re.split(f"({NUMBER})", wanted)]
                self.assertRegex(out, "".join(words), what)
            if what.startswith("pisdk cluster up"):
                self.boards_are_there()
        self.assertGreater(commands, 25)


if __name__ == "__main__":
    main()
