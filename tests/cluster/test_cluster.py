# SPDX-License-Identifier: MIT
"""Emulated clusters: boards, network, tools that reach them, faults, programs across them, the end.

Run as root and as an ordinary user, against an installed pisdk (see emulator/setup).
"""

import contextlib
import json
import os
import re
import pty
import resource
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, Result, core, main, nightly, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
NO_NAMESPACES = ["unshare", "--user", "--map-root-user", "sh", "-c",
                 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]


def processes():
    """This user's processes that belong to clusters: number, name, state."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid != os.getuid():
                continue
            name, state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
            name = name.split("(", 1)[1]
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if state.split()[0] != "Z" and (name == "pisdk-cluster" or b"cluster\0up" in command):
                found.append((int(pid), name, state.split()[0]))
    return found


def namespaces():
    """All namespaces that some process is in."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind in ["mnt", "net", "pid", "user", "uts", "ipc"]:
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
    return found


def wait_for(what, seconds=30):
    """Until it is true: a limit against hanging, not a measurement."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


WAITING = """
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int rank, value;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    puts("begun");
    fflush(stdout);
    MPI_Recv(&value, 1, MPI_INT, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Finalize();
}
"""


class Cluster(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.runtime = self.dir / "run"
        self.env["PISDK_RUNTIME_DIR"] = str(self.runtime)
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self):
        self.pisdk("cluster", "down", "--all")
        wait_for(lambda: not self.ours())
        self.assertFalse(self.runtime.exists(), list(self.runtime.rglob("*")))

    def ours(self):
        """Processes of this test's clusters: their locks are open in them."""
        found = []
        for pid, name, state in processes():
            with contextlib.suppress(OSError):
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    with contextlib.suppress(OSError):
                        if os.readlink(f"/proc/{pid}/fd/{fd}").startswith(str(self.runtime)):
                            found.append((pid, name, state))
                            break
        return found

    def supervisor(self):
        [pid] = [pid for pid, name, _ in self.ours() if name == "pisdk-cluster"]
        return pid

    def up(self, boards, *args, **options):
        return self.ok("cluster", "up", "-n", boards, *args, **options)

    def ssh(self, board, command, status=0, **options):
        result = self.pisdk("cluster", "ssh", board, command, **options)
        self.assertEqual(result.status, status, str(result))
        return result.out

    def status(self, *args):
        return {b["board"]: b for b in
                json.loads(self.ok("cluster", "status", "--json", *args).out)}

    def project(self, template="mpi-c"):
        self.ok("new", "heat", "--template", template)
        return self.dir / "heat"


