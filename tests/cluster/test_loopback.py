# SPDX-License-Identifier: MIT
"""Deploys and commands through the desktop's own sshd, to boards that are folders (support/sshd.py): what
would take long under QEMU, and what emulated boards cannot be. As an ordinary user."""

import json
import os
import re
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, nightly, write  # noqa: E402
from sshd import Boards  # noqa: E402

PROJECT = """[project]
name = data

[build]
system = command
command = true

[deploy]
files = files
"""


class Loopback(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = os.environ["PISDK_TEST_DATA"]
        self.project = self.dir / "data"
        self.files = self.project / "files"
        write(self.project / "pisdk.ini", PROJECT)
        self.files.mkdir()

    def boards(self, n, **options):
        self.hosts = Boards(self.dir / "boards", n, **options)
        self.addCleanup(self.hosts.stop)
        self.nodes = ["--nodes", ",".join(self.hosts.names), "--ssh-config", self.hosts.config]

    def deploy(self, *args):
        out = self.ok("deploy", *self.nodes, "--json", *args, cwd=self.project, timeout=300).out
        return {b["board"]: b for b in json.loads(out)}

    def current(self, name):
        return self.hosts.project(name, "data") / "current"

    def same(self, name):
        return subprocess.run(["diff", "-r", self.files, self.current(name) / "files"]).returncode == 0

    def noise(self, size):
        return random.Random(7).randbytes(size)


class Deploy(Loopback):
    def test_from_board_to_board(self):
        self.boards(4)
        (self.files / "big").write_bytes(self.noise(6_000_000))
        boards = self.deploy()
        self.assertEqual([b["state"] for b in boards.values()], ["done"] * 4)
        self.assertEqual([b["from"] for b in boards.values()].count("desktop"), 1)
        for name in self.hosts.names:
            self.assertTrue(self.same(name))
            self.assertEqual(boards[name]["sent"], boards["pi1"]["sent"])
            self.assertEqual(list((self.hosts.project(name, "data") / "incoming").iterdir()), [])

    def test_direct(self):
        self.boards(2)
        (self.files / "big").write_bytes(self.noise(2_000_000))
        boards = self.deploy("--direct")
        self.assertEqual([b["from"] for b in boards.values()], ["desktop"] * 2)
        self.assertTrue(self.same("pi2"))

    def test_boards_that_cannot_log_in_to_each_other(self):
        self.boards(3)
        for name in self.hosts.names:
            (self.hosts.home(name) / ".ssh/config").unlink()
        (self.files / "big").write_bytes(self.noise(2_000_000))
        result = self.ok("deploy", *self.nodes, "--json", cwd=self.project)
        self.assertIn("cannot log in to others", result.err)
        self.assertTrue(all(self.same(name) for name in self.hosts.names))

    def test_only_what_changed(self):
        self.boards(2)
        data = bytearray(self.noise(6_000_000))
        (self.files / "big").write_bytes(data)
        (self.files / "same").write_bytes(self.noise(1000))
        self.deploy()
        inode = (self.current("pi2") / "files/same").stat().st_ino
        data[3_000_000] ^= 1
        (self.files / "big").write_bytes(data)
        (self.files / "new").write_text("new")
        boards = self.deploy()
        self.assertTrue(self.same("pi1") and self.same("pi2"))
        self.assertLess(boards["pi2"]["sent"], 100_000)
        self.assertNotEqual((self.current("pi2") / "files/same").stat().st_ino, inode)
        (self.files / "new").unlink()
        self.deploy()
        self.assertTrue(self.same("pi2"))
        # Nothing has changed: nothing is sent, and nothing is switched.
        boards = self.deploy()
        self.assertEqual([(b["state"], b["sent"]) for b in boards.values()], [("unchanged", 0)] * 2)

    def test_a_second_desktop(self):
        """Which does not have the release that is on the boards: it fetches it as a difference."""
        self.boards(2)
        data = bytearray(self.noise(6_000_000))
        (self.files / "big").write_bytes(data)
        self.deploy()
        data[-1] ^= 1
        (self.files / "big").write_bytes(data)
        self.env["PISDK_CACHE_DIR"] = str(self.dir / "other")
        self.assertLess(self.deploy()["pi1"]["sent"], 100_000)
        self.assertTrue(self.same("pi1") and self.same("pi2"))

    @nightly
    def test_many_small_files(self):
        self.boards(2)
        for i in range(10_000):
            path = self.files / f"{i % 100}" / f"{i}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(str(i))
        self.deploy()
        self.assertTrue(self.same("pi1") and self.same("pi2"))
        (self.files / "7/7").write_text("changed")
        self.assertLess(self.deploy()["pi2"]["sent"], 1_000_000)
        self.assertTrue(self.same("pi2"))

    def test_one_home_for_all(self):
        self.boards(3, shared=True)
        (self.files / "a").write_text("a")
        states = sorted(b["state"] for b in self.deploy().values())
        self.assertEqual(states, ["done", "shared", "shared"])
        self.assertTrue(self.same("pi3"))
        self.assertFalse((self.hosts.project("pi1", "data") / "lock").is_symlink())

    def test_a_login_that_greets(self):
        shell = write(self.dir / "shell", "#!/bin/sh\necho Welcome\necho :fail >&2\nexec sh \"$@\"\n",
                      0o755)
        self.boards(2, shell=shell)
        (self.files / "big").write_bytes(self.noise(2_000_000))
        self.deploy()
        self.assertTrue(self.same("pi1") and self.same("pi2"))

    def interrupted(self, n, board):
        """A deploy is killed when that board has some of it. The pieces that have arrived, by board."""
        self.boards(n)
        (self.files / "big").write_bytes(self.noise(200_000_000))
        process = self.start("deploy", *self.nodes, cwd=self.project)
        end = time.monotonic() + 60
        while len(self.pieces(board)) < 50:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(1)
        for name in self.hosts.names:
            self.assertFalse(self.current(name).exists())
        return [self.pieces(name) for name in self.hosts.names]

    def pieces(self, name):
        return sorted((self.hosts.project(name, "data") / "incoming/p").glob("[0-9a-f]*"))

    def test_what_was_interrupted_goes_on(self):
        self.interrupted(1, "pi1")
        result = self.ok("-v", "deploy", *self.nodes, cwd=self.project)
        self.assertTrue(self.same("pi1"))
        [had] = re.findall(r"pi1 has ([0-9]+) MB of it already", result.err)
        self.assertGreaterEqual(int(had), 50)

    @nightly
    def test_who_feeds_has_less(self):
        first, second = self.interrupted(2, "pi2")
        for piece in first[1:]:
            piece.unlink()
        result = self.ok("-v", "deploy", *self.nodes, cwd=self.project)
        self.assertIn("pi1 feeds pi2", result.err)
        self.assertTrue(self.same("pi1") and self.same("pi2"))

    def test_what_arrived_is_damaged(self):
        """By a power cut: only what was damaged is sent again."""
        [pieces] = self.interrupted(1, "pi1")
        with open(pieces[0], "r+b") as f:
            f.write(bytes(100_000))
        os.truncate(pieces[1], 10)
        result = self.ok("-v", "deploy", *self.nodes, cwd=self.project)
        self.assertTrue(self.same("pi1"))
        [had] = re.findall(r"pi1 has ([0-9]+) MB of it already", result.err)
        self.assertGreaterEqual(int(had), 45)

    def test_what_a_board_gives_is_checked(self):
        """A release of another desktop that was altered on the board is not kept under its name."""
        self.boards(1)
        (self.files / "big").write_bytes(self.noise(2_000_000))
        (self.files / "a").write_text("a")
        self.deploy()
        (self.current("pi1") / "files/a").write_text("b")
        (self.files / "new").write_text("new")
        self.env["PISDK_CACHE_DIR"] = str(self.dir / "other")
        result = self.ok("-v", "deploy", *self.nodes, cwd=self.project)
        self.assertIn("it is not what was deployed under that name", result.err)
        self.assertTrue(self.same("pi1"))


class Exec(Loopback):
    def exec(self, status, *args, **options):
        result = self.pisdk("exec", "--on", "nodes", *self.nodes, *args, **options)
        self.assertEqual(result.status, status, str(result))
        return result

    def test_output_of_each(self):
        self.boards(3)
        out = self.exec(0, "--", "sh", "-c", "hostname; echo \"$1\"", "x", "a b").out
        self.assertEqual(sorted(out.splitlines()),
                         [f"pi{i}: {text}" for i in (1, 2, 3) for text in ("a b", f"pi{i}")])
        out = self.exec(0, "--in-order", "--", "hostname").out
        self.assertEqual(out, "--- pi1\npi1\n--- pi2\npi2\n--- pi3\npi3\n")

    def test_failure_on_some(self):
        self.boards(2)
        result = self.exec(5, "--", "sh", "-c", "[ $(hostname) = pi1 ] || exit 3; echo good")
        self.assertEqual(result.out, "pi1: good\n")
        self.assertIn("pi2: ended with status 3", result.err)
        self.hosts.processes[0].terminate()
        self.hosts.processes[0].wait()
        result = self.exec(5, "--", "true")
        self.assertIn("pi1: no sshd is running there", result.err)
        self.assertIn("it failed on 1 of 2 boards", result.err)

    def test_ends_with_us(self):
        self.boards(2)
        for sig in (signal.SIGINT, signal.SIGKILL):
            process = self.start("exec", "--on", "nodes", *self.nodes, "--", "sleep", "7771")
            end = time.monotonic() + 20
            while self.sleepers() < 2:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            process.send_signal(sig)
            self.assertNotEqual(process.wait(timeout=20), 0)
            while self.sleepers() > 0:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)

    def sleepers(self):
        return int(subprocess.run(["pgrep", "-fc", "-u", str(os.getuid()), "^sleep 7771$"],
                                  capture_output=True, text=True).stdout or 0)


if __name__ == "__main__":
    main()
