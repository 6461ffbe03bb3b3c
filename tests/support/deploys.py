# SPDX-License-Identifier: MIT
"""Deploys to emulated boards: one cluster a class, a project a test, and what must hold after each.

A board's programs can be replaced from here: its login shell has SHARED/BOARD first in its PATH, and
reads SHARED/BOARD/rc. So a test can hold a deploy at a program, look, break something, and go on.
"""

import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness import Case, PISDK, Result, write

DATA = os.environ.get("PISDK_TEST_DATA", "")
HELD = "while [ -e '{0}/hold' ]; do : >'{0}/here'; sleep 0.2; done"

# What a board has of a project: `current` is absent, or a release whose files are those of its
# manifest, whose own hash is the release's name.
CHECK = r"""
PATH=/usr/bin:/bin
cd "${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/%s" 2>/dev/null || { echo none; exit; }
for f in lock lock.* seen.* .current.*; do
    [ ! -e "$f" ] && [ ! -L "$f" ] || echo "bad: $f is left"
done
if [ ! -L current ]; then echo none; exit; fi
cd -P current || { echo "bad: current leads nowhere"; exit; }
id=${PWD##*/}
case $(sha256sum .pisdk) in $id*) ;; *) echo "bad: $id has another manifest" ;; esac
[ "$(grep -vc '^#' .pisdk)" = 0 ] || sha256sum -c --quiet --strict .pisdk 2>&1 | sed 's/^/bad: /'
[ "$(grep -vc '^#' .pisdk)" = "$(find . -type f ! -path ./.pisdk -printf x | wc -c)" ] ||
    echo "bad: $id has another number of files"
echo "$id"
"""

# What a deploy may leave for nobody.
LEFT = r"""cd {} 2>/dev/null || exit 0
for f in lock lock.* seen.* alive.* test.* .current.* incoming/* releases/.*; do
    case $f in */. | */..) continue ;; esac
    [ ! -e "$f" ] && [ ! -L "$f" ] || echo "$f"
done"""


