# SPDX-License-Identifier: MIT
"""pisdk nodes probe and doctor, on emulated boards that the user's own ssh reaches.

Run as an ordinary user, against an installed pisdk (see emulator/setup).
"""

import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import main, nightly, write  # noqa: E402
from test_cluster import Cluster  # noqa: E402

PROJECT = "[project]\nname = p\n"

# An mpirun and an orted that a person unpacked in the home, and a ~/.bashrc as Debian's.
OWN_MPI = r"""
mkdir -p ompi/bin
printf '#!/bin/sh\necho "mpirun (Open MPI) 5.0.7"\n' > ompi/bin/mpirun
printf '#!/bin/sh\n' > ompi/bin/orted
chmod +x ompi/bin/*
printf 'case $- in *i*) ;; *) return ;; esac\nexport PATH=$HOME/ompi/bin:$PATH\n' > .bashrc
"""


class Nodes(Cluster):
    def begin(self, boards, *args, nodes=None, sysroot="bookworm"):
        """A cluster, and a project whose nodes are its boards."""
        nodes = f"[node pi[1-{boards}]]\nhost = pi[1-{boards}]\n" if nodes is None else nodes
        write(self.dir / "pisdk.ini", f"{PROJECT}[target]\nsysroot = {sysroot}\n{nodes}")
        self.up(boards, *args)
        self.settings = self.ok("cluster", "ssh-config", "--path").out.strip()
        self.config = write(self.dir / "config", f"Include {self.settings}\n", 0o600)

    def probe(self, status=0, *args):
        result = self.pisdk("nodes", "probe", "--json", "--ssh-config", self.config, *args)
        self.assertEqual(result.status, status, str(result))
        return {board["node"]: board for board in json.loads(result.out)}

    def doctor(self, status=5, *args):
        """What is wrong: (node, problem) to (what was found, what mends it)."""
        result = self.pisdk("nodes", "doctor", "--json", "--ssh-config", self.config, *args)
        self.assertEqual(result.status, status, str(result))
        rows = json.loads(result.out)
        self.assertEqual(status == 5, any(row["verdict"] == "wrong" for row in rows), rows)
        return {(row["node"], row["problem"]): (row["found"], row["mend"]) for row in rows}

    def mend(self, command):
        """Does what the doctor said."""
        done = subprocess.run(command, shell=True, env=self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")


class Probe(Nodes):
    def test_three_boards(self):
        self.begin(3, "--board", "pi3")
        before = self.ssh("pi2", "ls -A . /tmp")
        boards = self.probe()
        self.assertEqual(list(boards), ["pi1", "pi2", "pi3"])
        b = boards["pi2"]
        self.assertIn("Raspberry Pi 3", b["model"])
        expected = {"host": "pi2", "answers": True, "release": "bookworm", "arch": "armhf",
                    "machine": "armv7l", "glibc": "2.36", "glibcxx": "3.4.30", "time_t": 32,
                    "cores": 4, "hostname": "pi2", "user": "pi", "home": "/home/pi",
                    "writable": True, "rsync": True, "elsewhere": None, "problems": [],
                    "memory": 1 << 30,
                    "addresses": [{"interface": "eth0", "address": "10.77.0.2", "prefix": 16}],
                    "reach": {"from": "pi1", "reached": True, "as": "pi2", "error": None},
                    "mpi": {"flavour": "openmpi", "version": "4.1.4", "place": "/usr/bin/orterun",
                            "daemon": "/usr/bin/orted"}}
        self.assertEqual({key: b[key] for key in expected}, expected)
        self.assertTrue(1e9 < b["free"] < 9e9, b["free"])
        self.assertIsNone(boards["pi1"]["reach"])
        for b in boards.values():  # they have this machine's clock
            self.assertLess(abs(b["clock_offset"]), b["clock_error"] + 0.05, b)
            self.assertLess(b["clock_error"], 5)
        self.assertEqual(self.ssh("pi2", "ls -A . /tmp"), before)
        # As a table, of boards that are named, and of the cluster itself.
        status = json.loads(self.ok("nodes", "status", "--ssh-config", self.config, "--nodes", "pi3,pi1", "--json").out)
        self.assertEqual([(s["node"], s["state"], s["cores"] > 0, s["available"] > 0) for s in status],
                         [("pi3", "up", True, True), ("pi1", "up", True, True)])
        self.assertRegex(status[0]["load"], r"^\d+\.\d\d$")
        out = self.ok("nodes", "probe", "--ssh-config", self.config, "--nodes", "pi3,pi1").out
        head, *rows = out.splitlines()
        self.assertEqual(head.split(), ["NODE", "MODEL", "SYSTEM", "GLIBC", "MPI", "TIME_T",
                                        "CORES", "MEMORY", "FREE", "CLOCK", "PROBLEMS"])
        self.assertEqual([row.split()[0] for row in rows], ["pi3", "pi1"])
        self.assertRegex(rows[0], r"bookworm armhf +2\.36 +openmpi 4\.1\.4 +32 +4 +1\.1 GB .* [-+]0\.")
        self.assertEqual(len(json.loads(self.ok("nodes", "probe", "--to", "cluster", "--json").out)), 3)
        result = self.ok("nodes", "doctor", "--to", "cluster")
        self.assertEqual(result.out, "")
        self.assertIn("no problems found on 3 boards", result.err)
        self.assertFalse((self.dir / ".cache/pisdk/nodes").exists())  # asked each time

    def test_one_is_off(self):
        self.begin(3)
        self.ok("cluster", "kill", "pi1")
        boards = self.probe(5)
        self.assertEqual([b["answers"] for b in boards.values()], [False, True, True])
        self.assertEqual([p["problem"] for p in boards["pi1"]["problems"]], ["no-answer"])
        self.assertNotIn("model", boards["pi1"])
        self.assertEqual(boards["pi3"]["reach"]["from"], "pi2")  # the first that answers
        result = self.fails(5, "nodes", "probe", "--ssh-config", self.config,
                            says="1 of 3 boards did not answer", hint="nodes doctor")
        self.assertRegex(result.out, r"\npi1 +\(no answer\) +no-answer\npi2 +\S")
        found = self.doctor()
        self.assertEqual(list(found), [("pi1", "no-answer")])
        result = self.fails(5, "nodes", "doctor", "--ssh-config", self.config,
                            says="found problems on 1 of 3 boards")
        self.assertIn("no-answer", result.out)

    def test_one_is_cut(self):
        self.begin(2)
        self.ok("cluster", "cut", "pi2")
        found = self.doctor()
        self.assertEqual(list(found), [("pi2", "no-answer")])
        self.assertRegex(found["pi2", "no-answer"][0], "it does not answer|not on the network")

    @nightly
    def test_one_hangs(self):
        self.begin(2)
        self.ssh("pi2", "echo sleep 1000 > .bashrc")
        start = time.monotonic()
        boards = self.probe(5)
        self.assertLess(time.monotonic() - start, 100)
        self.assertTrue(boards["pi1"]["answers"])
        self.assertIn("it hangs", boards["pi2"]["problems"][0]["found"])

    def test_other_releases(self):
        """Two clusters, of which one has Debian 13 and MPICH."""
        self.begin(1, nodes="[node pi1]\nhost = pi1\n[node new]\nhost = new\n")
        self.up(2, "--name", "two", "--sysroot", "trixie-mpich")
        other = self.ok("cluster", "ssh-config", "--name", "two").out
        self.assertIn("Host pi1 pi2\n", other)
        write(self.config, "Host new\n HostName pi2\n HostKeyAlias pi2\n"
              + other.replace("Host pi1 pi2\n", "Host new\n") + f"Match all\nInclude {self.settings}\n")
        new = self.probe()["new"]
        self.assertEqual((new["release"], new["time_t"], new["mpi"]["flavour"]),
                         ("trixie", 64, "mpich"))
        self.assertRegex(new["mpi"]["version"], r"^4\.[0-9.]+$")
        self.assertTrue(new["mpi"]["daemon"].endswith("/hydra_pmi_proxy"), new)
        found = self.doctor()
        self.assertEqual(set(found), {("new", "system"), ("new", "mpi"), ("new", "reach")})
        self.assertEqual(found["new", "system"][0],
                         "it has trixie with 64-bit time_t; pi1 has bookworm with 32-bit time_t")
        self.assertIn("pi1 has openmpi 4.1.4", found["new", "mpi"][0])


class Doctor(Nodes):
    def test_clock(self):
        self.begin(2)
        self.ssh("pi2", r"""mkdir bin && printf '#!/bin/sh\nexec /bin/date -d "-1 hour" "$@"\n' > bin/date
                 chmod +x bin/date && echo 'PATH=$HOME/bin:$PATH' > .bashrc""")
        found = self.doctor()
        self.assertEqual(list(found), [("pi2", "clock")])
        what, mend = found["pi2", "clock"]
        self.assertRegex(what, r"^its clock is (59 min 59|60 min 0) s behind this machine's$")
        self.assertEqual(mend, f"ssh -t -F '{self.config}' pi2 sudo timedatectl set-ntp true")
        offset = self.probe()["pi2"]["clock_offset"]
        self.assertLess(abs(offset + 3600), 1)

    def test_home(self):
        self.begin(3)
        self.ok("cluster", "fill", "pi1")
        self.ssh("pi2", "chmod a-w .")
        found = self.doctor()
        self.assertEqual(list(found), [("pi1", "space"), ("pi2", "home")])
        self.assertEqual(found["pi1", "space"][0], "its home has 0 B left")
        self.assertIn("Permission denied", found["pi2", "home"][0])
        self.assertFalse(self.probe()["pi2"]["writable"])

    def test_no_login_between_boards(self):
        self.begin(3)
        self.ssh("pi1", "rm .ssh/id_ed25519")
        found = self.doctor()
        self.assertEqual(list(found), [("pi2", "reach"), ("pi3", "reach")])
        what, mend = found["pi3", "reach"]
        self.assertEqual(what, "pi1 cannot log in to it as pi3: it does not accept a login "
                         "without a password")
        self.assertEqual(mend, f"ssh -t -F '{self.config}' pi1 "
                         "'ssh-keygen -t ed25519 && ssh-copy-id pi3'")

    def test_host_key_between_boards(self):
        self.begin(2)
        self.ssh("pi1", "echo 'UserKnownHostsFile /dev/null\nGlobalKnownHostsFile /dev/null' "
                 "> .ssh/config")
        found = self.doctor()
        self.assertEqual(list(found), [("pi2", "reach")])
        self.assertIn("host key not known yet", found["pi2", "reach"][0])
        self.assertTrue(found["pi2", "reach"][1].endswith(" pi1 ssh pi2 true"))

    def test_names_that_boards_do_not_know(self):
        self.begin(2, nodes="[node pi1]\nhost = pi1\n[node second]\nhost = second\n")
        write(self.config, "Host second\n HostName pi2\n HostKeyAlias pi2\n"
              + Path(self.settings).read_text().replace("Host pi1 pi2\n", "Host pi1 second\n"))
        found = self.doctor(0)
        self.assertEqual(list(found), [("second", "name")])
        self.assertEqual(found["second", "name"][0], "pi1 reaches it as 10.77.0.2, but not as second")
        self.assertEqual(self.probe()["second"]["reach"]["as"], "10.77.0.2")
        # When none of the names does, it is the first that counts.
        self.ssh("pi1", "rm .ssh/id_ed25519")
        what, mend = self.doctor()["second", "reach"]
        self.assertEqual(what, "pi1 cannot log in to it as second: unknown host name")
        self.assertIn('"echo 10.77.0.2 second | sudo tee -a /etc/hosts"', mend)

    def test_host_key_is_another_one(self):
        self.begin(2)
        known = Path(self.settings).with_name("known_hosts").read_text()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "other"],
                       check=True)
        lines = [line for line in known.splitlines() if line.startswith("pi1,")]
        other = (self.dir / "other.pub").read_text()
        write(self.dir / "known", "\n".join([*lines, "pi2 " + other]))
        write(self.config, f"UserKnownHostsFile {self.dir}/known\nInclude {self.settings}\n", 0o600)
        found = self.doctor()
        self.assertEqual(list(found), [("pi2", "host-key")])
        self.assertIn("host key changed", found["pi2", "host-key"][0])
        self.assertIn("ssh-keygen -R pi2", found["pi2", "host-key"][1])
        write(self.dir / "known", "\n".join(lines) + "\n")
        self.assertIn("not known yet", self.doctor()["pi2", "host-key"][0])

    def test_nobody_is_let_in(self):
        self.begin(1)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "other"],
                       check=True)
        text = Path(self.settings).read_text()
        write(self.config, text.replace(self.settings.replace("ssh_config", "key"),
                                        str(self.dir / "other")))
        found = self.doctor()
        self.assertEqual(found["pi1", "no-answer"],
                         ("it does not accept a login without a password", "ssh-copy-id pi1"))

    def test_no_mpi(self):
        write(self.dir / "plain.ini", (Path(__file__).parent / "plain/plain.ini").read_text())
        self.begin(1, sysroot="plain")
        found = self.doctor()
        self.assertEqual(found["pi1", "no-mpi"],
                         ("it has no MPI: mpirun not found",
                          f"ssh -t -F '{self.config}' pi1 sudo apt install openmpi-bin"))
        self.assertIsNone(self.probe()["pi1"]["mpi"])
        # One of the user's own, which an interactive shell finds; then what the doctor says.
        self.ssh("pi1", OWN_MPI)
        what, mend = self.doctor()["pi1", "path"]
        self.assertIn("/home/pi/ompi/bin/mpirun is installed", what)
        self.mend(mend)
        self.assertNotIn(("pi1", "path"), self.doctor(0))
        self.assertEqual(self.probe()["pi1"]["mpi"],
                         {"flavour": "openmpi", "version": "5.0.7",
                          "place": "/home/pi/ompi/bin/mpirun",
                          "daemon": "/home/pi/ompi/bin/orted"})

    def test_no_orted_in_path(self):
        self.begin(2)
        self.ssh("pi2", "mkdir only && ln -sf /bin/* /usr/bin/* only && rm -f only/orted && "
                 "echo 'PATH=$HOME/only' > .bashrc")
        found = self.doctor()
        self.assertEqual(list(found), [("pi2", "path")])
        what, mend = found["pi2", "path"]
        self.assertIn("orted, which mpirun starts by ssh, is not in the PATH", what)
        self.assertIn("but is /usr/bin/orted", what)
        self.assertIn("export PATH=/usr/bin:", mend)
        b = self.probe()["pi2"]
        self.assertIsNone(b["mpi"]["daemon"])
        self.assertEqual(b["elsewhere"], "/usr/bin/orted")

    def test_one_board_twice(self):
        self.begin(2, nodes="[node a]\nhost = pi1\n[node b]\nhost = pi@pi1\n")
        found = self.doctor()
        self.assertEqual(found, {("b", "same-board"): ("it is a, by another name",
                                                       "pisdk nodes remove b")})

    def test_wrong_words(self):
        self.begin(1, nodes="")
        self.fails(1, "nodes", "probe", says="no nodes configured", hint="pisdk nodes add")
        self.fails(2, "nodes", "doctor", "--to", "moon", says="`moon` names no boards")
        self.fails(1, "nodes", "probe", "--nodes", "pi1", "--ssh-config", "/nowhere",
                   says="no such file: /nowhere")


if __name__ == "__main__":
    main()
