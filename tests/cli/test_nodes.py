# SPDX-License-Identifier: MIT
"""The boards of a project: pisdk.ini, hostfiles, inventories, and what --nodes means."""

import json
import os
import signal
import stat
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, path_without, write  # noqa: E402

PROJECT = "; mine\n[project]\nname = p ; short\n\n# boards\n"
INVENTORY = """\
desk ansible_host=10.0.0.1
[pis]
pi[1:2] ansible_user=pi slots=2
[pis:vars]
ansible_ssh_private_key_file=keys/pi
"""


class Nodes(Case):
    def setUp(self):
        super().setUp()
        self.project = self.dir / "p"
        self.ini = write(self.project / "pisdk.ini", PROJECT)

    def nodes(self, *args, says=0, **options):
        return self.pisdk("nodes", *args, cwd=self.project, **options)

    def good(self, *args):
        return self.ok("nodes", *args, cwd=self.project)

    def bad(self, status, *args, **options):
        """Fails, and pisdk.ini is as before."""
        before = self.ini.read_bytes()
        result = self.fails(status, "nodes", *args, cwd=self.project, **options)
        self.assertEqual(self.ini.read_bytes(), before)
        return result

    def listed(self, *args):
        rows = json.loads(self.good("list", "--json", *args).out)
        return [(r["node"], r["host"], r["slots"], r["board"], r["from"]) for r in rows]

    def hosts(self, *args):
        return [f"{row[0]}={row[1]}" for row in self.listed(*args)]


SSH = """#!/bin/sh
case $BEHAVIOUR in
silent) exec sleep 600 ;;
refuses) echo 'ssh: connect to host pi1 port 22: Connection refused' >&2; exit 255 ;;
busy) echo x >>"$HOME/tries"
    echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255 ;;
esac
"""


class NoWayToABoard(Nodes):
    """Each command that talks to boards ends with its error, whatever ssh does."""

    COMMANDS = [["deploy", "--list"], ["deploy", "--verify"], ["deploy"], ["rollback"], ["undeploy"],
                ["exec", "--on", "nodes", "--", "true"], ["nodes", "probe"], ["nodes", "doctor"]]

    def setUp(self):
        super().setUp()
        write(self.ini, "[project]\nname = p\n[build]\nsystem = command\ncommand = true\n"
              "[deploy]\nfiles = data\n[nodes]\nlogin-timeout = 3\n[node pi1]\n")
        write(self.project / "data/a", "a")

    def behave(self, how):
        write(self.dir / "bin/ssh", SSH, 0o755)
        return {"BEHAVIOUR": how, "PATH": f"{self.dir}/bin:{os.environ['PATH']}"}

    def commands(self):
        # A deploy needs a sysroot, which is not here: it fails before, and that is tested elsewhere.
        return [c for c in self.COMMANDS if c != ["deploy"]]

    def test_no_ssh(self):
        path = path_without(self.dir / "path", "ssh")
        for words in self.commands():
            with self.subTest(words):
                done = self.pisdk(*words, cwd=self.project, env={"PATH": path}, timeout=30)
                self.assertNotEqual(done.status, 0, str(done))
                self.assertIn("ssh", done.err + done.out)
                self.assertIn("sudo apt install openssh-client", done.err + done.out)

    def test_refused(self):
        env = self.behave("refuses")
        for words in self.commands():
            with self.subTest(words):
                done = self.pisdk(*words, cwd=self.project, env=env, timeout=30)
                self.assertNotEqual(done.status, 0, str(done))
                self.assertRegex(done.err + done.out, "no sshd is running there|no-answer")

    def test_busy_boards_are_tried_again(self):
        done = self.pisdk("exec", "--on", "nodes", "--", "true", cwd=self.project,
                          env=self.behave("busy"), timeout=30)
        self.assertEqual(done.status, 5, str(done))
        self.assertGreater((self.dir / "tries").read_text().count("x"), 2)

    def test_interrupt(self):
        """Also while a login is waited for."""
        for words in self.commands():
            with self.subTest(words):
                process = self.start(*words, cwd=self.project, env=self.behave("silent"))
                time.sleep(1)
                process.send_signal(signal.SIGINT)
                self.assertNotEqual(process.wait(timeout=20), 0)

    def test_who_is_waited_for(self):
        process = self.start("exec", "--on", "nodes", "--", "true", cwd=self.project,
                             env=self.behave("silent"))
        self.assertRegex(process.stderr.readline(), r"^still waiting for pi1 \(\d+ s\)$")
        process.send_signal(signal.SIGTERM)
        self.assertNotEqual(process.wait(timeout=20), 0)

    def test_login_timeout(self):
        write(self.ini, "[project]\nname = p\n[nodes]\nlogin-timeout = 0\n")
        self.fails(2, "nodes", "list", cwd=self.project, says="login-timeout")


