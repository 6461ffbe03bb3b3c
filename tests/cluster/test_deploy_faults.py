# SPDX-License-Identifier: MIT
"""What goes wrong during `pisdk deploy`, on purpose: no board ever has half a release.

Run as an ordinary user against an installed pisdk (see emulator/setup).
"""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from deploys import Deploys, wait_for  # noqa: E402
from harness import main, nightly, write  # noqa: E402


class Faults(Deploys):
    """Of one board, pi2. The other one keeps what it has; the next deploy succeeds."""

    def setUp(self):
        super().setUp()
        self.root = self.project({"a": "old\n", "same": "same\n"})

    def first(self):
        """A release that is there before, what a program wrote, and a change."""
        self.old = self.deploys(self.root)
        for board in self.names:
            self.ssh(board, f"cd {self.base()}/work && mkdir out && echo result >out/r")
        self.change()
        return self.old

    def change(self, size=100):
        self.random(self.root, "a", size)

    def afterwards(self):
        release = self.deploys(self.root)
        self.assertNotEqual(release, self.old)
        for board in self.names:
            self.assertEqual(self.ssh(board, f"cat {self.base()}/work/out/r"), "result\n")

    def none_changed(self, board, *words, **options):
        """Status 5, and whose fault it was."""
        self.blames(board, *words)
        self.assertIn("no board was changed", self.said)
        self.assertEqual(set(self.sound(**options).values()), {self.old})

    @nightly
    def test_off(self):
        self.first()
        self.fault("kill", "pi2")
        self.deploy(self.root, status=5)
        self.none_changed("pi2")
        # With --partial the others are switched.
        boards = self.deploy(self.root, "--partial", status=5)
        self.blames("pi2")
        self.assertIn("the boards do not all have the same release", self.said)
        self.assertEqual(boards["pi2"]["state"], "failed")
        self.assertEqual(self.sound(), {"pi1": boards["pi1"]["release"]})
        self.assertNotEqual(boards["pi1"]["release"], self.old)
        self.fault("start", "pi2")
        self.assertEqual(self.sound(boards=["pi2"]), {"pi2": self.old})
        self.afterwards()

    @nightly
    def test_dies_during_staging(self):
        self.first()
        for program, words, size in [("rsync", "read-batch", 100), ("head", "-c", 3 << 20),
                                     ("sha256sum", "-c", 100)]:
            with self.subTest(program):
                self.change(size)
                self.hold("pi2", program, words)
                process = self.begin(self.root)
                wait_for(lambda: self.is_held("pi2"))
                self.fault("kill", "pi2")
                self.end(process, 5)
                self.none_changed("pi2")
                self.let_go("pi2")
                (self.shared / "pi2" / program).unlink()
                self.fault("start", "pi2")
                self.assertEqual(self.sound(boards=["pi2"], died=True), {"pi2": self.old})
        self.afterwards()

    @nightly
    def test_dies_between_the_phases(self):
        """It was ready, and the other one not yet."""
        self.first()
        self.hold("pi1", "sha256sum", "-c")
        process = self.begin(self.root)
        wait_for(lambda: self.is_held("pi1"))
        while not process.stderr.readline().startswith("pi2: ready"):
            pass
        self.fault("kill", "pi2")
        time.sleep(1)
        self.let_go("pi1")
        self.end(process, 5)
        self.none_changed("pi2")
        self.fault("start", "pi2")
        self.afterwards()

    def test_dies_while_it_switches(self):
        self.first()
        self.hold("pi2", "mv", "current")
        process = self.begin(self.root, "--json")
        wait_for(lambda: self.is_held("pi2"))
        self.fault("kill", "pi2")
        boards = self.boards_of(self.end(process, 5), 5)
        self.blames("pi2")
        self.assertIn("the boards do not all have the same release now", self.said)
        new = boards["pi1"]["release"]
        self.assertNotEqual(new, self.old)
        self.assertEqual(self.sound(), {"pi1": new})
        self.let_go("pi2")
        self.fault("start", "pi2")
        states = {b["board"]: b["state"] for b in self.deploy(self.root).values()}
        self.assertEqual(states, {"pi1": "unchanged", "pi2": "done"})
        self.afterwards()

    @nightly
    def test_dies_while_it_tidies_up(self):
        """What a deploy leaves behind goes with the next one, even if that changes nothing."""
        self.first()
        self.hold("pi2", "rm", "incoming/pack.")
        self.deploy(self.root)
        wait_for(lambda: self.is_held("pi2"))
        self.fault("kill", "pi2")
        self.let_go("pi2")
        self.fault("start", "pi2")
        self.assertNotEqual(self.left("pi2"), "")
        states = {b["state"] for b in self.deploy(self.root).values()}
        self.assertEqual(states, {"unchanged"})
        self.assertEqual([self.left(board) for board in self.names], ["", ""])

    def test_the_desktop_dies_while_it_switches(self):
        """The board does all that it was asked for, though nobody hears of it."""
        self.first()
        self.hold("pi2", "mv", "current")
        process = self.begin(self.root)
        wait_for(lambda: self.is_held("pi2"))
        process.kill()
        process.communicate()
        self.let_go("pi2")
        self.assertNotIn(self.old, self.sound(boards=["pi2"]).values())
        self.assertEqual(self.left("pi2"), "")
        self.afterwards()

    def test_what_is_done_survives_a_power_cut(self):
        """All is written to the card before it gets its name, and what is current before that is said."""
        log = self.shared / "calls"
        for program in ("sync", "mv"):
            self.fake("pi2", program, f"echo {program} \"$@\" >>{log}\nexec /usr/bin/{program} \"$@\"")
        release = self.deploys(self.root)
        calls = [call for call in log.read_text().splitlines()
                 if call.startswith("sync") or call.endswith((f" releases/{release}", " current"))]
        self.assertEqual([call.split()[0] for call in calls], ["sync", "mv", "sync", "mv", "sync"])
        self.assertEqual([call.split()[-1] for call in calls],
                         [f"releases/.{release}", f"releases/{release}", ".", "current", "."])

    @nightly
    def test_storage_that_forgets(self):
        """What is on the card is not what was written to it: in a file, in the list of files."""
        self.first()
        for damage in ("echo x >>\"$last\"data/a", "rm \"$last\"data/same", ">\"$last\"more",
                       "chmod 600 \"$last\"data/a"):
            with self.subTest(damage):
                self.fake("pi2", "rsync", "/usr/bin/rsync \"$@\"; status=$?\n"
                          f"for last; do :; done; {damage}; exit $status")
                self.deploy(self.root, status=5)
                self.none_changed("pi2", "what arrived is not what was sent")
                (self.shared / "pi2" / "rsync").unlink()
        self.afterwards()

    def test_full_before(self):
        self.first()
        self.fault("fill", "pi2")
        self.deploy(self.root, status=5)
        self.none_changed("pi2", "storage is full")
        self.assertIn("hint: free some space: ssh pi2", self.said)
        self.fault("heal", "pi2")
        self.afterwards()

    @nightly
    def test_full_while_staging(self):
        self.first()
        for program, words, size in [("rsync", "read-batch", 100), ("head", "-c", 3 << 20),
                                     ("head", "-c", 100)]:
            with self.subTest(program):
                self.change(size)
                # What cannot be written is not run by the shell that it was sent to.
                write(self.root / "data/same", "\ntouch was-run\n" * 5000)
                self.hold("pi2", program, words)
                process = self.begin(self.root)
                wait_for(lambda: self.is_held("pi2"))
                self.fault("fill", "pi2")
                self.let_go("pi2")
                self.end(process, 5)
                self.none_changed("pi2", "storage is full")
                self.assertNotIn("log in to others", self.said)
                self.fault("heal", "pi2")
                (self.shared / "pi2" / program).unlink()
                self.ssh("pi2", "test -e was-run", status=1)
        self.afterwards()

    def test_full_for_the_first_time(self):
        """There is not even room for a folder."""
        self.fault("fill", "pi2")
        self.deploy(self.root, status=5)
        self.blames("pi2", "storage is full")
        self.assertEqual(set(self.sound().values()), {""})
        self.fault("heal", "pi2")
        self.deploys(self.root)

    @nightly
    def test_read_only(self):
        self.ssh("pi2", "mkdir -p .local/share/pisdk; chmod a-w .local/share/pisdk")
        self.addCleanup(self.ssh, "pi2", "chmod u+w .local/share/pisdk")
        self.deploy(self.root, status=5)
        self.blames("pi2", "cannot write to /home/pi/.local/share/pisdk", "Permission denied")
        self.assertEqual(set(self.sound().values()), {""})
        self.ssh("pi2", "chmod u+w .local/share/pisdk")
        self.first()
        for folder in [".", "releases", "incoming"]:
            with self.subTest(folder):
                self.ssh("pi2", f"chmod a-w {self.base()}/{folder}")
                self.deploy(self.root, status=5)
                self.none_changed("pi2", "Permission denied")
                self.ssh("pi2", f"chmod u+w {self.base()}/{folder}")
        self.afterwards()

    @nightly
    def test_host_key(self):
        self.first()
        known = self.place / f"run/cluster/{self.cluster}/known_hosts"
        text = known.read_text()
        self.addCleanup(known.write_text, text)
        lines = text.splitlines()
        other = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "B" * 43
        changed = [line.replace(line.split()[2], other) if "pi2" in line else line
                   for line in lines]
        self.assertNotEqual(changed, lines, text)
        known.write_text("\n".join(changed) + "\n")
        mark = known.read_text()
        self.deploy(self.root, status=5)
        self.none_changed("pi2", "host key", boards=["pi1"])
        self.assertIn("ssh-keygen -R pi2", self.said)
        self.assertEqual(known.read_text(), mark)
        known.write_text("\n".join(line for line in lines if "pi2" not in line) + "\n")
        self.deploy(self.root, status=5)
        self.none_changed("pi2", "host key not known", boards=["pi1"])
        known.write_text(text)
        self.afterwards()

    @nightly
    def test_wrong_clock(self):
        """What is there is of the future, or of long ago."""
        self.first()
        for date in ["2037-12-31", "1970-01-02"]:
            self.fake("pi2", "date", f"exec /usr/bin/date -d {date} \"$@\"")
            self.ssh("pi2", f"find {self.base()} -exec touch -h -d {date} {{}} +")
            self.change()
            self.afterwards()
            self.change(3 << 20)
            self.afterwards()

    @nightly
    def test_locks_of_strangers(self):
        """A lock's process number means something with its host, boot and start only."""
        self.first()
        facts = self.ssh("pi2", "cat /proc/sys/kernel/random/boot_id; hostname; "
                         "sleep 300 >/dev/null 2>&1 & echo $!").split()
        boot, host, pid = facts
        for holder in (f"{pid} {boot} {host} somebody@else",       # as the first version wrote it
                       f"{pid} {boot} {host} 1 somebody@else",     # the number was reused
                       f"{pid} other-boot {host} 1 somebody@else"):
            with self.subTest(holder):
                self.ssh("pi2", f"ln -s 'token {holder}' {self.base()}/lock")
                self.change()
                boards = self.deploy(self.root)
                self.assertEqual({b["state"] for b in boards.values()}, {"done"})
                self.ssh("pi2", f"kill -0 {pid}")
        self.ssh("pi2", f"kill {pid}")
        self.change()
        self.afterwards()

    def test_a_shell_that_is_sent_anything(self):
        """Commands are verbs: anything else is not run, nor are words of a name."""
        script = "".join((Path(__file__).parents[2] / "prefix/share/pisdk/toolchain/remote" / name)
                         .read_text() for name in ("pieces.sh", "abi.sh", "deploy.sh"))
        write(self.shared / "pi2" / "deploy.sh", script)
        lines = "touch ran\nlook; touch ran\nlist .$(touch\\0040ran)\nhistory `touch ran`\n* ran\n"
        self.deploys(self.root)
        self.ssh("pi2", f"printf '%s' '{lines}' | setsid sh {self.shared}/pi2/deploy.sh {self.name} t me look; "
                 f"rm {self.shared}/pi2/deploy.sh; ! ls ran {self.base()}/ran 2>/dev/null")

    def test_release_was_changed(self):
        """What a program did to the release that is built upon does no harm for ever."""
        self.first()
        self.ssh("pi2", f"echo spoilt >{self.base()}/work/data/same")
        release = self.deploys(self.root)
        self.assertNotEqual(release, self.old)

    @nightly
    def test_network(self):
        """The cable of a board is pulled while it receives, and plugged in again."""
        self.first()
        self.change(3 << 20)
        self.hold("pi2", "head", "-c")
        process = self.begin(self.root)
        wait_for(lambda: self.is_held("pi2"))
        self.fault("cut", "pi2")
        self.let_go("pi2")
        self.end(process, 5)
        self.blames("pi2")
        self.assertEqual(set(self.sound_here().values()), {self.old})
        # The board did not notice: its lock is held by what waits for a desktop that is gone.
        self.fault("heal", "pi2")
        self.afterwards()

    def sound_here(self):
        release = self.ssh("pi1", f"readlink {self.base()}/current").strip()
        return {"pi1": release.removeprefix("releases/")}


class Interrupted(Faults):
    PHASES = [("connecting", "rc", ""), ("sending", "head", "-c"), ("unpacking", "rsync", "read-batch"),
              ("checking", "sha256sum", "-c"), ("checked", "mv", "releases/.")]

    def interrupt(self, how, status):
        self.first()
        self.change(2 << 20)
        for phase, program, words in self.PHASES:
            with self.subTest(phase):
                self.hold("pi2", program, words)
                process = self.begin(self.root)
                wait_for(lambda: self.is_held("pi2"))
                if how == signal.SIGKILL:
                    os.kill(process.pid, how)
                else:
                    os.killpg(process.pid, how)
                self.end(process, status)
                self.let_go("pi2")
                for fake in (self.shared / "pi2").iterdir():
                    fake.unlink()
                self.assertEqual(set(self.sound().values()), {self.old})
        self.afterwards()

    def test_killed(self):
        self.interrupt(signal.SIGKILL, -signal.SIGKILL)

    @nightly
    def test_interrupt(self):
        self.interrupt(signal.SIGINT, -signal.SIGINT)


for test in [name for name in dir(Faults) if name.startswith("test_")]:
    setattr(Interrupted, test, None)


if __name__ == "__main__":
    main()