class Boards(Cluster):
    @core
    def test_what_a_board_is(self):
        self.up(3, "--board", "pi3")
        out = self.ssh("pi2", "hostname; id; uname -m; pwd; echo $HOME $SHELL $OMPI_MCA_plm; nproc --all;"
                       " cat /sys/firmware/devicetree/base/model; echo; . /etc/os-release;"
                       " echo $VERSION_CODENAME; cat /etc/hostname; getent hosts pi3 desktop")
        lines = out.splitlines()
        self.assertEqual(lines[0], "pi2")
        self.assertIn("uid=1000(pi) gid=1000(pi)", lines[1])
        self.assertEqual(lines[2:5], ["armv7l", "/home/pi", "/home/pi /bin/bash rsh"])
        self.assertIn("Raspberry Pi 3", out)
        self.assertIn("bookworm\npi2\n", out)
        self.assertRegex(out, r"10\.77\.0\.3 +pi3\n10\.77\.255\.254 +desktop")
        out = self.ssh("pi1", "for i in 1 2 3; do ssh pi$i hostname; done; ping -c 1 10.77.0.3")
        self.assertTrue(out.startswith("pi1\npi2\npi3\n"), out)
        self.assertIn("1 received", out)
        # Each has files, processes and a network of its own.
        self.ssh("pi1", "echo one > own; sleep 60 >/dev/null 2>&1 & ls")
        self.assertEqual(self.ssh("pi2", "ls; pgrep sleep || ip -br addr | grep -c 10.77"), "1\n")
        self.assertEqual(self.ssh("pi3", "exit 7", status=7), "")

    def test_status(self):
        self.up(2, "--rate", "10mbit")
        boards = self.status()
        self.assertEqual(list(boards), ["pi1", "pi2"])
        self.assertEqual(boards["pi2"]["address"], "10.77.0.2")
        self.assertEqual((boards["pi1"]["state"], boards["pi1"]["kbit"]), ("up", 10000))
        self.assertEqual((boards["pi1"]["processes"], boards["pi1"]["memory"]), (0, 0))
        self.ssh("pi1", "head -c 5000000 /dev/zero > file; python3 -c 'import time; time.sleep(60)' >/dev/null 2>&1 &")
        wait_for(lambda: self.status()["pi1"]["memory"] > 1e6)
        boards = self.status()
        self.assertGreaterEqual(boards["pi1"]["processes"], 1)
        self.assertGreater(boards["pi1"]["storage"], 5e6)
        self.assertEqual(boards["pi2"]["processes"], 0)
        self.assertIn("BOARD", self.ok("cluster", "status").out)
        # Again and again, until the cluster has ended.
        watching = self.start("cluster", "status", "--watch")
        for _ in range(2):
            self.assertIn("CLUSTER", watching.stdout.readline())
            while watching.stdout.readline() != "\n":
                pass
        self.ok("cluster", "down")
        self.assertEqual(watching.wait(20), 0)

    def test_logs(self):
        self.up(2)
        self.ssh("pi1", "true")
        self.ok("cluster", "cut", "pi2")
        out = self.ok("cluster", "logs").out
        self.assertRegex(out, r"pi1: .* a connection from 10\.77\.255\.254")
        self.assertIn("pi1: Accepted publickey for pi", out)
        self.assertRegex(out, r"cluster: [-0-9]+ [:0-9]+ cut pi2")
        self.assertNotIn("pi1:", self.ok("cluster", "logs", "pi2").out)
        self.fails(1, "cluster", "logs", "pi9", says="no board `pi9`")

    def test_nobody_else_is_let_in(self):
        self.up(1)
        config = self.ok("cluster", "ssh-config", "--path").out.strip()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "other"],
                       check=True)
        text = Path(config).read_text().replace(config.replace("ssh_config", "key"),
                                                str(self.dir / "other"))
        write(self.dir / "config", text)
        done = subprocess.run(["ssh", "-F", self.dir / "config", "pi1", "true"], env=self.env,
                              capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Permission denied", done.stderr)
        for name in ["key", "host_key"]:
            self.assertEqual(Path(config).with_name(name).stat().st_mode & 0o77, 0)

    def test_many(self):
        self.up(256)
        self.assertEqual(len(self.status()), 256)
        self.assertEqual(self.ssh("pi256", "ssh pi1 hostname"), "pi1\n")

    def test_two_clusters(self):
        self.up(1, "--name", "one")
        self.up(2, "--name", "two")
        self.fails(2, "cluster", "up", "--name", "two", says="cluster `two` already", hint="--name")
        for command in [["down"], ["ssh", "pi1"], ["cut", "pi1"], ["heal", "pi1"], ["logs"]]:
            self.fails(1, "cluster", *command, says="no cluster `default` is running",
                       hint="running: one, two (--name one, or cluster:one)")
        # One project's commands leave another's alone, also when it is the only one.
        self.ok("cluster", "down", "--name", "two")
        write(self.dir / "third/pisdk.ini", "[project]\nname = third\n[build]\nsystem = command\n"
              "command = true\n")
        for command in [["cluster", "down"], ["cluster", "kill", "pi1"], ["deploy", "--to", "cluster"],
                        ["run", "--on", "cluster", "true"], ["exec", "--on", "cluster", "--", "true"]]:
            self.fails(1, *command, cwd=self.dir / "third", says="no cluster of project `third`",
                       hint="cluster up")
        self.up(2, "--name", "two")
        self.ok("cluster", "ssh", "--name", "one", "pi1", "echo first > f")
        self.assertEqual(self.ok("cluster", "ssh", "--name", "two", "pi1", "ls").out, "")
        self.assertEqual(len(json.loads(self.ok("cluster", "status", "--json").out)), 3)
        self.ok("cluster", "down", "--name", "one")
        self.assertEqual(self.ok("cluster", "ssh", "--name", "two", "pi2", "hostname").out, "pi2\n")


class Tools(Cluster):
    """Programs that know ssh know the boards."""

    def setUp(self):
        super().setUp()
        self.up(2)
        self.config = self.ok("cluster", "ssh-config", "--path").out.strip()
        self.file = write(self.dir / "a file", "content\n" * 1000)

    def run_tool(self, *args, **env):
        done = subprocess.run(args, env={**self.env, **env}, cwd=self.dir, capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{args}: {done.stdout}{done.stderr}")
        return done.stdout

    def test_ssh_config(self):
        self.assertEqual(self.ok("cluster", "ssh-config").out, Path(self.config).read_text())
        write(self.dir / ".ssh/config", f"Include {self.config}\n", 0o600)
        # HOME does not count for ssh, so the file is named; what counts is that it can be included.
        self.assertEqual(self.run_tool("ssh", "-F", self.dir / ".ssh/config", "pi2", "hostname"),
                         "pi2\n")

    def test_without_pisdks_environment(self):
        done = subprocess.run(["ssh", "-F", self.config, "pi1", "hostname"], capture_output=True,
                              env={"PATH": os.environ["PATH"], "HOME": "/"}, text=True, timeout=60, cwd="/")
        self.assertEqual(done.stdout, "pi1\n", done.stderr)

    def test_scp_and_sftp(self):
        self.run_tool("scp", "-q", "-F", self.config, self.file, "pi1:copied")
        self.run_tool("scp", "-q", "-F", self.config, "pi1:copied", self.dir / "back")
        self.assertEqual((self.dir / "back").read_text(), self.file.read_text())
        write(self.dir / "batch", "mkdir new\nput batch new/there\nls new\n")
        self.assertIn("there", self.run_tool("sftp", "-q", "-F", self.config, "-b",
                                             self.dir / "batch", "pi1"))

    def test_rsync(self):
        self.run_tool("rsync", "-a", "-e", f"ssh -F {self.config}", self.file, "pi2:there/")
        self.assertEqual(self.ssh("pi2", "cat 'there/a file'"), self.file.read_text())

    def test_forward(self):
        """A port of this desktop, while there is a cluster; nothing waits for who forwards it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        told = self.ok("cluster", "forward", "pi2", port).err
        key = re.search(r"user pi, key (.*)", told).group(1)
        self.assertIn(f"127.0.0.1:{port} is port 22 of pi2, until the cluster is down\n", told)
        login = ["ssh", "-F", "none", "-p", str(port), "-i", key, "-o", "StrictHostKeyChecking=no",
                 "-o", f"UserKnownHostsFile={self.dir}/known", "pi@127.0.0.1", "hostname"]
        self.assertEqual(self.run_tool(*login), "pi2\n")
        self.fails(1, "cluster", "forward", "pi1", port, says=f"cannot forward port {port} to port 22 of pi1",
                   hint="Address already in use")
        self.fails(1, "cluster", "forward", "pi9", "2201", says="cannot forward port 2201")
        self.fails(2, "cluster", "forward", "pi1", "22a", says="`PORT`")
        self.ok("cluster", "down")
        end = time.monotonic() + 20
        while socket.socket().connect_ex(("127.0.0.1", port)) == 0:
            self.assertLess(time.monotonic(), end, "the port is still open")
            time.sleep(0.2)

    def test_thonny(self):
        # In one piece, and not the first: Thonny's reader may lose what comes while it begins.
        program = write(self.dir / "where.py", "import platform\nprint()\nprint(f'{platform.machine()} {platform.node()}')\n")
        driver = Path(__file__).resolve().with_name("thonny_backend.py")
        out = self.run_tool("unshare", "-Urn", "/usr/bin/python3", driver, PISDK, "pi2", program)
        self.assertEqual(out.strip(), "armv7l pi2")

    def test_paramiko(self):
        script = write(self.dir / "p.py", f"""
import paramiko
config = paramiko.SSHConfig.from_path({self.config!r}).lookup("pi2")
client = paramiko.SSHClient()
client.load_host_keys(config["userknownhostsfile"])
client.connect(config["hostname"], username=config["user"], key_filename=config["identityfile"],
               sock=paramiko.ProxyCommand(config["proxycommand"]), allow_agent=False,
               look_for_keys=False, timeout=60, banner_timeout=60, auth_timeout=60)
print(client.exec_command("hostname")[1].read().decode(), end="")
client.close()
""")
        self.assertEqual(self.run_tool("/usr/bin/python3", script), "pi2\n")

    def test_ansible(self):
        write(self.dir / "hosts", "[boards]\npi1\npi2\n")
        out = self.run_tool("ansible", "-i", self.dir / "hosts", "boards", "-m", "command",
                            "-a", "hostname", "--ssh-common-args", f"-F {self.config}",
                            ANSIBLE_HOME=str(self.dir / "ansible"), HOME=str(self.dir))
        self.assertRegex(out, r"pi1 \| CHANGED \| rc=0 >>\npi1")
        self.assertRegex(out, r"pi2 \| CHANGED \| rc=0 >>\npi2")

    def test_other_ports(self):
        server = ("import socket; s = socket.create_server(('', 8000)); "
                  "c = s.accept()[0]; c.sendall(c.recv(9).upper()); c.close()")
        self.ssh("pi1", f'python3 -c "{server}" >/dev/null 2>&1 &')
        result = Result(1, "", "")
        for _ in range(100):
            result = self.pisdk("cluster", "connect", "pi1", "8000", input="hello")
            if result.status == 0:
                break
            time.sleep(0.1)
        self.assertEqual(result.out, "HELLO", str(result))
        self.fails(1, "cluster", "connect", "pi1", "8001", says="Connection refused")
        self.fails(2, "cluster", "connect", "pi1", "ssh", says="`ssh` is not a port")

    def test_a_terminal(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.execve(PISDK, [PISDK, "cluster", "ssh", "pi1"], self.env)
        self.addCleanup(os.close, terminal)
        termios.tcsetwinsize(terminal, (33, 99))
        self.read_until(terminal, "$ ")
        os.write(terminal, b"tty; stty size; sleep 100 & jobs\n")
        out = self.read_until(terminal, "Running")
        self.assertIn("/dev/pts/0", out)
        self.assertIn("33 99", out)
        os.write(terminal, b"echo begun; cat\n")
        self.read_until(terminal, "\nbegun")
        time.sleep(0.5)
        os.write(terminal, b"\x03")  # ends cat, not the session
        self.read_until(terminal, "$ ")
        os.write(terminal, b"kill %1; echo status $?\n")
        self.read_until(terminal, "status 0")
        os.write(terminal, b"exit 5\n")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 5)

    @staticmethod
    def read_until(terminal, words):
        out = ""
        while words not in out:
            ready, _, _ = select.select([terminal], [], [], 60)
            assert ready, f"no {words!r} in {out!r}"
            try:
                out += os.read(terminal, 4096).decode(errors="replace")
            except OSError as error:  # the other end is closed
                raise AssertionError(f"no {words!r} in {out!r}") from error
        return out


class Faults(Cluster):
    def test_power(self):
        self.up(2)
        self.ssh("pi2", "echo kept > file; mkdir -p /tmp/x; sync; sleep 100 >/dev/null 2>&1 &")
        self.ok("cluster", "kill", "pi2")
        self.assertEqual(self.status()["pi2"]["state"], "off")
        self.assertEqual(self.status()["pi2"]["processes"], 0)
        self.fails(1, "cluster", "kill", "pi2", says="pi2 is already off")
        self.fails(1, "cluster", "slow", "pi2", says="pi2 is off", hint="cluster start pi2")
        result = self.pisdk("cluster", "ssh", "pi2", "true")
        self.assertEqual(result.status, 255)
        self.assertIn("hint: pisdk cluster start pi2", result.err)
        self.assertIn("0 received", self.ssh("pi1", "ping -c 1 -W 1 pi2", status=1))
        self.ok("cluster", "start", "pi2")
        self.assertEqual(self.ssh("pi1", "ssh pi2 'cat file; pgrep sleep'", status=1), "kept\n")
        self.fails(1, "cluster", "start", "pi2", says="pi2 is already on")
        mounts = self.ssh("pi1", "wc -l < /proc/mounts")
        self.ssh("pi1", "head -c 1000000 /dev/zero > /dev/shm/segment")
        for _ in range(10):
            self.ok("cluster", "kill", "pi1", "pi2")
            self.ok("cluster", "start", "pi1", "pi2")
        self.assertEqual(self.ssh("pi2", "cat file; ssh pi1 hostname"), "kept\npi1\n")
        # What a board has in memory goes with its power.
        self.assertEqual(self.ssh("pi1", "wc -l < /proc/mounts; ls /dev/shm"), mounts)
        # One that fails does not spare the others.
        self.ok("cluster", "kill", "pi1")
        self.fails(1, "cluster", "kill", "pi1", "pi2", says="pi1 is already off")
        self.assertEqual(self.status()["pi2"]["state"], "off")

    def test_hardware_addresses_stay(self):
        """Others remember them: a new one would not be reached for a while."""
        self.up(2)
        addresses = "/usr/sbin/ip -br link show eth0; grep 10.77.255.254 /proc/net/arp"
        for _ in range(2):
            out = self.ssh("pi1", addresses)
            self.assertIn(" 02:00:0a:4d:00:01 ", out)  # 10.77.0.1
            self.assertIn(" 02:00:0a:4d:ff:fe ", out)  # the desktop's 10.77.255.254
            self.ok("cluster", "kill", "pi1", "pi2")
            self.ok("cluster", "start", "pi2", "pi1")

    @core
    def test_cable(self):
        self.up(3)
        self.ok("cluster", "cut", "pi2")
        self.assertEqual(self.status()["pi2"]["state"], "up, cut")
        ping = "ping -c 1 -W 1 pi2 | grep -o '[01] received'; ping -c 1 pi3 | grep -o '[01] received'"
        self.assertEqual(self.ssh("pi1", ping), "0 received\n1 received\n")
        self.ok("cluster", "kill", "pi2")  # the cable is still out afterwards
        self.ok("cluster", "start", "pi2")
        self.assertEqual(self.status()["pi2"]["state"], "up, cut")
        self.assertEqual(self.ssh("pi1", ping), "0 received\n1 received\n")
        self.ok("cluster", "heal", "pi2")
        self.assertEqual(self.status()["pi2"]["state"], "up")
        # pi1 asks for the address of a board that did not answer once a second.
        wait_for(lambda: self.ssh("pi1", ping) == "1 received\n1 received\n")

    def test_storage(self):
        self.up(2)
        self.ssh("pi1", "head -c 1000000 /dev/zero > before")
        self.ok("cluster", "fill", "pi1")
        self.assertEqual(self.status()["pi1"]["state"], "up, full")
        result = self.pisdk("cluster", "ssh", "pi1", "head -c 100000 /dev/zero > more")
        self.assertEqual(result.status, 1)
        self.assertIn("No space left on device", result.err)
        self.assertEqual(self.ssh("pi1", "wc -c < before"), "1000000\n")
        self.ssh("pi2", "head -c 100000 /dev/zero > more")  # the other board's
        self.ok("cluster", "heal", "pi1")
        self.ssh("pi1", "head -c 100000 /dev/zero > more")

    def limited(self, *words, **options):
        """Moves 300 kB, which take 4.4 s at 512 kbit/s, less what the link passes at once."""
        start = time.monotonic()
        self.ok("cluster", "ssh", "pi1", *words, **options)
        return time.monotonic() - start > 3

    @nightly
    def test_rate(self):
        self.up(2, "--rate", "none")
        data = "x" * 300000
        self.ok("cluster", "limit", "pi1", "--rate", "512kbit")
        self.assertEqual(self.status()["pi1"]["kbit"], 512)
        self.assertTrue(self.limited("head -c 300000 /dev/zero"))  # from the board
        self.assertTrue(self.limited("wc -c", input=data))         # to it
        self.ok("cluster", "kill", "pi1")
        self.ok("cluster", "start", "pi1")
        self.assertTrue(self.limited("head -c 300000 /dev/zero"))
        self.assertTrue(self.limited("wc -c", input=data))
        self.ok("cluster", "heal", "pi1")
        self.assertEqual([b["kbit"] for b in self.status().values()], [0, 0])
        wait_for(lambda: not self.limited("head -c 300000 /dev/zero"))
        self.fails(2, "cluster", "limit", "pi1", says="needs a rate", hint="--rate 10mbit")
        self.fails(2, "cluster", "limit", "pi1", "--rate", "0mbit", says="is not a valid rate")

    def states(self, count=300):
        """States in which the board's busy program is seen."""
        found = set()
        for _ in range(count):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(OSError):
                    if self.busy.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                        found.add(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])
            time.sleep(0.002)
        return found

    def test_speed(self):
        self.busy = f"busy-{os.getpid()}"  # other tests may run meanwhile
        self.up(2)
        self.ssh("pi1", f"sh -c 'while :; do :; done' {self.busy} >/dev/null 2>&1 &")
        wait_for(lambda: "R" in self.states(1))
        self.assertNotIn("T", self.states())
        self.ok("cluster", "slow", "pi1", "--speed", "20")
        self.assertEqual(self.status()["pi1"]["state"], "up, slow")
        self.assertIn("T", self.states())
        self.assertEqual(self.ssh("pi1", "echo still there"), "still there\n")
        self.ok("cluster", "heal", "pi1")
        wait_for(lambda: "R" in self.states(1))
        self.assertNotIn("T", self.states())
        for bad in ["0", "100", "half"]:
            self.fails(2, "cluster", "slow", "pi1", "--speed", bad, says="--speed")

    def test_no_such_board(self):
        self.up(2)
        for command in ["kill", "start", "cut", "heal", "fill", "slow"]:
            for board in ["pi3", "pi0", "pi", "1", "pi1x", "pi-1", ""]:
                self.fails(1, "cluster", command, board, says=f"no board `{board}`",
                           hint="pi1 to pi2")


class Programs(Cluster):
    @core
    def test_ranks_across_the_boards(self):
        project = self.project()
        self.up(3, cwd=project)
        out = self.ok("run", "--on", "cluster", "-n", "4", cwd=project).out
        for rank, board in enumerate(["pi1", "pi2", "pi3", "pi1"]):
            self.assertIn(f"rank {rank} of 4 on {board}:", out)
        self.assertIn("mean temperature 16.328", out)
        # A board that is off gets none.
        self.ok("cluster", "kill", "--name", "heat", "pi2")
        out = self.ok("run", "--on", "cluster:heat", "-n", "2", cwd=project).out
        self.assertIn("rank 1 of 2 on pi3:", out)

    def test_other_releases_and_mpich(self):
        for sysroot, version in [("bullseye", "11"), ("trixie-mpich", "13")]:
            with self.subTest(sysroot):
                self.up(2, "--sysroot", sysroot, "--show", self.dir, "--name", sysroot)
                words = ["--on", f"cluster:{sysroot}", "--sysroot", sysroot]
                out = self.ok("run", *words, "-n", "2", "hostname").out
                self.assertEqual(sorted(out.split()), ["pi1", "pi2"])
                out = self.ok("run", *words, "sh", "--", "-c", ". /etc/os-release; echo $VERSION_ID")
                self.assertEqual(out.out, f"{version}\n")

    def test_the_projects_tests(self):
        project = self.project()
        self.up(2, cwd=project)
        out = self.ok("test", "--on", "cluster", cwd=project).out
        self.assertIn("100% tests passed", out)
        log = self.ok("cluster", "logs", "pi2", cwd=project).out
        self.assertIn("Accepted publickey for pi from 10.77.0.1", log)  # mpirun's, from pi1

    def test_streams_status_and_environment(self):
        self.up(1, "--show", self.dir)
        run = ["run", "--on", "cluster"]
        self.assertEqual(self.ok(*run, "cat", input="through\n").out, "through\n")
        result = self.pisdk(*run, "sh", "--", "-c", "echo out; echo err >&2; exit 9")
        self.assertEqual((result.status, result.out, result.err), (9, "out\n", "err\n"))
        self.assertEqual(self.pisdk(*run, "sh", "--", "-c", "kill -9 $$").status, 137)
        out = self.ok(*run, "-x", "OWN", "sh", "--", "-c", "echo $OWN$TOKEN $HOME $PATH; pwd",
                      env={"OWN": "mine", "TOKEN": "secret"}).out
        self.assertEqual(out, f"mine /home/pi /usr/local/bin:/usr/bin:/bin\n{self.dir}\n")

    def test_signals(self):
        self.up(1, "--show", self.dir)
        script = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
        process = self.start("run", "--on", "cluster", "sh", "--", "-c", script)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.stdout.readline(), "got it\n")
        self.assertEqual(process.wait(timeout=30), 3)

    def test_output_that_nobody_reads_any_more(self):
        self.up(1, "--show", self.dir)
        for words in (["-n", "2", "yes"], ["yes"]):
            process = self.start("run", "--on", "cluster", *words)
            self.assertEqual(process.stdout.readline(), "y\n")
            process.stdout.close()
            self.assertEqual(process.wait(timeout=30), 128 + signal.SIGPIPE)
            self.assertEqual(process.stderr.read(), "")

    def test_nothing_of_it_outlives_pisdk(self):
        project = self.project()
        self.up(2, cwd=project)
        process = self.start("run", "--on", "cluster", "-n", "2", "sleep", "1000", cwd=project)
        # On the other board: sshd, orted, and the rank.
        wait_for(lambda: self.status()["pi2"]["processes"] > 2, 60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: all(b["processes"] == 0 for b in self.status().values()), 60)

    def test_a_board_goes_off_meanwhile(self):
        self.up(1, "--show", self.dir)
        process = self.start("run", "--on", "cluster", "sh", "--", "-c", "echo ready; sleep 100")
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.ok("cluster", "kill", "pi1")
        self.assertEqual(process.wait(timeout=30), 5)
        self.assertIn("error: pi1 went off while it ran the program", process.stderr.read())
        self.fails(1, "run", "--on", "cluster", "true", says="no board of cluster",
                   hint="cluster start pi1")

    def ring(self):
        """A project whose two ranks wait for ever, and two boards that see it."""
        write(self.dir / "ring/pisdk.ini", "[project]\nname = ring\n")
        write(self.dir / "ring/CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(ring C)\n"
              "find_package(MPI REQUIRED)\nadd_executable(ring ring.c)\n"
              "target_link_libraries(ring MPI::MPI_C)\n")
        write(self.dir / "ring/ring.c", WAITING)
        self.up(2, cwd=self.dir / "ring")

    def waiting(self, *args):
        """It runs, and its ranks wait."""
        process = self.start("run", "--debug", "--on", "cluster", "-n", "2", *args, "ring",
                             cwd=self.dir / "ring")
        begun = 0
        while begun < 2:
            line = process.stdout.readline()
            self.assertTrue(line, line or process.stderr.read())
            begun += line == "begun\n"
        time.sleep(1)  # from there to where they wait is a moment
        return process

    def test_another_board_is_lost(self):
        """Off, or cut off for long: the run is ended, and the board is named."""
        self.ring()
        for fault, word, mend in (("kill", "went off", "start"), ("cut", "was cut off", "heal")):
            with self.subTest(fault):
                process = self.waiting()
                self.ok("cluster", fault, "--name", "ring", "pi2")
                out, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 5, err)
                self.assertIn(f"error: pi2 {word} during the run", err)
                self.assertIn(f"hint: pisdk cluster {mend} --name ring pi2", err)
                wait_for(lambda: self.status()["pi1"]["processes"] == 0, 30)
                if fault == "cut":  # no run begins on it
                    done = self.ok("run", "--on", "cluster", "-n", "2", "hostname",
                                   cwd=self.dir / "ring")
                    self.assertEqual(done.out, "pi1\npi1\n")
                    self.assertIn("pi2 is cut off", done.err)
                self.ok("cluster", mend, "--name", "ring", "pi2")
                wait_for(lambda: self.status()["pi2"]["processes"] == 0, 60)

    @nightly
    def test_where_ranks_wait(self):
        self.ring()
        for how, status in ((["--timeout", "15"], 124), ([], 130)):
            process = self.waiting(*how)
            if not how:
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, status, err)
            # Which rank is waited for is told where gdb gets through the libraries.
            waits = re.findall(r"(?m)^ranks? (\S+) waits? in MPI_Recv(?: from rank (\d))? at ring\.c:\d+$", err)
            self.assertIn([rank for rank, _ in waits], (["0", "1"], ["0-1"]), err)
            for rank, peer in waits:
                self.assertIn(peer, ("", "10"[int(rank[0])]), err)
            wait_for(lambda: not any(b["processes"] for b in self.status().values()), 60)
            self.assertEqual([f for f in os.listdir(self.dir / "ring") if f.endswith("core")], [])

    def test_what_the_boards_do_not_see(self):
        self.up(1)
        project = self.project()
        self.fails(1, "run", "--on", "cluster:default", cwd=project, says="do not see", hint="--show")
        self.fails(2, "run", "--on", "moon", "true", says="`moon`", hint="--on cluster")
        self.fails(1, "run", "--on", "cluster:other", "true", says="no cluster `other`",
                   hint="cluster up")


