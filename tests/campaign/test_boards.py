# SPDX-License-Identifier: MIT
"""Kills and faults at random, with emulated boards: deploy, rollback, undeploy, cluster up and down. pisdk is
killed, or a board loses its power, its network or its space, has a slow link, or its clock jumps. After each, what a board has
under the name `current` is, bit for bit, something that was deployed (contents, modes, links), the next deploy
succeeds, and nothing is left of the one before.

Run as an ordinary user, against an installed pisdk (see emulator/setup).
"""

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]
from campaign import DATES, Campaign  # noqa: E402
from deploys import Deploys, all_at_once, wait_for  # noqa: E402
from harness import main  # noqa: E402

# What is below a folder: contents by their hash, modes, links.
LOOK = r"""cd {} && find data -printf '%y %m %P %l\n' | LC_ALL=C sort && find data -type f -print0 |
    LC_ALL=C sort -z | xargs -0 -r sha256sum"""

class Boards(Campaign, Deploys):
    BOARDS = 3

    def test_rounds(self):
        self.root = self.project()
        self.known, self.seconds = {"none"}, {}
        self.change(0)
        self.seconds["deploy"] = self.timed(*self.args("deploy"), cwd=self.root)
        self.seconds["rollback"] = self.seconds["undeploy"] = self.seconds["deploy"] / 2
        self.seconds["up"] = self.timed("cluster", "up", "-n", 2, "--name", "other")
        self.seconds["down"] = self.timed("cluster", "down", "--name", "other")
        self.rounds()

    def change(self, n):
        """Other contents, another mode, another link."""
        data = self.root / "data"
        (data / "a").write_text(f"{n}\n")
        (data / "a").chmod(0o755 if n % 2 else 0o644)
        (data / "folder/b").write_bytes(os.urandom(1 + n % 7 * 100_000))
        (data / "link").unlink(missing_ok=True)
        (data / "link").symlink_to("a" if n % 3 else "folder/b")
        self.wanted = subprocess.run(["sh", "-c", LOOK.format(self.root)], capture_output=True, text=True,
                                     check=True).stdout
        self.known.add(self.wanted)

    def has(self, board):
        base = self.base()
        return self.ssh(board, f"if [ -e {base}/current ]; then {LOOK.format(base + '/current/')}\nelse echo none; fi"
                        ).removesuffix("none\n") or "none"

    def trouble(self, rng):
        """Something that happens to a board, and what mends it."""
        board = rng.choice(self.names)
        # A board that was cut off learns of it only when its patience ends.
        what = rng.choices(["kill", "cut", "fill", "limit", "clock"], [4, 1, 3, 3, 2])[0]
        if what == "clock":
            self.ssh(board, f"find {self.base()} -exec touch -h -d '{rng.choice(DATES)}' {{}} + 2>&1 || true")
        else:
            self.fault(what, board, *(["--rate", "512kbit"] if what == "limit" else []))
        self.tell(f"{what} {board}")
        self.count(f"{what} of a board")
        return board, "start" if what == "kill" else "heal"

    def round(self, rng):
        if rng.random() < 0.2:
            return self.round_of_clusters(rng)
        self.change(rng.randrange(1000))
        name = rng.choice(["deploy", "deploy", "deploy", "rollback", "undeploy"])
        words = self.args(name)
        delay = rng.uniform(0, self.seconds[name] * 1.1)
        if rng.random() < 0.5:
            self.killed(delay, *words, cwd=self.root)
        else:
            process = self.start(*words, cwd=self.root)
            time.sleep(delay)
            board, mend = self.trouble(rng)
            _, err = process.communicate(timeout=180)  # a limit against hanging
            self.tell(f"{name} ended with {process.returncode} after trouble at {delay:.2f} s: {err[-200:]}")
            self.count(name)
            self.fault(mend, board)
        wait_for(lambda: not any(b["processes"] for b in self.status().values()), 150)
        for board, found in zip(self.names, all_at_once(self.has, self.names)):
            self.assertIn(found, self.known, board)
        self.ok(*self.args("deploy"), cwd=self.root)
        for board, found in zip(self.names, all_at_once(self.has, self.names)):
            self.assertEqual(found, self.wanted, board)
            self.assertEqual(self.left(board), "", board)

    def round_of_clusters(self, rng):
        what = rng.choice(["up", "down"])
        up, down = ["cluster", "up", "-n", 2, "--name", "other"], ["cluster", "down", "--name", "other"]
        if what == "down":
            self.ok(*up)
        self.killed(rng.uniform(0, self.seconds[what] * 1.1), *(up if what == "up" else down))
        wait_for(lambda: self.other() in (0, 2), 30)
        if self.other() == 0:
            self.ok(*up)
        self.assertEqual(self.ok("cluster", "ssh", "--name", "other", "pi2", "hostname").out, "pi2\n")
        self.ok(*down)
        self.assertEqual(self.other(), 0)
        self.assertFalse((Path(self.common["PISDK_RUNTIME_DIR"]) / "cluster/other").exists())

    def other(self):
        """How many boards of the other cluster are up."""
        done = self.pisdk("cluster", "status", "--name", "other")
        return sum(line.split()[2] == "up" for line in done.out.splitlines()[1:])


if __name__ == "__main__":
    main()
