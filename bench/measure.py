# SPDX-License-Identifier: MIT
"""Runs commands alternately and prints medians and ratios.

Machines are noisy: what is compared is run in turns, and medians count. Nothing here asserts.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
PISDK = os.environ.get("PISDK", str(SOURCE / "build/release/cmd/pisdk"))


class Contender:
    """`run` is measured; `before` (may be None) prepares each run and is not."""

    def __init__(self, name, run, before=None):
        self.name, self.run, self.before, self.times = name, run, before, []

    @property
    def median(self):
        return statistics.median(self.times)


class Processor(Contender):
    """Measures the processor time of what it starts, not the time that passes."""

    def spend(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def command(*words, env=None, cwd=None, input=None):
    """A function that runs a command, with its output shown only when it fails."""
    def run():
        done = subprocess.run([str(w) for w in words], env={**os.environ, **(env or {})}, cwd=cwd,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{words[0]} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return run


def alternate(contenders, runs):
    """Each once in turn, `runs` times over, after one turn that does not count."""
    for turn in range(runs + 1):
        for c in contenders:
            if c.before:
                c.before()
            start = time.perf_counter()
            c.run()
            if turn:
                c.times.append(time.perf_counter() - start)


def table(title, contenders, against=None):
    """Median, fastest and slowest; the ratio to `against`, if given."""
    print(f"\n{title} ({len(contenders[0].times)} runs each, seconds)\n")
    width = max(len(c.name) for c in contenders)
    for c in contenders:
        ratio = f"   {c.median / against.median:6.3f} of {against.name}" \
            if against and c is not against else ""
        print(f"  {c.name:<{width}}  median {c.median:7.3f}   {min(c.times):7.3f} to "
              f"{max(c.times):7.3f}{ratio}")
    sys.stdout.flush()


class Folders:
    """Folders of its own for pisdk, gone at the end."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="pisdk-bench-"))
        self.env = {"PISDK_DATA_DIR": str(self.path / "data"),
                    "PISDK_CACHE_DIR": str(self.path / "cache"), "HOME": str(self.path)}
        return self

    def __exit__(self, *_):
        if "PISDK_RUNTIME_DIR" in self.env:  # clusters that a failure left
            subprocess.run([PISDK, "-q", "cluster", "down", "--all"], env={**os.environ, **self.env})
        shutil.rmtree(self.path, ignore_errors=True)

    def clear(self, *names):
        """Moves folders aside: ext4 is slow for some seconds where much was just deleted."""
        def remove():
            for name in names:
                if (self.path / name).exists():
                    aside = Path(tempfile.mkdtemp(dir=self.path)) / Path(name).name
                    (self.path / name).rename(aside)
        return remove
