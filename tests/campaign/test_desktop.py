# SPDX-License-Identifier: MIT
"""Kills at random, and clocks that jump, on the desktop: sysroots, their files, projects. After each, nothing
half made has a name, the next run succeeds, `verify` passes, and nothing is left that the next run does not
remove.

Run against the pisdk of the build; needs no network.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]
from campaign import DATES, Campaign  # noqa: E402
from harness import Case, main  # noqa: E402
from repository import TRIPLE, Keyring, Repository, library, member  # noqa: E402


class Desktop(Campaign, Case):
    def setUp(self):
        super().setUp()
        self.keyring = Keyring()
        self.addCleanup(self.keyring.close)
        self.repo = Repository(self.dir / "mirror", self.keyring)
        for i in range(12):
            files = [member(f"./usr/lib/{TRIPLE}/lib{i}.so.1", library(f"lib{i}.so.1"))]
            files += [member(f"./usr/share/{i}/{k}", os.urandom(3000)) for k in range(20)]
            self.repo.add(f"lib{i}", files, **({"Depends": f"lib{i - 1}"} if i % 4 else {}))
        self.repo.publish()
        self.env["PISDK_MIRROR"] = f"file://{self.repo.root}"
        self.project = self.dir / "p"
        self.ok("new", "p", "--sysroot", "test")
        self.repo.recipe(self.project / "test.ini", "lib3")
        self.data, self.other = self.dir / ".local/share/pisdk", self.dir / "other"
        self.file, self.whole_file = self.dir / "out.tar.zst", self.dir / "whole.tar.zst"
        there = {"env": {"PISDK_DATA_DIR": str(self.other)}}
        self.operations = {
            "build": (["sysroot", "build"], {}),
            "add": (["sysroot", "add", "lib7"], {}),
            "update": (["sysroot", "update"], {}),
            "export": (["sysroot", "export", self.file], {}),
            "import": (["sysroot", "build", self.whole_file], there),
            "new": (["new", "../made"], {}),
        }

    def whole(self):
        """What has a name is whole."""
        for data in (self.data, self.other):
            env = {"PISDK_DATA_DIR": str(data)}
            for row in json.loads(self.ok("sysroot", "list", "--json", env=env).out):
                self.ok("sysroot", "verify", row["name"], env=env)
        if self.file.exists():
            env = {"PISDK_DATA_DIR": str(self.dir / "tried")}
            self.ok("sysroot", "build", self.file, env=env)
            shutil.rmtree(self.dir / "tried")
        made = self.dir / "made"
        self.assertTrue(not made.exists() or not any(made.iterdir()) or (made / "pisdk.ini").exists())

    def nothing_is_left(self):
        folders = [self.data, self.other, self.dir, self.project]
        left = [path for folder in folders for path in folder.rglob("*") if path.name.startswith(".")
                and re.search(r"new|old|tmp|part", path.name) and "mirror" not in path.parts]
        self.assertEqual(left, [])

    def begin(self, name):
        """As it was before the operation was tried for the first time."""
        shutil.rmtree(self.dir / "made", ignore_errors=True)
        self.file.unlink(missing_ok=True)
        if name == "add":
            (self.project / "pisdk.lock").write_text(self.lock)

    def run_it(self, name):
        words, options = self.operations[name]
        return self.timed(*words, cwd=self.project, **options)

    def clock_jumps(self, date):
        """Files of packages have the packages' times."""
        subprocess.run(["find", self.dir, "-regex", ".*/\\(packages\\|sysroots\\)", "-prune", "-o",
                        "-exec", "touch", "-h", "-d", date, "{}", "+"], check=True)
        self.tell(f"all is of {date}")
        self.count("clock")

    def test_rounds(self):
        self.seconds = {"build": self.run_it("build")}
        self.lock = (self.project / "pisdk.lock").read_text()
        self.ok("sysroot", "export", self.whole_file, cwd=self.project)
        for name in ("add", "update", "export", "import", "new"):
            self.seconds[name] = self.run_it(name)
        self.rounds()

    def round(self, rng):
        name = rng.choice(sorted(self.operations))
        words, options = self.operations[name]
        self.begin(name)
        if rng.random() < 0.5:  # all is unpacked again
            shutil.rmtree(self.data / "packages", ignore_errors=True)
        if name in ("build", "import") or rng.random() < 0.3:
            shutil.rmtree((self.other if name == "import" else self.data) / "sysroots", ignore_errors=True)
        if name in ("add", "update", "export"):
            self.ok("sysroot", "build", cwd=self.project)
        self.killed(rng.uniform(0, self.seconds[name] * 1.1), *words, cwd=self.project, **options)
        if rng.random() < 0.2:
            self.clock_jumps(rng.choice(DATES))
        self.whole()
        if name == "new":
            shutil.rmtree(self.dir / "made", ignore_errors=True)
        self.run_it(name)
        self.whole()
        self.nothing_is_left()


if __name__ == "__main__":
    main()