def wait_for(what, seconds=60):
    """Until it is true: a limit against hanging, not a measurement."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def all_at_once(call, items):
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(16))
        return list(pool.map(call, items))


class Deploys(Case):
    BOARDS = 2

    @classmethod
    def setUpClass(cls):
        cls.place = Path(tempfile.mkdtemp(prefix="pisdk-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.shared = cls.place / "shared"
        cls.cluster = cls.__name__.lower()
        cls.names = [f"pi{i + 1}" for i in range(cls.BOARDS)]
        cls.common = {"PISDK_DATA_DIR": DATA, "PISDK_RUNTIME_DIR": str(cls.place / "run"),
                      "PISDK_CACHE_DIR": str(cls.place / "cache")}
        for name in cls.names:
            (cls.shared / name).mkdir(parents=True)
        cls.raw("cluster", "up", "-n", cls.BOARDS, "--name", cls.cluster, "--rate", "none",
                "--show", cls.shared)
        cls.addClassCleanup(cls.raw, "cluster", "down", "--all")
        rc = f"PATH={cls.shared}/$HOSTNAME:$PATH; [ ! -e {cls.shared}/$HOSTNAME/rc ] || " \
             f". {cls.shared}/$HOSTNAME/rc"
        all_at_once(lambda b: cls.raw("cluster", "ssh", "--name", cls.cluster, b,
                                      f"echo '{rc}' >.bashrc"), cls.names)

    @classmethod
    def raw(cls, *args):
        done = subprocess.run([PISDK, *map(str, args)], cwd=cls.place, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60,
                              env={"HOME": str(cls.place), "PATH": os.environ["PATH"],
                                   "LC_ALL": "C.UTF-8", **cls.common})
        assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
        return done.stdout

    def setUp(self):
        super().setUp()
        self.env.update(self.common)
        self.name = self._testMethodName.removeprefix("test_").replace("_", "-")
        self.dir = self.dir.rename(self.dir.with_name(f"{self.dir.name}-{self.name}"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env["HOME"] = str(self.dir)
        self.addCleanup(self.mend)

    def mend(self):
        """All boards are on, whole and without fakes, for the next test."""
        for name in self.names:
            for fake in (self.shared / name).iterdir():
                fake.unlink()
        for name, board in self.status().items():
            if board["state"] == "off":
                self.raw("cluster", "start", "--name", self.cluster, name)
        self.raw("cluster", "heal", "--name", self.cluster, *self.names)
        self.nothing_runs()

    # --- Boards ------------------------------------------------------------------------------

    def status(self):
        return {b["board"]: b for b in
                json.loads(self.raw("cluster", "status", "--json", "--name", self.cluster))}

    def fault(self, what, *boards):
        self.raw("cluster", what, "--name", self.cluster, *boards)

    def ssh(self, board, command, status=0):
        done = self.pisdk("cluster", "ssh", "--name", self.cluster, board, command)
        self.assertEqual(done.status, status, str(done))
        return done.out

    def base(self, project=None):
        return f".local/share/pisdk/{project or self.name}"

    def left(self, board):
        """Files of a deploy that nobody needs any more."""
        return self.ssh(board, LEFT.format(self.base()))

    def rc(self, board, text):
        """What its login shells read."""
        write(self.shared / board / "rc", text)

    def fake(self, board, program, script):
        write(self.shared / board / program, f"#!/bin/sh\n{script}\n", 0o755)

    def hold(self, board, program, words=""):
        """The program waits before it does anything, if its arguments have these words."""
        place = self.shared / board
        write(place / "hold", "")
        held = HELD.format(place)
        if program == "rc":
            self.rc(board, held + "\n")
        else:
            self.fake(board, program,
                      f"case \"$*\" in *'{words}'*) {held} ;; esac\nexec /usr/bin/{program} \"$@\"")

    def is_held(self, board):
        return (self.shared / board / "here").exists()

    def let_go(self, board):
        for name in ("hold", "here"):
            (self.shared / board / name).unlink(missing_ok=True)

    def nothing_runs(self):
        """No process of a deploy on the boards, nor here."""
        wait_for(lambda: not any(b["processes"] for b in self.status().values()), 30)
        wait_for(lambda: not self.ours(), 30)

    def ours(self):
        found = []
        home = f"HOME={self.dir}\0".encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if home in Path(f"/proc/{pid}/environ").read_bytes():
                    found.append(Path(f"/proc/{pid}/cmdline").read_bytes())
        return found

    # --- Projects and deploys ----------------------------------------------------------------

    def project(self, files=None, name=None, place="p", more=""):
        """A folder with pisdk.ini and what is in `data`, which is all that is deployed."""
        root = self.dir / place
        write(root / "pisdk.ini", f"[project]\nname = {name or self.name}\n[build]\n"
              f"system = command\ncommand = true\n[deploy]\nfiles = data\n{more}")
        for path, text in (files or {"a": "one\n", "folder/b": "two\n"}).items():
            write(root / "data" / path, text)
        return root

    def random(self, project, path, size):
        write(project / "data" / path, "")
        (project / "data" / path).write_bytes(os.urandom(size))

    def args(self, *args):
        return (*args, "--to", f"cluster:{self.cluster}")

    def boards_of(self, done, status=0):
        self.assertEqual(done.status, status, str(done))
        return {b["board"]: b for b in json.loads(done.out)}

    def deploy(self, project, *args, status=0, command="deploy", **options):
        """Deploys, and gives the table, by board."""
        done = self.pisdk(*self.args(command, *args, "--json"), cwd=project, **options)
        self.said = done.err
        return self.boards_of(done, status)

    def begin(self, project, *args, **options):
        return self.start(*self.args("deploy", *args), cwd=project, **options)

    def end(self, process, status=0, timeout=120):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"it does not end: {error.stderr}") from error
        done = Result(process.returncode, out, err)
        self.assertEqual(done.status, status, str(done))
        self.said = err
        return done

    def blames(self, board, *words):
        """The error of the last deploy names this board, and the cause."""
        lines = [line for line in self.said.splitlines()
                 if line.startswith(f"warning: {board}: ") and all(w in line for w in words)]
        self.assertTrue(lines, self.said)
        others = [n for n in self.names if n != board and f"warning: {n}: " in self.said]
        self.assertEqual(others, [], self.said)

    def sound(self, *, boards=None, name=None, died=False):
        """No half release, no lock, no process. Gives what is current, by board. One whose power
        was cut may have the lock of a process that is gone."""
        boards = boards or [n for n, b in self.status().items() if b["state"] == "up"]
        self.nothing_runs()
        script = CHECK % (name or self.name)

        def look(board):
            out = self.ssh(board, script)
            out = out.replace("bad: lock is left\n", "") if died else out
            self.assertNotIn("bad: ", out, board)
            return "" if out == "none\n" else out.strip()
        return dict(zip(boards, all_at_once(look, boards)))

    def all_have(self, release, **options):
        found = self.sound(**options)
        self.assertEqual(set(found.values()), {release}, found)

    def deploys(self, project, *args):
        """It succeeds, and all boards have the same, which is whole. Gives its ID."""
        [release] = {b["release"] for b in self.deploy(project, *args).values()}
        self.all_have(release)
        return release