class Add(Nodes):
    def test_one_board(self):
        self.good("add", "pi@10.0.0.11")
        self.assertEqual(self.ini.read_text(),
                         PROJECT + "\n[node 10.0.0.11]\nhost = pi@10.0.0.11\n")
        self.good("add", "pi@pi2.local", "--slots", 4, "--board", "pi4")
        self.assertEqual(self.ini.read_text(),
                         PROJECT + "\n[node 10.0.0.11]\nhost = pi@10.0.0.11\n"
                         "\n[node pi2]\nhost = pi@pi2.local\nslots = 4\nboard = pi4\n")
        self.assertEqual(self.listed(), [("10.0.0.11", "pi@10.0.0.11", None, None, "pisdk.ini"),
                                         ("pi2", "pi@pi2.local", 4, "pi4", "pisdk.ini")])

    def test_several(self):
        self.good("add", "a", "u@b", "--slots", 2)
        self.assertEqual(self.listed(), [("a", "a", 2, None, "pisdk.ini"),
                                         ("b", "u@b", 2, None, "pisdk.ini")])

    def test_ranges(self):
        self.good("add", "pi@pi[1-3].local", "--slots", 4)
        self.assertIn("[node pi[1-3]]\nhost = pi@pi[1-3].local\nslots = 4\n", self.ini.read_text())
        self.good("add", "pi@10.0.0.[11,13]")
        self.good("add", "rack[1-2]-pi[1-2]", "--name", "x[01-04]")
        self.assertEqual(self.hosts(), [
            "pi1=pi@pi1.local", "pi2=pi@pi2.local", "pi3=pi@pi3.local",
            "10.0.0.11=pi@10.0.0.11", "10.0.0.13=pi@10.0.0.13",
            "x01=rack1-pi1", "x02=rack1-pi2", "x03=rack2-pi1", "x04=rack2-pi2"])

    def test_the_file_is_kept(self):
        """Byte for byte, with odd spacing, no newline at its end, its permissions, and a link."""
        text = "\ufeff; ü\r\n[project]\r\n  name=p\n\n\n[run]\nprogram =  q\n;end"
        self.ini.write_bytes(text.encode())
        self.ini.chmod(0o640)
        real = self.dir / "elsewhere.ini"
        self.ini.rename(real)
        self.ini.symlink_to(real)
        self.good("add", "pi1")
        self.assertEqual(real.read_bytes(), (text + "\n\n[node pi1]\nhost = pi1\n").encode())
        self.assertEqual(stat.S_IMODE(real.stat().st_mode), 0o640)
        self.assertTrue(self.ini.is_symlink())
        self.assertEqual(sorted(os.listdir(self.project)), ["pisdk.ini"])

    def test_refused(self):
        self.good("add", "pi[1-2]")
        self.bad(2, "add", says="needs HOST")
        self.bad(2, "add", "pi1", says="`pi1` already exists, in pisdk.ini", hint="--name")
        self.bad(2, "add", "x@pi[2-3].local", says="`pi2` already exists")
        self.bad(2, "add", "a", "b@a", says="`a` is given twice")
        self.bad(2, "add", "a;reboot", says="`a;reboot`")
        self.bad(2, "add", "--", "-oProxyCommand=x", says="-oProxyCommand=x")
        self.bad(2, "add", "a b", says="`a b`")
        self.bad(2, "add", "a\nhost = b", says="`a")
        self.bad(2, "add", "a[1-", says="no ]")
        self.bad(2, "add", "a", "--name", "b c", says="`b c` is not a valid node name")
        self.bad(2, "add", "a", "--name", "b]", says="`b]` is not a valid node name")
        self.bad(2, "add", "a[1-2]", "--name", "b", says="`b` is 1, and `a[1-2]` is 2")
        self.bad(2, "add", "a", "b", "--name", "c", says="one HOST")
        self.bad(2, "add", "a[1-2]-x", says="[node a[1-2]-x]", hint="--name node[1-2]")
        self.bad(2, "add", "a", "--slots", 0, says="--slots")
        self.bad(2, "add", "a", "--slots", 4097, says="--slots")
        self.bad(1, "add", "a", "--board", "pi99", says="`pi99`")
        self.bad(2, "add", "a", "--board", "zero", says="ARMv6")
        self.bad(2, "add", "a", "--name", "x" * 60, says="is not a [section]")
        self.bad(2, "add", "a[" + "1-2," * 45 + "9]", says="twice")
        self.fails(1, "nodes", "add", "a", cwd=self.dir, says="not a project")

    def test_a_file_that_cannot_be_written(self):
        limited = ("sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh")
        self.bad(1, "add", "a", says="File too large", prefix=limited)
        self.bad(1, "add", "a", says="File too large", prefix=limited)
        self.assertEqual(sorted(os.listdir(self.project)), ["pisdk.ini"])