class End(Cluster):
    def test_wrong_words(self):
        for n in ["0", "1001", "1000000000000", "-1", "four", ""]:
            self.fails(2, "cluster", "up", "-n", n, says="must be a number from 1 to 1000")
        for name in ["a/b", "..", "-x", "", "x" * 65]:
            self.fails(2, "cluster", "up", f"--name={name}", says="is not a valid cluster name")
        self.fails(2, "cluster", "up", "--rate", "fast", says="`fast` is not a valid rate")
        self.fails(1, "cluster", "up", "--show", "/nowhere", says="cannot show /nowhere")
        self.fails(1, "cluster", "up", "--sysroot", "nosuch", says="nosuch")
        for command in [["down"], ["ssh", "pi1"], ["ssh-config"], ["logs"], ["cut", "pi1"]]:
            self.fails(1, "cluster", *command, says="no cluster is running", hint="cluster up")
        self.assertEqual(json.loads(self.ok("cluster", "status", "--json").out), [])

    def test_a_sysroot_without_mpi(self):
        recipe = (Path(__file__).parent / "plain/plain.ini").read_text()
        write(self.dir / "plain.ini", recipe)
        write(self.dir / "pisdk.ini", "[project]\nname = p\n[target]\nsysroot = plain\n")
        self.up(1)
        self.assertEqual(self.ssh("pi1", "hostname"), "pi1\n")
        self.fails(1, "run", "--on", "cluster", "-n", "2", "true", says="no mpirun")

    @core
    def test_the_supervisor_is_killed(self):
        self.up(4)
        self.ssh("pi1", "sleep 1000 >/dev/null 2>&1 &")
        before = self.ours()
        self.assertEqual(len(before), 5)
        os.kill(self.supervisor(), signal.SIGKILL)
        wait_for(lambda: not self.ours())
        self.assertTrue((self.runtime / "cluster/default").is_dir())
        self.assertEqual(json.loads(self.ok("cluster", "status", "--json").out), [])
        self.assertFalse(self.runtime.exists())
        self.up(1)  # under the same name

    @nightly
    def test_the_supervisor_is_stopped(self):
        """Whatever waits for it ends, by itself or when it is asked to; `down` kills it."""
        self.up(1, "--show", self.dir)
        running = [self.start(*command, "-c", "echo begun; sleep 100") for command in
                   [["exec", "--on", "cluster", "--", "sh"], ["run", "--on", "cluster", "sh", "--"]]]
        for process in running:
            self.assertTrue(process.stdout.readline().endswith("begun\n"))
        for pid, _, _ in self.ours():
            os.kill(pid, signal.SIGSTOP)
        running.append(self.start("run", "--on", "cluster", "true"))
        time.sleep(1)
        for process in running:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)
        self.pisdk("cluster", "ssh", "pi1", "true", timeout=30)
        self.fails(5, "cluster", "cut", "pi1", says="does not answer", hint="pisdk cluster down")
        self.ok("cluster", "down", timeout=30)
        self.assertEqual(self.ours(), [])
        self.assertFalse(self.runtime.exists())

    def test_a_polite_end(self):
        self.up(2)
        os.kill(self.supervisor(), signal.SIGTERM)
        wait_for(lambda: self.ok("cluster", "status", "--json").out == "[]\n")
        self.fails(1, "cluster", "ssh", "pi1", says="no cluster is running")

    def test_interrupted(self):
        process = self.start("cluster", "up", "-n", "1000")
        wait_for(lambda: len(self.ours()) > 3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), -signal.SIGINT)
        wait_for(lambda: not self.ours())
        self.assertFalse(self.runtime.exists())

    def test_killed_while_it_starts(self):
        process = self.start("cluster", "up", "-n", "1000")
        wait_for(lambda: len(self.ours()) > 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: not self.ours())

    def test_the_supervisor_is_killed_while_it_starts(self):
        process = self.start("cluster", "up", "-n", "1000")
        wait_for(lambda: len(self.ours()) > 3)
        os.kill(min(pid for pid, name, _ in self.ours() if name == "pisdk-cluster"), signal.SIGKILL)
        self.assertEqual(process.wait(timeout=60), 1)
        self.assertIn("error: the cluster's process was killed while it started", process.stderr.read())
        wait_for(lambda: not self.ours())
        self.assertFalse(self.runtime.exists())

    def test_nothing_of_the_caller_stays(self):
        """Neither a pipe that somebody waits at, nor signals that were ignored."""
        script = "trap '' INT PIPE; (\"$0\" cluster up -n 1 7>&1 >/dev/null 2>&1) | cat"
        subprocess.run(["sh", "-c", script, PISDK], env=self.env, cwd=self.dir, check=True, timeout=60)
        run = ["run", "--on", "cluster", "sh", "--", "-c"]
        self.ok("cluster", "down")
        script = "trap '' INT PIPE; prlimit --nofile=1000: \"$0\" cluster up -n 1 --show ."
        subprocess.run(["sh", "-c", script, PISDK], env=self.env, cwd=self.dir, check=True, timeout=60)
        self.assertEqual(self.pisdk(*run, "kill -INT $$; echo alive").status, 128 + signal.SIGINT)
        self.assertGreater(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1000)
        self.assertEqual(self.ok(*run, "ulimit -n").out, "1000\n")

    def test_down_from_all_sides(self):
        for name in "one", "two", "three":
            self.up(1, "--name", name)
        sides = [self.start("cluster", "down", "--all") for _ in range(3)]
        self.assertEqual([side.wait(timeout=60) for side in sides], [0, 0, 0])

    def test_folders_that_boards_have_themselves(self):
        for folder in "/", "/usr", "/etc", "/usr/lib", "/home":
            self.fails(2, "cluster", "up", "--show", folder, says=f"have their own {folder}")

    def test_no_namespaces(self):
        self.fails(1, "cluster", "up", says="cannot make the namespaces of a cluster",
                   hint="sysctl user.max_user_namespaces", prefix=NO_NAMESPACES)
        for prefix, verdict, mend in [((), "ok", ""), (NO_NAMESPACES, "optional", "sysctl user.max")]:
            rows = json.loads(self.pisdk("doctor", "--json", prefix=prefix).out)
            [row] = [row for row in rows if row["what"] == "cluster"]
            self.assertEqual(row["verdict"], verdict)
            self.assertIn(mend, row["mend"] or "")

    def test_the_runtime_folder(self):
        self.runtime.mkdir()
        self.runtime.chmod(0o777)
        self.fails(1, "cluster", "up", says="other users may write", hint="PISDK_RUNTIME_DIR")
        self.fails(1, "cluster", "status", says="other users may write")
        self.runtime.rmdir()
        self.fails(1, "cluster", "up", env={"PISDK_RUNTIME_DIR": "/proc/nothing"},
                   says="cannot create folder", hint="PISDK_RUNTIME_DIR")
        other = "/root" if os.getuid() else self.other_users_folder()
        self.fails(1, "cluster", "up", env={"PISDK_RUNTIME_DIR": str(other)},
                   says="belongs to another user", hint="PISDK_RUNTIME_DIR")

    def other_users_folder(self):
        folder = self.dir / "other"
        folder.mkdir(mode=0o700)
        os.chown(folder, 65534, 65534)
        return folder

    def test_a_long_path(self):
        long = self.dir / ("x" * 100) / ("y" * 100)
        env = {"PISDK_RUNTIME_DIR": str(long)}
        self.ok("cluster", "up", "-n", "1", env=env)
        self.assertEqual(self.ok("cluster", "ssh", "pi1", "hostname", env=env).out, "pi1\n")
        self.ok("cluster", "down", env=env)
        self.assertFalse(long.exists())

    @nightly
    def test_a_hundred_times(self):
        mounts = Path("/proc/self/mountinfo").read_text()
        self.up(1)
        self.ok("cluster", "down")
        before = namespaces()
        for _ in range(100):
            self.up(3, "--rate", "100mbit")
            self.ok("cluster", "down")
            self.assertFalse(self.runtime.exists())
        wait_for(lambda: not self.ours())
        self.assertEqual(Path("/proc/self/mountinfo").read_text(), mounts)
        wait_for(lambda: len(namespaces() - before) < 100)  # others come and go meanwhile


if __name__ == "__main__":
    main()
