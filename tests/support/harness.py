# SPDX-License-Identifier: MIT
"""Runs pisdk as a user would: its own HOME, its own folders, nothing of the machine's settings.

The program under test is named by the environment variable PISDK. A test that cannot run here is
skipped with its reason; main() ends with status 77 then, which CTest counts as skipped.

PISDK_TEST_SET says which tests are run: `quick` is all that are not marked with @nightly, `nightly`
is those that are, and `core` those marked with @core, which are run in other surroundings as well (as
root, with another QEMU); without it, all are.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SKIPPED = 77
PISDK = os.environ.get("PISDK", "pisdk")


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Case(unittest.TestCase):
    """A test with a folder of its own, `self.dir`, which is HOME and has all of pisdk's files."""

    maxDiff = None

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="pisdk-test-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {
            "HOME": str(self.dir),
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "PISDK_APT_DIR": str(self.dir / "no-apt"),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "PISDK_PURE"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def pisdk(self, *args, cwd=None, env=None, input=None, timeout=120, prefix=()):
        done = subprocess.run(
            [*prefix, PISDK, *map(str, args)],
            cwd=cwd or self.dir,
            env={**self.env, **(env or {})},
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *args, cwd=None, env=None, **options):
        """Starts pisdk in a process group of its own and does not wait."""
        process = subprocess.Popen(
            [PISDK, *map(str, args)],
            cwd=cwd or self.dir,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )
        self.addCleanup(kill_group, process)
        return process

    def ok(self, *args, **options):
        result = self.pisdk(*args, **options)
        self.assertEqual(result.status, 0, f"{args}: {result}")
        return result

    def fails(self, status, *args, says=(), hint=None, **options):
        """The command ends with this status, in one line of error that has these words."""
        result = self.pisdk(*args, **options)
        self.assertEqual(result.status, status, f"{args}: {result}")
        errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, str(result))
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, errors[0], str(result))
        if hint is not None:
            hints = [line for line in result.err.splitlines() if line.startswith("hint: ")]
            self.assertEqual(len(hints), 1, str(result))
            self.assertIn(hint, hints[0])
        return result


def kill_group(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def write(path, text, mode=0o644):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def path_without(directory, *names):
    """A folder of links to every program in PATH but these: a machine that lacks them."""
    directory.mkdir(parents=True)
    for folder in reversed(os.environ["PATH"].split(":")):
        if not os.path.isdir(folder):
            continue
        for name in os.listdir(folder):
            if any(name == n or (n.endswith("*") and name.startswith(n[:-1])) for n in names):
                continue
            link = directory / name
            link.unlink(missing_ok=True)
            link.symlink_to(os.path.join(folder, name))
    return str(directory)


def nightly(test):
    """Marks a test, or a class of them, as too slow to run for every change."""
    test.nightly = True
    return test


def core(test):
    """Marks a test as one that shows whether the whole works."""
    test.core = True
    return test


def is_wanted(case, name):
    def has(mark):
        return hasattr(case, mark) or hasattr(getattr(case, name), mark)
    wanted = os.environ.get("PISDK_TEST_SET")
    return {None: True, "quick": not has("nightly"), "nightly": has("nightly"), "core": has("core")}[wanted]


class Loader(unittest.TestLoader):
    def getTestCaseNames(self, case):
        return [name for name in super().getTestCaseNames(case) if is_wanted(case, name)]


class TimedResult(unittest.TextTestResult):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seconds = {}

    def startTest(self, test):
        self.seconds[test] = -time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.seconds[test] += time.monotonic()


def leave_session():
    """A session of its own, where there is no terminal, as in CI: while mpirun is stopped, so that its ranks can
    say where they are, the kernel sends SIGHUP to a whole process group without a terminal when a process of it
    ends whose parent is in another group (credentials(7), orphaned process groups). Tests beside this one are
    not to be hit."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        with contextlib.suppress(PermissionError):  # it leads one already
            os.setsid()


def main():
    leave_session()
    program = unittest.main(exit=False, testLoader=Loader(), testRunner=unittest.TextTestRunner(
        verbosity=2, resultclass=TimedResult))
    result = program.result
    for test, seconds in sorted(result.seconds.items(), key=lambda item: -item[1]):
        print(f"{seconds:6.1f} s  {test.id().replace('__main__', Path(sys.argv[0]).stem)}")
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped else 0)