class AtOnce(Nodes):
    def test_two_add(self):
        """None undoes what another one has just added."""
        adding = [self.start("nodes", "add", f"10.0.0.{i}", "--name", f"n{i}", cwd=self.project)
                  for i in range(1, 13)]
        for process in adding:
            self.assertEqual(process.wait(timeout=60), 0)
        names = [row[0] for row in self.listed()]
        self.assertEqual(sorted(n for n in names if n.startswith("n")), sorted(f"n{i}" for i in range(1, 13)))


class Remove(Nodes):
    def test_what_was_added(self):
        before = self.ini.read_text()
        self.good("add", "pi1")
        self.good("add", "pi[2-3]")
        self.good("remove", "pi1")
        self.assertEqual(self.ini.read_text(), before + "\n[node pi[2-3]]\nhost = pi[2-3]\n")
        self.good("remove", "pi[2-3]")
        self.assertEqual(self.ini.read_text(), before)

    def test_comments_stay(self):
        self.ini.write_text("\n[node a]\n; of a\nhost = x\n\n; of b\n[node b]\n\n[project]\nname = p\n"
                            "[node c]\nslots = 2\n# below c\n\n[node d]\nhost = d\n  [node a]\n")
        self.bad(2, "list", says="pisdk.ini:17")  # `host` twice, the second goes on in its line
        self.ini.write_text("\n[node a]\n; of a\nhost = x\n\n; of b\n[node b]\n\n[project]\nname = p\n"
                            "[node c]\nslots = 2\n# below c\n\n[node d]\nhost = d\n")
        self.good("remove", "a", "c")
        self.assertEqual(self.ini.read_text(), "\n; of b\n[node b]\n\n[project]\nname = p\n"
                         "# below c\n\n[node d]\nhost = d\n")
        self.good("remove", "d", "b")
        self.assertEqual(self.ini.read_text(), "\n; of b\n\n[project]\nname = p\n# below c\n")

    def test_all_sections_of_a_node(self):
        self.ini.write_text(PROJECT + "[node a]\nhost = x\n[node b]\n[node a]\nslots = 2\n")
        self.assertEqual(self.listed()[0], ("a", "x", 2, None, "pisdk.ini"))
        self.good("remove", "a")
        self.assertEqual(self.ini.read_text(), PROJECT + "[node b]\n")

    def test_refused(self):
        self.ini.write_text(PROJECT + "[nodes]\nfile = hosts\n[node pi[1-4]]\nslots = 1\n")
        write(self.project / "hosts", "far1\n")
        self.bad(2, "remove", "pi3", says=["`pi3` is one of [node pi[1-4]]", "pisdk.ini:8"],
                 hint="pisdk nodes remove 'pi[1-4]'")
        self.bad(2, "remove", "far1", says=["`far1` is in ", "/hosts"])
        self.bad(1, "remove", "pi[1-4]", "pi9", says="no node `pi9`", hint="did you mean `pi1`")
        self.bad(1, "remove", "xyzzy", says="no node `xyzzy`", hint="pisdk nodes list")

    def test_what_is_still_known_from_elsewhere(self):
        self.ini.write_text(PROJECT + "[node pi[1-4]]\nslots = 1\n[node pi2]\nslots = 2\n")
        self.assertIn("the node itself is in pisdk.ini", self.good("remove", "pi2").err)
        self.assertEqual(self.listed()[1], ("pi2", "pi2", 1, None, "pisdk.ini"))


