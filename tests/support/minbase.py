# SPDX-License-Identifier: MIT
"""A bare Debian system in a folder, as a fresh machine: commands run in it as root or as a user.

It is a root of its own (pivot_root), in mount and process namespaces of its own, so that what runs
there can make user namespaces, and nothing of it is left running. It needs root and mmdebstrap.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import debsource

ENTER = r"""
set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
for name in null zero full random urandom tty; do
    touch "$1/dev/$name"
    mount --bind "/dev/$name" "$1/dev/$name"
done
mkdir -p "$1/dev/shm" "$1/old"
mount -t tmpfs tmpfs "$1/dev/shm"
ln -sfn /proc/self/fd "$1/dev/fd"
cp /etc/resolv.conf /etc/hosts "$1/etc/"
cd "$1"
pivot_root . old
umount -l /old
rmdir /old
exec chroot . /bin/bash -euc "$2"
"""


class Root:
    def __init__(self, release):
        self.path = Path(tempfile.mkdtemp(prefix=f"pisdk-{release}-"))
        self.path.chmod(0o755)
        mirror = debsource.mirrors()[0]
        subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase", release, self.path,
                        f"deb {mirror} {release} main"], check=True, capture_output=True, timeout=300)
        self.run("useradd -m -s /bin/bash user && apt-get update -q")

    def run(self, script, user=None, timeout=600):
        """Runs a script with bash; as `user` in their home, if given. Returns its output."""
        if user:
            self.write("tmp/script", script)
            script = f"exec su - {user} -c 'exec bash -eu /tmp/script'"
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", self.path,
             "export DEBIAN_FRONTEND=noninteractive; " + script],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=timeout)
        if done.returncode != 0:
            raise AssertionError(f"status {done.returncode}: {script}\n{done.stdout}")
        return done.stdout

    def write(self, path, text):
        (self.path / path).write_text(text)

    def files(self):
        """All that is there but for what apt and dpkg keep of every package."""
        kept = ("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "tmp", "etc/ld.so.cache", "dev")
        found = {str(path.relative_to(self.path)) for path in self.path.rglob("*")}
        return {name for name in found if not name.startswith(kept)}

    def remove(self):
        shutil.rmtree(self.path)
