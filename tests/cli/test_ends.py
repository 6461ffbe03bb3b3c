# SPDX-License-Identifier: MIT
"""Every command ends: with an ssh that says nothing, output that nobody reads, a terminal that is gone.

Run against the pisdk of the build; needs no sysroot and no network.
"""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from harness import PISDK, Case, main, write  # noqa: E402

PROJECT = """
[project]
name = ends
[build]
system = command
command = true
[deploy]
files = data
[run]
program = data/x
[node pi1]
host = 127.0.0.1
[node pi2]
host = 127.0.0.2
"""

COMMANDS = """
help
--version
boards
doctor
env
exec true
exec --on nodes -- uptime
run
run -n 2
run --on nodes -n 2
run --on slurm -n 2
run --on cluster -n 2
test
build
new other
deploy
deploy --list
deploy --verify
deploy --dry-run
rollback
undeploy
submit
submit --status
debug --on pi1
nodes list
nodes probe
nodes doctor
cluster status
cluster ssh pi1 true
cluster logs
cluster down
sysroot list
sysroot build
sysroot show bookworm
sysroot verify bookworm
sysroot import pi@127.0.0.1
"""

SECONDS = 20  # a limit against hanging, not a measurement


def full_pipe():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x")
    os.set_blocking(writing, True)
    return reading, writing


class Ends(Case):
    def setUp(self):
        super().setUp()
        write(self.dir / "p/pisdk.ini", PROJECT)
        write(self.dir / "p/data/x", "#!/bin/sh\n", 0o755)
        write(self.dir / "bin/ssh", "#!/bin/sh\nexec sleep 1000\n", 0o755)
        self.env["PATH"] = f"{self.dir}/bin:{self.env['PATH']}"
        self.env["PISDK_MIRROR"] = "http://127.0.0.1:9"

    def begin(self, words, **streams):
        return subprocess.Popen([PISDK, *words.split()], cwd=self.dir / "p", env=self.env,
                                start_new_session=True, **{"stdin": subprocess.DEVNULL, **streams})

    def ends(self, process, words):
        try:
            process.wait(timeout=SECONDS)
            return None
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return words

    def walk(self, one):
        """Calls it for every command, some at once, and names those that did not end."""
        with ThreadPoolExecutor(8) as pool:
            stuck = [words for words in pool.map(one, COMMANDS.strip().splitlines()) if words]
        self.assertEqual(stuck, [])

    def test_an_ssh_that_says_nothing(self):
        for sig in (signal.SIGINT, signal.SIGTERM):
            def one(words, sig=sig):
                process = self.begin(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(1)
                process.send_signal(sig)
                return self.ends(process, words)
            self.walk(one)

    def test_output_that_nobody_reads(self):
        def one(words):
            reading, writing = full_pipe()
            process = self.begin(words, stdout=writing, stderr=writing)
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            stuck = self.ends(process, words)
            os.close(reading)
            os.close(writing)
            return stuck
        self.walk(one)

    def test_a_closed_pipe(self):
        write(self.dir / "bin/ssh", "#!/bin/sh\nexit 255\n", 0o755)

        def one(words):
            reading, writing = os.pipe()
            os.close(reading)
            process = self.begin(words, stdout=writing, stderr=writing)
            os.close(writing)
            return self.ends(process, words)
        self.walk(one)

    def test_a_full_disk(self):
        write(self.dir / "bin/ssh", "#!/bin/sh\nexit 255\n", 0o755)
        for words in ("help", "--version", "doctor", "boards", "nodes list"):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PISDK, *words.split()], cwd=self.dir / "p", env=self.env,
                                      stdout=full, stderr=subprocess.PIPE, text=True, timeout=SECONDS)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("error: cannot write to standard output: No space left", done.stderr)

    def test_a_terminal_that_hangs_up(self):
        def one(words):
            master, slave = pty.openpty()
            process = self.begin(words, stdin=slave, stdout=slave, stderr=slave,
                                 preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            os.close(slave)
            time.sleep(0.3)
            os.close(master)
            return self.ends(process, words)
        self.walk(one)


if __name__ == "__main__":
    main()
