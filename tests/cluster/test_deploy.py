# SPDX-License-Identifier: MIT
"""`pisdk deploy`, `rollback`, `undeploy`: what arrives, what travels, what stays.

Run as an ordinary user against an installed pisdk (see emulator/setup).
"""

import json
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from deploys import Deploys, wait_for  # noqa: E402
from harness import main, nightly, write  # noqa: E402

WITHOUT_RSYNC = ("mkdir -p ~/norsync; [ -e ~/norsync/sh ] || { ln -s /usr/bin/* ~/norsync; "
                 "rm ~/norsync/rsync; }; PATH=$HOME/norsync\n")


class Content(Deploys):
    def test_what_travels(self):
        project = self.project({"a": "one\n"})
        self.random(project, "big", 8 << 20)
        boards = self.deploy(project)
        first = boards["pi1"]["release"]
        self.assertEqual({b["state"] for b in boards.values()}, {"done"})
        self.assertTrue(all(b["sent"] > 8 << 20 for b in boards.values()), boards)
        self.assertEqual({b["from"] for b in boards.values()} - {"pi1", "pi2"}, {"desktop"})
        self.all_have(first)
        # Nothing, when nothing changed.
        boards = self.deploy(project)
        self.assertEqual({(b["state"], b["sent"], b["release"]) for b in boards.values()},
                         {("unchanged", 0, first)})
        # A byte of 8 MB, and the other file is the same one.
        with open(project / "data/big", "r+b") as file:
            file.seek(4 << 20)
            byte = file.read(1)[0]
            file.seek(4 << 20)
            file.write(bytes([255 - byte]))
        boards = self.deploy(project)
        second = boards["pi1"]["release"]
        self.assertNotEqual(first, second)
        self.assertTrue(all(0 < b["sent"] < 100e3 for b in boards.values()), boards)
        self.all_have(second)
        inodes = self.ssh("pi2", f"cd {self.base()}/releases; stat -c %i {first}/data/a "
                          f"{second}/data/a {first}/data/big {second}/data/big").split()
        self.assertEqual(len(set(inodes)), 4)  # a release shares no file with another
        self.assertEqual(self.ssh("pi1", f"ls -A {self.base()}/incoming"), "")

    def test_names(self):
        """With rsync and without, in one deploy."""
        names = ["with space", "two\nlines", "-n", "--help", "back\\slash", "\\n", "quote'", '"',
                 "Grüße-日本", ".hidden", "$HOME `id` *", "deep/-x/ y ", "tab\there", "#x", "\x01"]
        project = self.project({name: f"<{name}>" for name in names})
        write(project / "data/empty file", "")
        write(project / "data/run me", "#!/bin/sh\n", 0o755)
        (project / "data/no files/below").mkdir(parents=True)
        (project / "data/link").symlink_to("deep/-x")
        (project / "data/deep/up").symlink_to("../run me")
        (project / "data/whole").symlink_to(project / "data/two\nlines")
        self.rc("pi2", WITHOUT_RSYNC)
        self.deploys(project)
        for board in self.names:
            out = self.ssh(board, f"cd {self.base()}/current/data; find . -printf '%y %m %P %l\\0'")
            found = sorted(line for line in out.split("\0") if line)
            wanted = [f"f 644 {n} " for n in (*names, "empty file")]
            wanted += ["f 755 run me ", "d 755  ", "d 755 no files ", "d 755 no files/below ",
                       "d 755 deep ", "d 755 deep/-x ", "l 777 link deep/-x",
                       "l 777 deep/up ../run me", "l 777 whole two\nlines"]
            self.assertEqual(found, sorted(wanted), board)
            self.assertEqual(self.ssh(board, f"cd {self.base()}/work/data; cat ./-n 'two\nlines'"),
                             "<-n><two\nlines>")
        # And the same again, as a difference.
        write(project / "data/-n", "changed")
        (project / "data/two\nlines").unlink()
        (project / "data/whole").unlink()
        (project / "data/with space").unlink()
        write(project / "data/with space/now a folder", "x")
        self.deploys(project)

    def test_without_rsync(self):
        project = self.project()
        self.random(project, "big", 3 << 20)
        for board in self.names:
            self.rc(board, WITHOUT_RSYNC)
        self.deploys(project)
        write(project / "data/a", "changed\n")
        boards = self.deploy(project)
        self.assertTrue(all(b["sent"] > 3 << 20 for b in boards.values()), boards)
        self.all_have(boards["pi1"]["release"])
        # rsync is there again: what came by tar is built upon.
        for board in self.names:
            (self.shared / board / "rc").unlink()
        write(project / "data/a", "again\n")
        boards = self.deploy(project)
        self.assertTrue(all(b["sent"] < 10e3 for b in boards.values()), boards)
        self.all_have(boards["pi1"]["release"])

    def test_libraries_that_were_built_before(self):
        """They go along and are found, when the program is started by hand, too."""
        project = self.project()
        own = self.dir / "own"
        write(own / "own.c", "int own(void) { return 42; }\n")
        self.ok("exec", "--", "sh", "-c", "mkdir lib && gcc -shared -fPIC -o lib/libown.so own.c", cwd=own)
        write(project / "p.c", '#include <stdio.h>\nint own(void);\nint main(void) { printf("%d\\n", own()); }\n')
        write(project / "Makefile", "p: p.c\n\tgcc -o p p.c -lown\n")
        write(project / "pisdk.ini", f"[project]\nname = {self.name}\n[build]\nprefixes = {own}\n")
        boards = self.deploy(project)
        self.assertEqual({b["state"] for b in boards.values()}, {"done"})
        self.assertEqual(self.ssh("pi1", f"{self.base()}/current/bin/p"), "42\n")

    def test_links_that_lead_out(self):
        project = self.project()
        write(self.dir / "secret", "")
        link = project / "data/folder/out"
        for target in ["../../../secret", self.dir / "secret", "/etc/passwd"]:
            link.symlink_to(target)
            self.fails(2, *self.args("deploy"), cwd=project,
                       says=[str(link), str(target), "outside"], hint="replace it with a copy")
            link.unlink()
        link.symlink_to("nowhere")
        self.fails(2, *self.args("deploy"), cwd=project, says=[str(link), "nowhere", "does not exist"])
        link.unlink()
        link.symlink_to("../../pisdk.ini")
        self.fails(2, *self.args("deploy"), cwd=project, says=[str(link), "not deployed"])
        link.unlink()
        os.mkfifo(link)
        self.fails(2, *self.args("deploy"), cwd=project, says=[str(link), "neither a file"])
        self.assertEqual(self.sound(), dict.fromkeys(self.names, ""))

    def test_changed_while_read(self):
        project = self.project()
        self.random(project, "big", 48 << 20)
        done = threading.Event()

        def change():
            n = 0
            with open(project / "data/big", "r+b", buffering=0) as file:
                while not done.wait(0.001):
                    n += 1
                    file.seek(n % 48 << 20)
                    file.write(n.to_bytes(8, "little"))
        writer = threading.Thread(target=change)
        writer.start()
        try:
            self.fails(1, *self.args("deploy"), cwd=project,
                       says=[str(project / "data/big"), "changed while it was read"],
                       hint="nothing writes to it")
        finally:
            done.set()
            writer.join()
        self.assertEqual(self.sound(), dict.fromkeys(self.names, ""))
        self.random(project, "big", 1000)
        self.deploys(project)

    @nightly
    def test_many_files(self):
        project = self.project()
        for i in range(10000):
            path = project / f"data/{i // 100}/{i}"
            if i % 100 == 0:
                path.parent.mkdir()
            path.write_text(f"file {i}")
        self.deploys(project)
        write(project / "data/42/4242", "changed")
        boards = self.deploy(project)
        self.assertTrue(all(b["sent"] < 1e6 for b in boards.values()), boards)
        self.all_have(boards["pi1"]["release"])