class List(Nodes):
    def test_none(self):
        result = self.good("list")
        self.assertEqual(result.out, "")
        self.assertIn("pisdk nodes add", result.err)
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.ok("nodes", "list", "--json", cwd=self.dir).out, "[]\n")

    def test_table(self):
        self.good("add", "pi@pi1.local", "--slots", 4, "-b", "pi4")
        self.good("add", "pi@pi2.local")
        self.assertEqual(self.good("list").out,
                         "NODE  HOST          SLOTS  BOARD  FROM\n"
                         "pi1   pi@pi1.local      4  pi4    pisdk.ini\n"
                         "pi2   pi@pi2.local                pisdk.ini\n")

    def test_a_section_alone_is_a_node(self):
        self.ini.write_text(PROJECT + "[node pi[08-10]]\n[node x]\nhost = pi@10.0.0.1\n")
        self.assertEqual(self.hosts(), ["pi08=pi08", "pi09=pi09", "pi10=pi10", "x=pi@10.0.0.1"])

    def test_a_hostfile(self):
        self.ini.write_text(PROJECT + "[nodes]\nfile = lists/hosts\n"
                            "[node pi[1-2]]\nboard = pi4\n[node pi2]\nslots = 9\n[node pi3]\n")
        hosts = write(self.project / "lists/hosts", "pi@pi1.local slots=2\npi2:3\nfar\n")
        (self.project / "src").mkdir()
        rows = json.loads(self.ok("nodes", "list", "--json", cwd=self.project / "src").out)
        self.assertEqual([tuple(r.values()) for r in rows], [
            ("pi1", "pi@pi1.local", 2, "pi4", str(hosts)), ("pi2", "pi2", 9, "pi4", str(hosts)),
            ("far", "far", None, None, str(hosts)), ("pi3", "pi3", None, None, "pisdk.ini")])
        self.ini.write_text(self.ini.read_text() + "[node far]\nhost = near\n")
        self.bad(2, "list", says=["pisdk.ini:13", "`far` is already in", "lists/hosts"])
        hosts.write_text("pi1 slots=x\n")
        self.bad(2, "list", says=["[nodes]", "lists/hosts:1", "`slots`"])
        hosts.unlink()
        self.bad(1, "list", says=["[nodes]", "lists/hosts"])

    def test_an_inventory(self):
        inventory = write(self.project / "inventory", INVENTORY)
        self.ini.write_text(PROJECT + "[nodes]\nfile = inventory\n")
        self.assertEqual(self.hosts(), ["desk=10.0.0.1", "pi1=pi@pi1", "pi2=pi@pi2"])
        self.ini.write_text(PROJECT + "[nodes]\nfile = inventory\ngroup = pis\n")
        self.assertEqual(self.listed(), [("pi1", "pi@pi1", 2, None, str(inventory)),
                                         ("pi2", "pi@pi2", 2, None, str(inventory))])
        self.ini.write_text(PROJECT + "[nodes]\nfile = inventory\ngroup = pi\n")
        self.bad(1, "list", says="no group `pi`", hint="`pis`")

    def inventory(self, text, *nodes, name="inventory"):
        write(self.project / name, text)
        return self.hosts("--nodes", ":".join((name, *nodes)))

    def test_what_ansible_knows(self):
        """Groups, variables and which of them counts are Ansible's own."""
        text = """\
; ours
desk ansible_host=10.0.0.1 # not a board
[pis] # new ones
pi1 ansible_host="10.0.0.11" ansible_user='ann' slots=2
pi[08:09].local:2222 model='Pi 4' ansible_port=2200
[pis:vars]
ansible_user = pi
slots="4"
[old]
pi1
pi0 ansible_ssh_private_key_file=/k/old
[both:children]
pis
old
[empty]
[all:vars]
ansible_user=root
ansible_become_password="a # b"
"""
        write(self.project / "group_vars/old", "ansible_user: old\n")
        self.assertEqual(self.inventory(text), [
            "desk=root@10.0.0.1", "pi1=ann@10.0.0.11", "pi08.local=pi@pi08.local",
            "pi09.local=pi@pi09.local", "pi0=old@pi0"])
        self.assertEqual(self.inventory(text, "old"), ["pi1=ann@10.0.0.11", "pi0=old@pi0"])
        self.assertEqual(self.inventory(text, "ungrouped"), ["desk=root@10.0.0.1"])
        self.bad(1, "list", "--nodes", "inventory:empty", says="no nodes in inventory:empty")
        rows = json.loads(self.good("list", "--json", "--nodes", "inventory:pis").out)
        self.assertEqual([r["slots"] for r in rows], [2, 4, 4])

    def test_inventories_of_other_forms(self):
        text = "all:\n  children:\n    pis:\n      vars: {ansible_user: pi}\n      hosts: {pi1: , pi2: }\n"
        for name, start in (("hosts.yml", ""), ("hosts.yaml", ""), ("hosts", "# boards\n---\n")):
            self.assertEqual(self.inventory(start + text, "pis", name=name), ["pi1=pi@pi1", "pi2=pi@pi2"])
        program = write(self.project / "program", """#!/usr/bin/env python3
print('{"pis": {"hosts": ["b", "a"]}, "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1"}}}}')
""")
        self.bad(2, "list", "--nodes", "program", says="program:2: ")
        program.chmod(0o755)
        self.assertEqual(self.hosts("--nodes", "program"), ["b=b", "a=10.0.0.1"])
        program.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
        self.bad(2, "list", "--nodes", "program", says=["program: ansible-inventory cannot read it", "broken"])
        # Nothing else is run, whatever its mode.
        for file in ("hosts.yml", "inventory", "plain"):
            write(self.project / file, {"hosts.yml": text, "plain": "pi1\n"}.get(file, INVENTORY)).chmod(0o755)
            self.assertIn("pi1", "".join(self.hosts("--nodes", file)))

    def test_a_broken_inventory(self):
        for text, says in [
            ("[pis\nx\n", "unpack"),
            ("[a]\npi1 slots\n", "Expected key=value"),
            ("[a]\nx\n[a:children]\nb\n", "undefined group"),
            ("[a:children]\na\n", "inventory"),
            ("[a]\npi1 slots=x\n", "host `pi1`: `slots`"),
            ("[a]\npi[1-2]\n", "host range"),
            ("[a]\npi1 ansible_host={{x}}\n", "`{{x}}` is not HOST"),
            ("[a]\ny ansible_connection=local\n", "ansible_connection `local`"),
        ]:
            write(self.project / "inventory", text)
            self.bad(2, "list", "--nodes", "inventory", says=["inventory: ", says])
        write(self.project / "x.yml", "all: [\n")
        self.bad(2, "list", "--nodes", "x.yml", says="x.yml: ansible-inventory cannot read it")

    def test_settings_of_ansible(self):
        """Those of the user, of the folder, and a home that cannot be written to."""
        write(self.project / "ansible.cfg",
              "[defaults]\ninventory = /nowhere\nverbosity = 4\nforce_color = true\n"
              "[inventory]\nenable_plugins = host_list\nexport = true\n")
        write(self.project / "inventory", INVENTORY)
        home = self.dir / "home"
        home.mkdir(mode=0o555)
        for more in ({}, {"ANSIBLE_DEBUG": "1"}, {"HOME": str(home)}, {"LC_ALL": "C"}, {"HOME": "/nowhere"}):
            result = self.ok("nodes", "list", "--json", "--nodes", "inventory", cwd=self.project, env=more)
            self.assertEqual([r["host"] for r in json.loads(result.out)], ["10.0.0.1", "pi@pi1", "pi@pi2"])

    def test_without_ansible(self):
        path = path_without(self.dir / "bin", "ansible*")
        write(self.project / "inventory", INVENTORY)
        write(self.project / "hosts", "pi1:4\n")
        self.bad(1, "list", "--nodes", "inventory", env={"PATH": path}, says="ansible-inventory is not installed",
                 hint="sudo apt install ansible-core")
        self.ok("nodes", "list", "--nodes", "hosts", cwd=self.project, env={"PATH": path})

    def test_an_inventory_that_does_not_end(self):
        program = write(self.project / "program", f"#!/bin/sh\necho $$ >{self.dir}/pid; exec sleep 600\n")
        program.chmod(0o755)
        shorter = write(self.dir / "bin/timeout", '#!/bin/sh\nshift 4\nexec /usr/bin/timeout --foreground '
                                                  '-s KILL 3 "$@"\n')
        shorter.chmod(0o755)
        self.bad(1, "list", "--nodes", "program", says="program: ansible-inventory did not end within 60 s",
                 env={"PATH": f"{shorter.parent}:{os.environ['PATH']}"})
        pid = (self.dir / "pid").read_text().strip()
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_the_weakest_board(self):
        """Of all nodes, each with what a later section adds to it."""
        def weakest(text):
            self.ini.write_text(PROJECT + text)
            return self.pisdk("-v", "build", "-b", "auto", cwd=self.project).err
        self.assertIn("board: pi2, the weakest of 5 nodes",
                      weakest("[node pi[1-4]]\nboard = pi4\n[node pi2]\nslots = 1\n"
                              "[node old]\nboard = pi2\n"))
        self.assertIn("node `pi3` does not say which board it is",
                      weakest("[node pi1]\nboard = pi4\n[node pi[2-3]]\n[node pi2]\nboard = pi4\n"))

    def test_broken(self):
        for text, says, hint in [
            ("[node pi[1-4]\n", ["pisdk.ini:6", "is not a [section]"], "[node pi[1-64]]"),
            ("[node pi1]]\n", ["pisdk.ini:6"], None),
            ("[node pi1] host = x\n", ["pisdk.ini:6"], None),
            ("[node pi[1-2]-x]\n", ["pisdk.ini:6"], "[node pi[1-64]]"),
            ("[node pi[1-x]]\n", ["pisdk.ini:6", "`1-x`"], None),
            ("[node]\n", ["pisdk.ini:6", "has no name"], None),
            ("[node a b]\n", ["pisdk.ini:6", "`a b`"], None),
            ("[node a]\nhost = -oX\n", ["pisdk.ini:6", "`-oX`"], None),
            ("[node a[1-2]]\nhost = x\n", ["pisdk.ini:6", "`a[1-2]` is 2, and `x` is 1"], None),
            ("[node a[1-2]]\npeer = x[1-3]\n", ["pisdk.ini:6", "`x[1-3]` is 3"], None),
            ("[node a]\n[node a]\nhost = x\nhost = y\n", ["pisdk.ini:9", "twice"], None),
            ("[node a[1-2]]\n[node a2]\nhost = x\n", ["pisdk.ini:7", "`a2` is already in pisdk.ini"], None),
            ("[node a]\nport = 65536\n", ["pisdk.ini:7", "`port`"], None),
            ("[node a]\nslots = 0\n", ["pisdk.ini:7", "`slots`"], None),
            ("[node a]\nidentty = x\n", ["pisdk.ini:7", "`identty`"], "`identity`"),
            ("[nodes]\ngroup = x\n", ["`group`", "no `file`"], None),
            ("[nodes]\nfiles = x\n", ["pisdk.ini:7", "`files`"], "`file`"),
            ("[deploy]\nkeep = 0\n", ["pisdk.ini:7", "`keep`"], None),
            ("[deploy]\nkeep = 101\n", ["pisdk.ini:7", "`keep`"], None),
            ("[deploy]\nfile = x\n", ["pisdk.ini:7", "`file`"], "`files`"),
        ]:
            self.ini.write_text(PROJECT + text)
            self.bad(2, "list", says=says, hint=hint)
        self.ini.write_text(PROJECT + "[deploy]\nfiles = a b\n  data/*.txt\nkeep = 100\n")
        self.good("list")


