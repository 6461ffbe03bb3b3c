# SPDX-License-Identifier: MIT
"""A 32-bit Raspberry Pi that answers by ssh, made of real parts, and that can misbehave.

sshd, dpkg, rsync and all else on it are Debian's armhf programs under QEMU, in namespaces of their
own: no root, no sshd on the desktop. Its file system has three layers: the sysroot that pisdk made
of a recipe (read only, shared), the package database that `database()` made for it (the same), and
the test's own. It needs unshare, qemu-arm-static, ssh-keygen and Linux 6.7.
"""

import contextlib
import io
import os
import socket
import subprocess
import tarfile
import threading
import time
from pathlib import Path


RELEASES = {"bullseye": "11", "bookworm": "12", "trixie": "13"}

# Becomes the board and stays it until our standard input is closed. Everything dies with this
# shell, which is process 1. Only root may register in binfmt_misc; the board's own user is pi.
INSIDE = r"""
trap 'exit 1' USR1
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=upper,workdir=work,userxattr" root &&
mount --bind commands root/usr/local/bin &&
mount -t proc proc root/proc && mount -t tmpfs tmpfs root/tmp &&
for name in null zero random urandom tty; do
    mount --bind /dev/$name root/dev/$name || exit
done || exit
if mount -t binfmt_misc binfmt_misc root/proc/sys/fs/binfmt_misc; then
    zeros='\x00\x00\x00\x00\x00\x00\x00\x00' ones='\xff\xff\xff\xff\xff\xff\xff\xff'
    magic="\\x7fELF\\x01\\x01\\x01\\x00$zeros\\x02\\x00\\x28\\x00"
    mask="\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00$ones\\xfe\\xff\\xff\\xff"
    printf %s ":board:M::$magic:$mask:$QEMU:PF" > root/proc/sys/fs/binfmt_misc/register || exit
fi
{
    unshare --user --map-user=1000 --map-group=1000 --root=root --wd=/ \
        /usr/sbin/sshd -D -e -p "$PORT" </dev/null
    kill -USR1 1
} &
read -r end
"""

SSHD = """ListenAddress 127.0.0.1
HostKey /etc/ssh/host_key
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""

# The user's shell notes each command that came.
SHELL = '#!/bin/sh\necho "$2" >> /var/log/commands\nexec /bin/sh "$@"\n'

CONFIG = """Host {name}
    HostName 127.0.0.1
    Port {port}
    User pi
    HostKeyAlias {name}
    IdentityFile {folder}/key
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
"""


def os_release(release, ident="raspbian"):
    name = {"raspbian": "Raspbian", "debian": "Debian"}[ident] + " GNU/Linux"
    version = f"{RELEASES[release]} ({release})"
    return (f'PRETTY_NAME="{name} {version}"\nNAME="{name}"\nVERSION_ID="{RELEASES[release]}"\n'
            f'VERSION="{version}"\nVERSION_CODENAME={release}\n'
            + ("DEBIAN_VERSION_FULL=13.1\n" if release == "trixie" else "") + f"ID={ident}\n"
            + ("ID_LIKE=debian\n" if ident != "debian" else ""))


def database(sysroot, cache, out):
    """What dpkg would have written when it installed the sysroot's packages: status, info/*."""
    status, info = [], Path(out, "var/lib/dpkg/info")
    info.mkdir(parents=True, exist_ok=True)
    for paragraph in Path(sysroot, "pisdk.lock").read_text().split("\n\n")[1:]:
        digest = next(line.split()[1] for line in paragraph.splitlines() if line[:7] == "SHA256:")
        deb = Path(cache, "sha256", digest[:2], digest)
        fields = parse(run("dpkg-deb", "-f", deb).decode())
        fields = {"Package": fields.pop("Package"), "Status": "install ok installed", **fields}
        status.append(unparse(fields))
        with tarfile.open(fileobj=io.BytesIO(run("dpkg-deb", "--fsys-tarfile", deb))) as tar:
            (info / list_name(fields)).write_text(listing(m.name[1:] for m in tar))
    Path(out, "var/lib/dpkg/status").write_text("\n".join(status))