class Large(Deploys):
    BOARDS = 1

    @nightly
    def test_a_large_file(self):
        project = self.project()
        with open(project / "data/large", "wb") as file:
            file.truncate((1 << 30) - 100)
            file.seek(0, os.SEEK_END)
            file.write(os.urandom(100))
        [release] = {b["release"] for b in self.deploy(project, timeout=300).values()}
        for board in self.names:
            size = self.ssh(board, f"stat -c %s {self.base()}/releases/{release}/data/large")
            self.assertEqual(int(size), 1 << 30)
        self.nothing_runs()


class Releases(Deploys):
    BOARDS = 3

    def listed(self, project):
        """Releases by board, the current one first."""
        rows = json.loads(self.ok(*self.args("deploy", "--list", "--json"), cwd=project).out)
        rows.sort(key=lambda r: r["current"] is not True and r["current"] != "yes")
        return {n: [r["release"] for r in rows if r["board"] == n] for n in self.names}, rows

    @nightly
    def test_keep_and_back(self):
        project = self.project()
        ids = [self.deploys(project)]
        for board in self.names:
            self.ssh(board, f"cd {self.base()}/work && cat data/a && mkdir -p out && "
                     "echo result >out/r && echo mine >notes")
        for n in range(3):
            write(project / "data/a", f"{n}\n")
            (project / f"new{n}").write_text("")
            ids.append(self.deploys(project, "--keep", 3))
        found, rows = self.listed(project)
        for board in self.names:
            self.assertEqual(set(found[board]), set(ids[1:]))
            self.assertEqual(found[board][0], ids[3])
        self.assertRegex(rows[0]["since"], r"^\d{4}-\d\d-\d\dT[\d:]{8}Z$")
        self.assertIn("@", rows[0]["by"])
        # Back to the one before, and forth; to a named one, by a part of its name.
        self.assertEqual({b["release"] for b in
                          self.deploy(project, command="rollback").values()}, {ids[2]})
        self.all_have(ids[2])
        self.deploy(project, ids[1][:8], command="rollback")
        self.all_have(ids[1])
        self.assertEqual(self.ssh("pi2", f"cat {self.base()}/work/data/a"), "0\n")
        self.fails(1, *self.args("rollback", "ffffffffffff"), cwd=project,
                   says="no board has a release `ffffffffffff`", hint="--list")
        self.all_have(ids[1])
        # One board lacks it: none is switched.
        self.ssh("pi2", f"rm -r {self.base()}/releases/{ids[3]}")
        self.deploy(project, ids[3], command="rollback", status=5)
        self.blames("pi2", f"does not have release {ids[3]}")
        self.all_have(ids[1])
        # A deploy of what is there already sends it only to that board.
        boards = self.deploy(project)
        self.assertEqual([b["sent"] > 0 for b in boards.values()], [False, True, False])
        self.all_have(ids[3])
        self.deploy(project, "--keep", 1)
        write(project / "data/a", "last\n")
        ids.append(self.deploys(project, "--keep", 1))
        self.assertEqual(set(map(tuple, self.listed(project)[0].values())), {(ids[4],)})
        for board in self.names:
            self.assertEqual(self.ssh(board, f"cd {self.base()}/work; cat out/r notes data/a"),
                             "result\nmine\nlast\n")
        # Nothing is left of it.
        self.assertEqual({b["state"] for b in
                          self.deploy(project, command="undeploy").values()}, {"done"})
        for board in self.names:
            self.assertEqual(self.ssh(board, f"ls -d {self.base()} .local/share/pisdk/"
                                      f"{self.name}* 2>/dev/null; true"), "")
        self.assertEqual(self.listed(project)[1], [])
        self.fails(1, *self.args("rollback"), cwd=project, says="no earlier release")
        self.deploys(project)

    def test_releases_do_not_touch_each_other(self):
        """Another mode of the same bytes, a program that writes to its own data: no other has it."""
        project = self.project({"tool": "#!/bin/sh\necho tool\n", "state": "new\n"})
        (project / "data/tool").chmod(0o755)
        one = self.deploys(project)
        (project / "data/tool").chmod(0o644)
        write(project / "data/more", "more")
        two = self.deploys(project)
        for board in self.names:
            self.ssh(board, f"cd {self.base()}/current/data && test ! -x tool && echo used >state")
        self.assertEqual({b["release"] for b in
                          self.deploy(project, command="rollback").values()}, {one})
        for board in self.names:
            self.assertEqual(self.ssh(board, f"cd {self.base()}/current/data; ./tool; cat state"),
                             "tool\nnew\n")
        # What was written to is not gone back to, and the next deploy of it sends it again.
        self.deploy(project, two, command="rollback", status=5)
        for board in self.names:
            self.assertRegex(self.said, rf"{board}: .*{two}.*: data/state has other content")
        self.all_have(one)
        self.deploy(project)
        self.all_have(two)

    def test_verify(self):
        project = self.project({"a": "one\n", "b": "two\n", "two\nlines": "x", "run": "#!/bin/sh\n"})
        (project / "data/run").chmod(0o755)
        (project / "data/link").symlink_to("a")
        self.deploys(project)
        done = self.ok(*self.args("deploy", "--verify"), cwd=project)
        self.assertIn("3 of 3 boards match what was deployed", done.err)
        self.assertEqual(done.out, "")
        self.ssh("pi2", f"cd {self.base()}/current/data; chmod 600 b; echo other >a; rm 'two\nlines'; "
                 "rm link; ln -s b link; chmod a-x run; mkdir __pycache__; echo x >__pycache__/x")
        done = self.pisdk(*self.args("deploy", "--verify", "--json"), cwd=project)
        self.assertEqual(done.status, 3, str(done))
        self.assertIn("1 of 3 boards differ from what was deployed", done.err)
        self.assertIn("hint: pisdk deploy --again", done.err)
        found = {(r["board"], r["file"], r["what"]) for r in json.loads(done.out)}
        self.assertEqual(found, {
            ("pi2", "data/a", "has other content"),
            ("pi2", "data/b", "has mode 600 instead of 644"),
            ("pi2", "data/run", "has mode 644 instead of 755"),
            ("pi2", "data/two\\nlines", "is missing: a file"),
            ("pi2", "data/link a", "is missing: a link"),
            ("pi2", "data/link b", "was added: a link"),
            ("pi2", "data/__pycache__", "was added: a folder"),
            ("pi2", "data/__pycache__/x", "was added: a file")})
        boards = self.deploy(project, "--again")
        self.assertEqual([b["sent"] > 0 for b in boards.values()], [False, True, False])
        self.ok(*self.args("deploy", "--verify"), cwd=project)
        self.all_have(boards["pi2"]["release"])

    def test_from_another_desktop(self):
        """What is built upon is fetched from a board, and looked for once only when it was spoilt."""
        project = self.project()
        self.random(project, "big", 2 << 20)
        self.deploys(project)
        self.env["PISDK_CACHE_DIR"] = str(self.dir / "second")
        write(project / "data/a", "two\n")
        boards = self.deploy(project)
        self.assertTrue(all(b["sent"] < 10e3 for b in boards.values()), boards)
        release = boards["pi1"]["release"]
        for board in self.names:
            self.ssh(board, f"for r in {self.base()}/releases/*; do echo spoilt >$r/data/big; done")
        self.env["PISDK_CACHE_DIR"] = str(self.dir / "third")
        write(project / "data/a", "three\n")
        boards = self.deploy(project, "-v")
        self.assertTrue(all(b["sent"] > 2 << 20 for b in boards.values()), boards)
        self.assertEqual(self.said.count(f"release {release} on pi"), 1, self.said)
        self.all_have(boards["pi1"]["release"])

    def test_boards_that_differ(self):
        project = self.project({"a": "old\n"})
        old = self.deploys(project)
        self.ssh("pi3", f"mv {self.base()} kept")
        self.fault("kill", "pi2")
        write(project / "data/a", "new\n")
        boards = self.deploy(project, "--partial", status=5)
        self.blames("pi2")
        new = boards["pi1"]["release"]
        self.assertEqual(self.sound(), {"pi1": new, "pi3": new})
        self.fault("start", "pi2")
        self.ssh("pi3", f"rm -r {self.base()}")  # as a board that was reinstalled
        self.assertEqual(self.sound(), {"pi1": new, "pi2": old, "pi3": ""})
        boards = self.deploy(project)
        self.assertEqual([b["state"] for b in boards.values()], ["unchanged", "done", "done"])
        self.all_have(new)

    def test_without_keys(self):
        """Boards that cannot log in to each other are fed from here, and that is said."""
        project = self.project()
        self.random(project, "big", 2 << 20)
        for board in self.names:
            self.ssh(board, "mv .ssh/id_ed25519 away")
            self.addCleanup(self.ssh, board, "mv away .ssh/id_ed25519")
        boards = self.deploy(project)
        self.assertEqual({b["from"] for b in boards.values()}, {"desktop"})
        self.assertIn("cannot log in to others", self.said)
        self.all_have(boards["pi1"]["release"])

    def test_shared_home(self):
        """Boards whose homes are one folder, on a file server."""
        for board in ("pi1", "pi2"):
            self.rc(board, f"export XDG_DATA_HOME={self.shared}/home\n")
        project = self.project()
        boards = self.deploy(project)
        self.assertEqual(sorted(b["state"] for b in boards.values()), ["done", "done", "shared"])
        self.assertIn("shared", (boards["pi1"]["state"], boards["pi2"]["state"]))
        write(project / "data/a", "two\n")
        release = self.deploy(project)["pi3"]["release"]
        for board in self.names:
            out = self.ssh(board, "cd -P ${XDG_DATA_HOME:-.local/share}/pisdk/"
                           f"{self.name}/current && pwd && cat data/a")
            self.assertTrue(out.endswith(f"/{release}\ntwo\n"), out)
        self.all_have(release)
        self.deploy(project, command="undeploy")
        self.assertEqual(self.sound(), dict.fromkeys(self.names, ""))
        self.assertFalse((self.shared / "home/pisdk" / self.name).exists())

    @nightly
    def test_two_desktops(self):
        one = self.project({"a": "one\n"}, place="one")
        two = self.project({"a": "two\n"}, place="two")
        processes = [self.begin(p, "--json", env={"PISDK_CACHE_DIR": str(self.place / p.name)})
                     for p in (one, two)]
        results = [self.boards_of(self.end(p)) for p in processes]
        last = self.sound()
        self.assertEqual(len(set(last.values())), 1, last)
        ids = [{b["release"] for b in r.values()} for r in results]
        self.assertEqual([len(i) for i in ids], [1, 1])
        self.assertNotEqual(ids[0], ids[1])
        self.assertIn(set(last.values()), ids)
        histories = {self.ssh(b, f"cut -d' ' -f1 {self.base()}/history") for b in self.names}
        self.assertEqual(len(histories), 1, histories)
        self.assertEqual(len(histories.pop().split()), 2)

    @nightly
    def test_a_clock_that_jumps(self):
        """Who deploys keeps the lock, also when the board's clock is set back an hour meanwhile."""
        projects = [self.project({"a": f"{place}\n"}, place=place) for place in ("one", "two")]
        self.hold("pi2", "sha256sum", "-c")
        first = self.begin(projects[0])
        wait_for(lambda: self.is_held("pi2"))
        second = self.begin(projects[1])
        wait_for(lambda: self.ssh("pi2", f"ls {self.base()}/seen.* 2>/dev/null || true"))
        self.ssh("pi2", f"cd {self.base()} && touch -d '+1 hour' seen.*")
        holder = self.ssh("pi2", f"readlink {self.base()}/lock")
        for _ in range(16):
            self.assertEqual(self.ssh("pi2", f"sleep 2; readlink {self.base()}/lock"), holder)
        self.let_go("pi2")
        self.end(first)
        self.end(second)
        self.assertEqual(self.ssh("pi2", f"cat {self.base()}/current/data/a"), "two\n")

    @nightly
    def test_a_slow_board(self):
        """It holds up no other's staging."""
        project = self.project()
        self.random(project, "big", 16 << 20)
        self.raw("cluster", "limit", "--name", self.cluster, "--rate", "1mbit", "pi1")
        process = self.begin(project)
        ready = []
        while len(ready) < 2:
            line = process.stderr.readline()
            self.assertTrue(line)
            ready += [line] if line.endswith(": ready\n") else []
        self.fault("heal", "pi1")
        self.assertEqual(sorted(ready), ["pi2: ready\n", "pi3: ready\n"])
        self.end(process)
        self.assertIn("pi1: done", self.said)
        self.assertEqual(len(set(self.sound().values())), 1)


if __name__ == "__main__":
    main()