class Choice(Nodes):
    """What --nodes means."""

    def setUp(self):
        super().setUp()
        self.good("add", "pi@10.0.0.[11-14]", "--name", "pi[1-4]", "--slots", 4, "-b", "pi3")

    def test_names_and_hosts(self):
        self.assertEqual(self.listed("--nodes", "pi3"),
                         [("pi3", "pi@10.0.0.13", 4, "pi3", "pisdk.ini")])
        self.assertEqual(self.hosts("--nodes", "pi[4,1],x@far.org,pi2"),
                         ["pi4=pi@10.0.0.14", "pi1=pi@10.0.0.11", "far=x@far.org", "pi2=pi@10.0.0.12"])
        self.assertEqual(self.listed("--nodes", "n[1-2]"), [("n1", "n1", None, None, None),
                                                            ("n2", "n2", None, None, None)])
        rows = json.loads(self.ok("nodes", "list", "--json", "--nodes", "a,b", cwd=self.dir).out)
        self.assertEqual([r["host"] for r in rows], ["a", "b"])

    def test_files(self):
        write(self.project / "hosts", "h1:2\n")
        write(self.project / "inv:x", INVENTORY)
        self.assertEqual(self.listed("--nodes", "hosts"), [("h1", "h1", 2, None, "hosts")])
        self.assertEqual(self.hosts("--nodes", "./hosts"), ["h1=h1"])
        self.assertEqual(self.hosts("--nodes", "inv:x"), ["desk=10.0.0.1", "pi1=pi@pi1", "pi2=pi@pi2"])
        self.assertEqual(self.hosts("--nodes", "inv:x:pis"), ["pi1=pi@pi1", "pi2=pi@pi2"])
        self.bad(1, "list", "--nodes", "inv:x:pi", says="no group `pi`", hint="`pis`")
        self.bad(2, "list", "--nodes", "hosts:pis", says="no group `pis`")
        write(self.project / "empty", "# none\n")
        self.bad(1, "list", "--nodes", "empty", says="no nodes in empty", hint="pisdk nodes add")

    def test_refused(self):
        self.bad(1, "list", "--nodes", "pi[1-5]", says="no node `pi5`", hint="pisdk nodes list")
        self.bad(2, "list", "--nodes", "pi1,pi[1-2]", says="`pi1` is listed twice")
        self.bad(1, "list", "--nodes", "./nowhere", says="no such file: ./nowhere")
        self.bad(2, "list", "--nodes", "far:22", says="`far:22` is not HOST")
        self.bad(2, "list", "--nodes", "a,,b", says="`` is not HOST")
        self.bad(2, "list", "--nodes", "", says="`` is not HOST")
        self.bad(2, "list", "--nodes", "-oX", says="`-oX` is not HOST")
        self.bad(2, "list", "--nodes", ".", says="is not HOST")


if __name__ == "__main__":
    main()
