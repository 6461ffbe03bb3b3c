# SPDX-License-Identifier: MIT
"""What has its final name is on the disk: a power cut right after that loses nothing. And nothing is written
in place: what is there is the old, or the new, at every moment.

The calls are seen by a library in front of the C library, since no test can cut the power.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, write  # noqa: E402
from repository import TRIPLE, Keyring, Repository, library, member  # noqa: E402

CALLS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void told(const char *call, const char *a, const char *b)
{
    char line[9000];
    int n = snprintf(line, sizeof(line), "%s %s%s%s\n", call, a, b ? " " : "", b ? b : "");
    FILE *f = fopen(getenv("CALLS"), "a");
    if (f) {
        fwrite(line, 1, (size_t)n, f);
        fclose(f);
    }
}

static void told_fd(const char *call, int fd)
{
    char link[64];
    char path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = '\0';
    told(call, path, NULL);
}

int fsync(int fd)
{
    told_fd("fsync", fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int syncfs(int fd)
{
    told_fd("syncfs", fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "syncfs"))(fd);
}

int rename(const char *from, const char *to)
{
    told("rename", from, to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    told(flags ? "exchange" : "rename", from, to);
    return ((int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_NEXT, "renameat2"))(
        a, from, b, to, flags);
}
"""


class Durable(Case):
    def setUp(self):
        super().setUp()
        keyring = Keyring()
        self.addCleanup(keyring.close)
        self.repo = repo = Repository(self.dir / "mirror", keyring)
        repo.add("libone", [member(f"./usr/lib/{TRIPLE}/libone.so.1", library("libone.so.1"))])
        repo.add("libtwo", [member(f"./usr/lib/{TRIPLE}/libtwo.so.2", library("libtwo.so.2"))])
        repo.publish()
        self.env["PISDK_MIRROR"] = f"file://{repo.root}"
        self.ok("new", "p", "--sysroot", "test")
        self.project = self.dir / "p"
        repo.recipe(self.project / "test.ini", "libone")
        write(self.dir / "calls.c", CALLS)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.dir / "calls.so", self.dir / "calls.c", "-ldl"],
                       check=True)
        self.place = self.dir / ".local/share/pisdk/sysroots/test"

    def calls(self, *args):
        """The calls of a command that succeeds: their names, and their last paths."""
        log = self.dir / "calls.log"
        log.unlink(missing_ok=True)
        self.ok(*args, cwd=self.project, env={"LD_PRELOAD": str(self.dir / "calls.so"), "CALLS": str(log),
                                              "ASAN_OPTIONS": "verify_asan_link_order=0"})
        return [line.split() for line in log.read_text().splitlines()]

    def named(self, calls, path):
        """The call that gives it its name, and those before."""
        found = [i for i, call in enumerate(calls) if call[0] in ("rename", "exchange") and call[-1] == str(path)]
        self.assertTrue(found, f"{path}: {calls}")
        return calls[found[-1]], calls[:found[-1]]

    def test_sysroot(self):
        recipe = self.dir / "test.ini"
        for what, package in [("rename", "libone"), ("exchange", "libtwo")]:  # a new one, and another in its place
            self.repo.recipe(recipe, package)
            call, before = self.named(self.calls("sysroot", "build", recipe), self.place)
            self.assertEqual(call[0], what)
            synced = [words[1] for words in before if words[0] == "syncfs"]
            self.assertEqual(synced[-1:], [f"{call[1]}/root"])

    def test_lock(self):
        self.ok("sysroot", "build", cwd=self.project)
        lock = self.project / "pisdk.lock"
        call, before = self.named(self.calls("sysroot", "add", "libtwo"), lock)
        self.assertIn(["fsync", call[1]], before)

    def test_export(self):
        self.ok("sysroot", "build", cwd=self.project)
        call, before = self.named(self.calls("sysroot", "export", "out.tar.zst"), "out.tar.zst")
        self.assertIn(["fsync", str(self.project / call[1])], before)


if __name__ == "__main__":
    main()
