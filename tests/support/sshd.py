# SPDX-License-Identifier: MIT
"""Boards that are only folders: the desktop's own sshd on loopback, one a board, each with a home of its
own, as an ordinary user.

The programs on them are the desktop's. Each sshd is in a mount namespace where /etc/passwd says that
our user lives in the board's home.
"""

import os
import socket
import subprocess
import time
from pathlib import Path

SSHD = Path(os.environ.get("PISDK_TEST_DATA", ""), "../sshd").resolve()

INSIDE = r"""
hostname "$NAME" && mount --bind "$FOLDER/passwd" /etc/passwd && exec "$SSHD/usr/sbin/sshd" -D -e -f "$FOLDER/sshd_config"
"""


class Boards:
    """Boards pi1, pi2, … in `folder`; `config` is what ssh needs to know of them."""

    def __init__(self, folder, n, shared=False, shell="/bin/sh"):
        """`shared`: all have one home, as on a file server."""
        self.folder, self.processes = Path(folder), []
        self.shared, self.shell = shared, shell
        self.config = self.folder / "ssh_config"
        self.names = [f"pi{i + 1}" for i in range(n)]
        self.folder.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "key"],
                       check=True)
        self.ports = {name: free_port() for name in self.names}
        self.write_config()
        for name in self.names:
            self.start(name)

    def home(self, name):
        return self.folder / ("home" if self.shared else f"{name}/home")

    def project(self, name, project):
        return self.home(name) / ".local/share/pisdk" / project

    def write_config(self):
        known, text = "", ""
        for name in self.names:
            home = self.home(name)
            (home / ".ssh").mkdir(parents=True, exist_ok=True)
            (self.folder / name).mkdir(exist_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.folder / name / "host_key"], check=True)
            public = (self.folder / name / "host_key.pub").read_text()
            known += f"{name} {public}"
            text += (f"Host {name}\n    HostName 127.0.0.1\n    Port {self.ports[name]}\n"
                     f"    HostKeyAlias {name}\n")
        text += (f"Host *\n    User pi\n    IdentityFile {self.folder}/key\n    IdentitiesOnly yes\n"
                 f"    IdentityAgent none\n    UserKnownHostsFile {self.folder}/known_hosts\n"
                 "    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n")
        (self.folder / "known_hosts").write_text(known)
        self.config.write_text(text)
        for name in self.names:  # the boards know each other
            (self.home(name) / ".ssh/config").write_text(text)
            (self.home(name) / ".ssh/config").chmod(0o600)

    def start(self, name):
        folder, uid = self.folder / name, os.getuid()
        (folder / "passwd").write_text(
            f"pi:x:{uid}:{os.getgid()}::{self.home(name)}:{self.shell}\n"
            "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n")
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.ports[name]}\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {self.folder}/key.pub\nPidFile none\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxSessions 100\n")
        log = open(folder / "log", "ab")
        env = {"PATH": os.environ["PATH"], "FOLDER": str(folder), "NAME": name, "SSHD": str(SSHD),
               "LD_LIBRARY_PATH": f"{SSHD}/usr/lib/x86_64-linux-gnu"}
        self.processes.append(subprocess.Popen(
            ["unshare", "--user", "--map-current-user", "--mount", "--uts", "--keep-caps", "sh", "-c", INSIDE],
            env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
        log.close()
        end = time.monotonic() + 10
        while True:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.ports[name])) == 0:
                    return
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.02)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