def run(*args):
    return subprocess.run(args, check=True, capture_output=True).stdout


def parse(paragraph):
    """Field names to values; the lines of a long value stay as they are."""
    fields, name = {}, None
    for line in paragraph.splitlines():
        if line[0] in " \t":
            fields[name] += "\n" + line
        else:
            name, value = line.split(":", 1)
            fields[name] = value.strip()
    return fields


def unparse(fields):
    return "".join(f"{name}:{value if value[:1] == chr(10) else ' ' + value}\n"
                   for name, value in fields.items())


def list_name(fields):
    same = fields.get("Multi-Arch") == "same"
    return fields["Package"] + (":" + fields["Architecture"] if same else "") + ".list"


def listing(paths):
    return "".join(f"{path or '/.'}\n" for path in paths)


class Board:
    """`root` and `base` are the sysroot's root and what database() made. Prepare, then start().

    PATH with `bin` first has an ssh that knows the board as `pi@board`; so does rsync with it.
    """

    def __init__(self, folder, root, base, release="bookworm", name="board"):
        self.folder, self.name = Path(folder), name
        self.lower = [Path(base).resolve(), Path(root).resolve()]
        self.upper, self.bin = self.folder / "upper", self.folder / "bin"
        self.process = self.line = None
        for part in ["work", "root", "commands", "bin", *(f"upper/{p}" for p in [
                "proc", "tmp", "dev", "run/sshd", "var/log", "usr/local/bin", "home/pi/.ssh"])]:
            (self.folder / part).mkdir(parents=True)
        for device in ["null", "zero", "random", "urandom", "tty"]:
            self.write(f"dev/{device}", "")
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
                   "pi:x:1000:1000::/home/pi:/usr/local/bin/shell\n")
        self.write("etc/group", "root:x:0:\npi:x:1000:\n")
        self.write("etc/hostname", f"{name}\n")
        self.write("etc/ssh/sshd_config", SSHD)
        self.write("etc/os-release", os_release(release))
        self.write("usr/local/bin/shell", SHELL, 0o755)
        self.command("shell", SHELL)
        for key in [self.folder / "key", self.upper / "etc/ssh/host_key"]:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key)
        self.write("home/pi/.ssh/authorized_keys", (self.folder / "key.pub").read_text())
        self.known = (self.upper / "etc/ssh/host_key.pub").read_text()
        self.trust(f"{name} {self.known}")

    # What is on the board: before start().

    def read(self, path):
        places = [self.upper, *self.lower]
        return next(p for p in (place / path for place in places) if p.is_file()).read_text()

    def write(self, path, data, mode=0o644):
        file = self.upper / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        file.chmod(mode)

    def link(self, path, target):
        (self.upper / path).parent.mkdir(parents=True, exist_ok=True)
        (self.upper / path).symlink_to(target)

    def install(self, package, version, files=(), **fields):
        """A package of the test's own. files: (path, data), or (path, None) for its list only."""
        fields = {"Package": package, "Status": "install ok installed", "Priority": "optional",
                  "Section": "libs", "Installed-Size": "1",
                  "Maintainer": "Test <test@example.invalid>", "Architecture": "armhf",
                  "Version": version, "Description": package,
                  **{key.replace("_", "-"): value for key, value in fields.items()}}
        paths = {"": None}
        for path, data in files:
            for parent in reversed(Path("/" + path).parents[:-1]):
                paths[str(parent)] = None
            paths["/" + path] = None
            if data is not None:
                self.write(path, data)
        self.write("var/lib/dpkg/info/" + list_name(fields), listing(paths))
        status = self.read("var/lib/dpkg/status")
        self.write("var/lib/dpkg/status", status + "\n" + unparse(fields))

    def change(self, package, **fields):
        """Changes fields of a package in the status file: Version="1+rpt1", Status=…"""
        paragraphs = []
        for text in self.read("var/lib/dpkg/status").split("\n\n"):
            old = parse(text)
            if old["Package"] == package:
                old.update({key.replace("_", "-"): value for key, value in fields.items()})
                text = unparse(old)
            paragraphs.append(text.rstrip("\n") + "\n")
        self.write("var/lib/dpkg/status", "\n".join(paragraphs))

    # What it does: at any time.

    def command(self, name, script):
        """A program that is found before the board's own, such as `echo arm64` as dpkg. An rsync
        that dies half-way: `/usr/bin/rsync "$@" | { dd bs=4k count=16 status=none; kill -9 0; }`.
        """
        new = self.folder / "commands" / f".{name}"
        new.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        new.chmod(0o755)
        new.rename(new.with_name(name))

    def commands(self):
        """What came by ssh so far."""
        with contextlib.suppress(FileNotFoundError):
            return (self.upper / "var/log/commands").read_text().splitlines()
        return []

    def trust(self, text):
        """The user's known_hosts: "" is a user who was never on the board."""
        (self.folder / "known_hosts").write_text(text)

    def fault(self, kind, after=0, times=1000):
        """hangup or stall, after so many bytes of the board's (the first 3 kB are ssh's own)."""
        self.line.faults.append({"kind": kind, "after": after, "times": times})

    def start(self):
        for _ in range(5):  # until nobody else took the port meanwhile
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            if self.boot(port):
                break
            self.stop()
        else:
            raise AssertionError(f"the board does not start: {self.log}")
        self.line = Line(port)
        config = CONFIG.format(name=self.name, folder=self.folder, port=self.line.port)
        (self.folder / "ssh_config").write_text(config)
        ssh = self.bin / "ssh"
        path = ":".join(d for d in os.environ["PATH"].split(":") if d != str(self.bin))
        ssh.write_text(f'#!/bin/sh\nPATH={path}\nexec ssh -F {self.folder}/ssh_config "$@"\n')
        ssh.chmod(0o755)
        return self

    def boot(self, port):
        qemu = run("sh", "-c", "command -v qemu-arm-static").decode().strip()
        self.log = []
        self.process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "sh", "-c",
             INSIDE],
            cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "QEMU": qemu, "PORT": str(port),
                 "LOWER": ":".join(map(str, self.lower))})
        for line in self.process.stderr:
            self.log.append(line)
            if line.startswith("Server listening"):
                threading.Thread(target=self.log.extend, args=[self.process.stderr],
                                 daemon=True).start()
                return True
            if "Address already in use" in line:
                return False
        return False

    def stop(self):
        """Pulls the plug: when it returns, no process of the board is left."""
        if self.process:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.wait()
            self.process = None
        with contextlib.suppress(FileNotFoundError):  # the kernel's, which rmtree cannot enter
            (self.folder / "work/work").chmod(0o700)

    def close(self):
        if self.line:
            self.line.close()
        self.stop()


class Line:
    """The cable to the board: a port that passes on what comes, until a fault."""

    def __init__(self, target):
        self.target, self.faults, self.closed = target, [], threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.server.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                fault = next((f for f in self.faults if f["times"] > 0), {})
                if fault:
                    fault["times"] -= 1
                threading.Thread(target=self.pump, args=[near, far, {}], daemon=True).start()
                threading.Thread(target=self.pump, args=[far, near, fault], daemon=True).start()

    def pump(self, source, sink, fault):
        left = fault.get("after", float("inf"))
        with contextlib.suppress(OSError):
            while left > 0 and (data := source.recv(int(min(left, 65536)))):
                sink.sendall(data)
                left -= len(data)
            if left <= 0 and fault["kind"] == "stall":
                self.closed.wait()
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        """From now on the connection is refused."""
        self.closed.set()
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.server.close()
