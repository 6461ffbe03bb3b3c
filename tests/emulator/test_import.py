# SPDX-License-Identifier: MIT
"""`pisdk sysroot import`: from a board that answers by ssh, made of real parts (support/board.py).

Run as root and as an ordinary user, against an installed pisdk (see setup).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from board import Board, os_release  # noqa: E402
from harness import Case, core, main  # noqa: E402
from repository import TRIPLE, library  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
ROOT = Path(DATA) / "sysroots/board/root"
BASE = Path(DATA).parent / "board"
LIB = f"usr/lib/{TRIPLE}"


def setUpModule():
    if not ROOT.is_dir() or not BASE.is_dir():
        raise AssertionError(f"no board in {ROOT} and {BASE}: run tests/emulator/setup first")


class Import(Case):
    def setUp(self):
        super().setUp()
        self.board = Board(self.dir / "b", ROOT, BASE)
        self.addCleanup(self.board.close)
        del self.env["PISDK_APT_DIR"]  # the desktop's own mirror
        self.env["PISDK_CACHE_DIR"] = str(Path(DATA).parent / "cache")
        if not os.access(self.env["PISDK_CACHE_DIR"], os.W_OK):
            del self.env["PISDK_CACHE_DIR"]
        self.data = self.dir / ".local/share/pisdk"

    def start(self, **options):
        self.board.start()
        self.env["PATH"] = f"{self.board.bin}:{os.environ['PATH']}"

    def add_own_packages(self):
        """What Raspberry Pi OS has and Debian has not."""
        self.board.install("libraspberrypi0", "1:2+git20231018-1", [
            (f"{LIB}/libbcm_host.so.0", library("libbcm_host.so.0")),
            (f"lib/{TRIPLE}/libvchiq.so.0", None)])
        self.board.write(f"{LIB}/libvchiq.so.0", library("libvchiq.so.0"))
        self.board.install("libraspberrypi-dev", "1:2+git20231018-1", [
            ("usr/include/bcm_host.h", "void bcm_host_init(void);\n"),
            ("usr/share/doc/libraspberrypi-dev/changelog", "long"),
            ("etc/secret.conf", "not for sysroots")], Depends="libraspberrypi0")
        self.board.link(f"{LIB}/libbcm_host.so", "libbcm_host.so.0")
        self.board.write("usr/local/lib/libown.so.1", library("libown.so.1"))
        self.board.write("usr/local/include/own.h", "// own\n")
        self.board.write("usr/local/bin/tool", "no library")

    def lock(self, name="board"):
        text = (self.data / "sysroots" / name / "pisdk.lock").read_text()
        paragraphs = [dict(line.split(": ", 1) for line in p.splitlines() if ": " in line)
                      for p in text.split("\n\n")[1:]]
        return {p["Package"]: p for p in paragraphs}

    def nothing_is_left(self):
        self.assertFalse((self.data / "sysroots/board").exists())
        packages = self.data / "packages"
        left = [str(p) for p in packages.rglob(".*")] if packages.exists() else []
        self.assertEqual([p for p in left if not p.endswith(".lock")], [])


class Good(Import):
    @core
    def test_from_mirror_and_board(self):
        self.add_own_packages()
        self.board.install("removed-dev", "1.0", Status="deinstall ok config-files")
        self.board.install("libother-dev", "1.0", Architecture="arm64")
        self.board.change("libfftw3-dev", Status="hold ok installed")
        self.start()
        result = self.ok("sysroot", "import", "pi@board", "--json")
        rows = {r["package"]: r for r in json.loads(result.out)}
        self.assertEqual(rows["libc6-dev"]["from"], "bookworm")
        self.assertEqual(rows["libfftw3-dev"]["from"], "bookworm")
        self.assertEqual(rows["libraspberrypi-dev"]["from"], "board")
        self.assertEqual(rows["libraspberrypi0"]["from"], "board")
        self.assertEqual(rows["local-files"]["from"], "board")
        self.assertNotIn("removed-dev", rows)
        self.assertNotIn("libother-dev", rows)
        self.assertIn("3 were copied from pi@board", result.err)
        root = self.data / "sysroots/board/root"
        self.assertEqual((root / "usr/include/bcm_host.h").read_text(),
                         "void bcm_host_init(void);\n")
        for path in [f"{LIB}/libbcm_host.so.0", f"{LIB}/libvchiq.so.0", "usr/local/lib/libown.so.1",
                     "usr/local/include/own.h", "usr/include/fftw3.h"]:
            self.assertTrue((root / path).is_file(), path)
        for path in ["usr/share/doc/libraspberrypi-dev/changelog", "etc/secret.conf",
                     "usr/local/bin/tool"]:
            self.assertFalse((root / path).exists(), path)
        self.ok("sysroot", "verify", "board")
        self.ok("sysroot", "gc")
        self.ok("sysroot", "verify", "board")
        self.assertEqual(len(self.lock()["libraspberrypi0"]["Contents-SHA256"]), 64)

    def test_another_version_than_the_mirrors(self):
        self.board.change("libgcc-s1", Version="12.2.0-14+rpt1")
        self.start()
        self.ok("sysroot", "import", "board", "mine")
        own = self.lock("mine")["libgcc-s1"]
        self.assertEqual((own["Version"], own["Origin"]), ("12.2.0-14+rpt1", "board"))
        self.assertEqual(self.lock("mine")["libfftw3-double3"]["Suite"], "bookworm")
        root = self.data / "sysroots/mine/root"
        self.assertTrue((root / f"{LIB}/libgcc_s.so.1").exists())

    def test_a_project_uses_it(self):
        self.add_own_packages()
        self.start()
        self.ok("sysroot", "import", "board")
        self.ok("new", "p", "--sysroot", "board")
        text = (self.dir / "p/pisdk.lock").read_text()
        self.assertIn("libraspberrypi0", text)
        (self.dir / "p/pisdk.lock").unlink()
        self.ok("sysroot", "build", cwd=self.dir / "p")
        self.assertEqual((self.dir / "p/pisdk.lock").read_text(), text)
        self.ok("sysroot", "verify", cwd=self.dir / "p")
        self.ok("sysroot", "remove", "--force", "board")
        self.ok("sysroot", "build", cwd=self.dir / "p")  # copied packages are still unpacked here
        self.ok("sysroot", "gc", "--all")
        self.ok("sysroot", "remove", "--force", Path(self.ok("sysroot", "path", cwd=self.dir / "p").out).parts[-2])
        self.ok("sysroot", "gc")
        self.fails(1, "sysroot", "build", cwd=self.dir / "p", says="was copied from a board",
                   hint="sysroot import")


class Bad(Import):
    def test_not_armhf(self):
        self.board.command("dpkg", "echo arm64")
        self.start()
        self.fails(3, "sysroot", "import", "board", says=["not a 32-bit", "dpkg says arm64"])
        self.nothing_is_left()

    def test_no_dpkg(self):
        self.board.command("dpkg", "exit 127")
        self.start()
        self.fails(3, "sysroot", "import", "board", says="dpkg does not answer")

    def test_a_release_without_a_recipe(self):
        self.board.write("etc/os-release", os_release("bookworm").replace("bookworm", "buster"))
        self.start()
        self.fails(1, "sysroot", "import", "board", says=["buster", "no recipe"])

    def test_refused_and_unknown(self):
        self.start()
        self.board.line.close()
        self.fails(1, "sysroot", "import", "board", says=["ssh", "refused"], hint="ssh board true")
        self.fails(1, "sysroot", "import", "nobody.invalid", says="ssh")

    def test_host_key(self):
        self.board.trust("")
        self.start()
        self.fails(1, "sysroot", "import", "board", says="ssh")

    def test_words_that_are_no_host(self):
        for word in ["-oProxyCommand=touch x", "a b", "a;b", "$(x)", ""]:
            self.fails(2, "sysroot", "import", "--", word, "name", says="not USER@HOST")

    def test_hangs_up_while_it_tells(self):
        self.start()
        self.board.fault("hangup", after=20000)
        self.fails(1, "sysroot", "import", "board", says="board")
        self.nothing_is_left()

    def test_hangs_up_while_it_copies(self):
        self.add_own_packages()
        self.board.write(f"{LIB}/libbcm_host.so.0", os.urandom(1 << 20))
        self.board.command("rsync", '/usr/bin/rsync "$@" | '
                           "{ dd bs=4k count=16 status=none; kill -9 0; }")
        self.start()
        self.fails(1, "sysroot", "import", "board", says="rsync ended with status")
        self.nothing_is_left()

    def test_no_rsync_there(self):
        self.add_own_packages()
        self.board.command("rsync", "exit 127")
        self.start()
        self.fails(1, "sysroot", "import", "board", says="rsync", hint="install rsync")
        self.nothing_is_left()

    def test_the_disk_is_full_here(self):
        self.add_own_packages()
        self.board.write(f"{LIB}/libbcm_host.so.0", os.urandom(8 << 20))
        self.start()
        self.data.mkdir(parents=True)
        self.fails(1, "sysroot", "import", "board", says="no space left", prefix=[
            "unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
            f'mount -t tmpfs -o size=14m tmpfs {self.data} && exec "$@"', "sh"])
        self.nothing_is_left()

    def test_a_link_in_the_place_of_a_folder(self):
        """The board sends usr/lib/x as a link to our own folder, and then a file in it."""
        mine = self.dir / "mine"
        mine.mkdir()
        (mine / "key").write_text("secret")
        self.add_own_packages()
        self.board.install("libevil-dev", "1.0", [("usr/lib/x", None), ("usr/lib/x/key", None)])
        self.board.link("usr/lib/x", str(mine))
        self.start()
        self.pisdk("sysroot", "import", "board")
        self.assertEqual((mine / "key").read_text(), "secret")
        self.assertFalse(any((self.data / "sysroots").rglob("x/key")))


if __name__ == "__main__":
    main()
