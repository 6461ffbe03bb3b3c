# SPDX-License-Identifier: MIT
"""`pisdk sysroot` against a small signed repository: the good way, and everything that is bad."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, kill_group, main, path_without, write  # noqa: E402
from mirror import Mirror  # noqa: E402
from repository import TRIPLE, Keyring, Repository, ar, deb, library, member, sparse  # noqa: E402

KEYS = {}


def setUpModule():
    KEYS["good"], KEYS["other"] = Keyring(), Keyring()


def tearDownModule():
    for keyring in KEYS.values():
        keyring.close()


class Sysroot(Case):
    """A repository of three packages: app needs libone, which needs libtwo."""

    def setUp(self):
        super().setUp()
        self.repo = Repository(self.dir / "mirror", KEYS["good"])
        self.repo.add("libtwo", [member(f"./usr/lib/{TRIPLE}/libtwo.so.2", library("libtwo.so.2"))])
        self.repo.add(
            "libone",
            [member("./usr/"), member(f"./usr/lib/{TRIPLE}/libone.so.1",
                                      library("libone.so.1", "libtwo.so.2"), mode=0o4755),
             member("./usr/share/doc/libone/copyright", "free"),
             member("./usr/share/doc/libone/changelog", "long"),
             member("./lib/one.conf", "one")][1:],
            Depends="libtwo (>= 1.0)")
        self.repo.add(
            "app",
            [member("./bin/app", "#!/bin/sh\n", mode=0o755),
             member("./usr/lib/abs.so", kind="symlink", link="/lib/one.conf"),
             member("./usr/lib/hard.conf", kind="hardlink", link="./bin/app")],
            Depends="libone, tool (>= 2)", Recommends="unwanted")
        self.repo.add("tool", [member("./bin", kind="symlink", link="usr/bin"), member("./usr/bin/"),
                               member("./usr/bin/tool", "tool")], version="3.0")
        self.repo.add("unwanted", [member("./usr/bin/unwanted", "no")])
        self.repo.publish()
        self.recipe = self.repo.recipe(
            self.dir / "test.ini", "app", "tool",
            "[paths]\nleave_out = usr/share/doc/*\nkeep = usr/share/doc/*/copyright\n\n"
            "[links]\nusr/bin/program = app\n")
        self.root = self.dir / ".local/share/pisdk/sysroots/test/root"
        self.url = f"file://{self.repo.root}"

    def mirror(self, **options):
        mirror = Mirror(self.repo.root, **options)
        self.addCleanup(mirror.close)
        self.url = mirror.url
        return mirror

    def build(self, *args, **options):
        return self.ok("sysroot", "build", self.recipe, "--mirror", self.url, *args, **options)

    def refuses(self, status, says, *args, **options):
        result = self.fails(status, "sysroot", "build", self.recipe, "--mirror", self.url, *args,
                            says=says, **options)
        self.assertFalse(self.root.exists())
        self.assert_clean()
        return result

    def assert_clean(self):
        """No half-made sysroot stays."""
        folder = self.dir / ".local/share/pisdk/sysroots"
        if folder.exists():
            self.assertEqual([n for n in os.listdir(folder) if not n.endswith(".lock")
                              and n.startswith(".")], [])

    def hostile(self, *members, data=None):
        self.repo.add("evil", list(members), data=data)
        self.repo.publish()
        self.recipe = self.repo.recipe(self.dir / "test.ini", "evil")


class Build(Sysroot):
    def test_content(self):
        self.build()
        files = sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*")
                       if p.is_file() or p.is_symlink())
        self.assertEqual(files, sorted([
            "bin", "lib", "sbin", "usr/bin/app", "usr/bin/program", "usr/lib/abs.so",
            f"usr/lib/{TRIPLE}/libone.so.1", f"usr/lib/{TRIPLE}/libtwo.so.2", "usr/lib/hard.conf",
            "usr/lib/one.conf", "usr/share/doc/libone/copyright"]))
        self.assertEqual(os.readlink(self.root / "lib"), "usr/lib")
        self.assertEqual(os.readlink(self.root / "usr/lib/abs.so"), "one.conf")
        self.assertEqual((self.root / "usr/bin/program").read_text(), "#!/bin/sh\n")
        self.assertEqual((self.root / "usr/lib/hard.conf").read_text(), "#!/bin/sh\n")
        library_file = (self.root / f"usr/lib/{TRIPLE}/libone.so.1").stat()
        self.assertEqual(library_file.st_mode & 0o7777, 0o555)  # no setuid bit
        self.assertEqual(library_file.st_mtime, 1_600_000_000)
        for path in self.root.rglob("*"):
            if path.is_symlink():
                self.assertFalse(os.readlink(path).startswith("/"), path)
        self.assert_clean()

    def test_modes_do_not_depend_on_the_umask(self):
        self.build(prefix=["sh", "-c", 'umask 077; exec "$@"', "sh"])
        self.assertEqual((self.root / "usr/bin/app").stat().st_mode & 0o777, 0o555)
        self.assertEqual((self.root / "usr/lib/one.conf").stat().st_mode & 0o777, 0o444)
        for path in [self.root, self.root.parent, *self.root.parent.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                self.assertEqual(path.stat().st_mode & 0o777, 0o755, path)

    def test_an_empty_suite(self):
        Repository(self.repo.root, KEYS["good"], "updates").publish()
        self.repo.recipe(self.recipe, "app", "tool", more_suites=["updates"])
        self.build()

    def test_over_http_with_proxied_ranges_and_by_hash(self):
        mirror = self.mirror()
        self.build()
        asked = [path for path, _ in mirror.requests]
        self.assertIn("dists/test/InRelease", asked)
        self.assertTrue(any("by-hash/SHA256" in path for path in asked))
        self.assertFalse(any("tool" in path or "unwanted" in path for path in asked))

    def test_without_by_hash(self):
        self.repo.publish(by_hash=False)
        self.build()

    def test_up_to_date_and_refresh(self):
        self.build()
        inode = self.root.stat().st_ino
        self.assertIn("up to date", self.build().err)
        self.assertIn("up to date", self.build("--refresh").err)
        self.assertEqual(self.root.stat().st_ino, inode)
        self.repo.add("app", [member("./bin/app", "new", mode=0o755)], version="2.0",
                      Depends="libone")
        self.repo.publish()
        self.assertIn("up to date", self.build().err)
        self.build("--refresh")
        self.assertEqual((self.root / "usr/bin/app").read_text(), "new")
        self.assert_clean()

    def test_a_changed_recipe_rebuilds(self):
        self.build()
        self.repo.recipe(self.recipe, "libone")
        self.build()
        self.assertFalse((self.root / "usr/bin/app").exists())

    def test_other_compressions(self):
        for compression in ("gz", ""):
            self.repo.add(f"p{compression}", data=deb([member("./usr/p" + compression, "x")],
                                                      compression))
        self.repo.publish()
        self.repo.recipe(self.recipe, "pgz p")
        self.build()
        self.assertTrue((self.root / "usr/pgz").exists())

    def test_list_show_path_remove(self):
        self.assertEqual(self.ok("sysroot", "list").out, "")
        self.build()
        listed = json.loads(self.ok("--json", "sysroot", "list").out)
        self.assertEqual([(s["name"], s["packages"]) for s in listed], [("test", 3)])
        shown = json.loads(self.ok("sysroot", "show", "test", "--json").out)
        self.assertEqual([p["package"] for p in shown], ["app", "libone", "libtwo"])
        self.assertEqual(self.ok("sysroot", "path", "test").out.strip(), str(self.root))
        write(self.dir / "p/pisdk.ini", "[project]\nname = p\n[target]\nsysroot = test\n")
        self.ok("sysroot", "show", cwd=self.dir / "p")
        self.fails(2, "sysroot", "remove", "test", says=f"project {self.dir}/p uses sysroot `test`",
                   hint="--force")
        shutil.rmtree(self.dir / "p")
        self.ok("sysroot", "remove", "test")
        self.build()
        write(self.dir / "p/pisdk.ini", "[project]\nname = p\n[target]\nsysroot = test\n")
        self.ok("sysroot", "show", cwd=self.dir / "p")
        self.ok("sysroot", "remove", "--force", "test")
        self.assertFalse(self.root.exists())
        self.fails(1, "sysroot", "remove", "test", says="no sysroot `test`", hint="sysroot list")
        self.fails(2, "sysroot", "remove", "../x", says="is not a valid sysroot name")

    def test_made_by_another_pisdk(self):
        self.build()
        (self.root.parent / "pisdk.lock").write_text("Format: 99\n")
        self.fails(1, "sysroot", "show", "test", says="not made by this version",
                   hint="pisdk sysroot build test")
        self.ok("sysroot", "list")
        self.build()  # makes it again
        self.ok("sysroot", "show", "test")
        (self.root.parent / "pisdk.lock").write_text("")
        self.ok("sysroot", "remove", "test")

    def test_no_sysroot(self):
        self.fails(1, "sysroot", "path", "bookworm", says="no sysroot `bookworm`",
                   hint="pisdk sysroot build bookworm")

    def test_quiet_and_verbose(self):
        self.assertEqual(self.build("-q").err, "")
        self.ok("sysroot", "remove", "test")
        self.assertIn("signature good", self.build("-v").err)


class Mirrors(Sysroot):
    def test_no_mirror(self):
        self.fails(1, "sysroot", "build", self.recipe, says="no Debian mirror", hint="--mirror")

    def test_environment(self):
        self.ok("sysroot", "build", self.recipe, env={"PISDK_MIRROR": self.url})

    def test_apt_one_line(self):
        write(self.dir / "apt/sources.list",
              "# deb http://127.0.0.1:1/x bookworm main\n"
              f"deb [arch=amd64 signed-by=/x.gpg] {self.url}/ bookworm main contrib\n")
        self.ok("sysroot", "build", self.recipe, env={"PISDK_APT_DIR": str(self.dir / "apt")})

    def test_apt_deb822_after_one_that_is_not_debian(self):
        write(self.dir / "apt/sources.list.d/a.list", "deb file:///nowhere trixie main\n")
        write(self.dir / "apt/sources.list.d/b.sources",
              "Types: deb deb-src\nURIs: file:///disabled\nSuites: stable\nComponents: main\n"
              f"Enabled: no\n\nTypes: deb\nURIs: {self.url}\nSuites: bookworm bookworm-updates\n"
              "Components: main\n")
        self.ok("sysroot", "build", self.recipe, env={"PISDK_APT_DIR": str(self.dir / "apt")})


class BadMirror(Sysroot):
    def test_tampered_release(self):
        text = self.repo.inrelease.read_text().replace("Origin: Test", "Origin: Tes7")
        self.repo.inrelease.write_text(text)
        self.refuses(3, "bad signature")

    def test_unsigned_text_around_the_signed_is_not_used(self):
        signed = self.repo.inrelease.read_text()
        evil = "SHA256:\n " + "0" * 64 + f" 1 main/binary-armhf/Packages.xz\n\n"
        self.repo.inrelease.write_text(evil + signed)
        result = self.pisdk("sysroot", "build", self.recipe, "--mirror", self.url)
        if result.status != 0:  # gpgv may refuse it; if not, the evil hash must have no effect
            self.assertEqual(result.status, 3, str(result))

    def test_not_signed(self):
        self.repo.inrelease.write_text("Suite: test\nSHA256:\n")
        self.refuses(3, "not a signed file")

    def test_unknown_key(self):
        self.repo.publish(keyring=KEYS["other"])
        self.refuses(3, "which is not in")

    def test_expired(self):
        self.repo.publish(valid_for=-3600)
        self.refuses(3, "expired on", hint="clock")

    def test_not_yet_expired(self):
        self.repo.publish(valid_for=3600)
        self.build()

    def test_an_older_release_than_before(self):
        mirror = self.mirror()
        self.build()
        self.repo.add("app", [member("./bin/app", "old")], version="0.1")
        self.repo.publish(age=7200)
        result = self.build("--refresh")
        self.assertIn("older than the one seen before", result.err)
        self.assertNotEqual((self.root / "usr/bin/app").read_text(), "old")
        mirror.close()

    def test_another_suite(self):
        self.repo.publish(suite="other")
        self.refuses(3, "is for suite `other`")

    def test_wrong_index(self):
        size = self.repo.index.stat().st_size
        self.repo.index.write_bytes(os.urandom(size))
        self.refuses(3, "does not match the signed index")

    def test_larger_index(self):
        with open(self.repo.index, "ab") as file:
            file.write(b"x")
        self.refuses(3, "larger than")

    def test_damaged_index(self):
        self.repo.publish(packages_text="this is not an index\n")
        self.refuses(3, "package index")

    def test_wrong_package(self):
        path = next(self.repo.root.glob("pool/main/libone*"))
        data = bytearray(path.read_bytes())
        data[-10] ^= 1
        path.write_bytes(data)
        self.refuses(3, ["libone", "does not match the signed index"], hint="--mirror")

    def test_shorter_package(self):
        path = next(self.repo.root.glob("pool/main/libone*"))
        path.write_bytes(path.read_bytes()[:-10])
        self.refuses(3, "libone")

    def test_index_without_hash(self):
        del self.repo.packages[0]["SHA256"]
        self.repo.publish()
        self.refuses(3, "no SHA-256 for `libtwo`")

    def test_index_with_a_path_that_leaves_the_mirror(self):
        self.repo.packages[0]["Filename"] = "../../etc/passwd"
        self.repo.publish()
        self.refuses(3, "no usable size and file for `libtwo`")

    def test_missing_suite(self):
        self.url = f"file://{self.dir}/nothing"
        self.refuses(1, "InRelease")

    def test_http_404(self):
        self.mirror().fault("404", "libone")
        self.refuses(1, ["libone", "answered 404"])

    def test_http_500(self):
        mirror = self.mirror()
        mirror.fault("500", "libone")
        self.refuses(1, ["libone", "answered 500"])
        self.assertEqual(len([p for p, _ in mirror.requests if "libone" in p]), 3)

    def test_http_500_once(self):
        self.mirror().fault("500", "libone", times=1)
        self.build()

    def test_truncated_is_resumed(self):
        mirror = self.mirror()
        mirror.fault("truncate", "libone", times=1)
        self.build()
        ranges = [r for p, r in mirror.requests if "libone" in p]
        self.assertEqual(len(ranges), 2)
        self.assertRegex(ranges[1], r"bytes=[1-9]")

    def test_truncated_without_ranges(self):
        self.mirror(ranges=False).fault("truncate", "libone", times=1)
        self.build()

    def test_truncated_always(self):
        self.mirror(ranges=False).fault("truncate", "libone")
        self.refuses(1, "libone")

    def test_stalled(self):
        self.mirror().fault("stall", "libone")
        self.refuses(1, ["libone", "stopped sending"], "--timeout", "1", timeout=60)

    def test_refused_connection(self):
        self.url = "http://127.0.0.1:1"
        self.refuses(1, "InRelease", hint="--mirror")


class Offline(Sysroot):
    def forget(self):
        """Removes the sysroot and what was unpacked for it."""
        self.ok("sysroot", "remove", "test")
        shutil.rmtree(self.dir / ".local/share/pisdk/packages")

    def test_from_a_full_cache(self):
        mirror = self.mirror()
        self.build()
        mirror.close()
        self.forget()
        self.assertNotIn("using the cached copy", self.build().err)  # from this hour
        self.forget()
        for path in (self.dir / ".cache/pisdk/release").iterdir():
            os.utime(path, (1, 1))
        self.assertIn("using the cached copy", self.build().err)
        self.assertTrue((self.root / "usr/bin/app").exists())

    def test_a_damaged_cache_is_mended(self):
        mirror = self.mirror()
        self.build()
        self.forget()
        for path in (self.dir / ".cache/pisdk/sha256").rglob("*"):
            if path.is_file():
                path.write_bytes(b"rotten")
        self.build()
        self.assertGreater(len(mirror.requests), 6)

    def test_a_cached_release_is_checked_again(self):
        mirror = self.mirror()
        self.build()
        mirror.close()
        self.ok("sysroot", "remove", "test")
        for path in (self.dir / ".cache/pisdk/release").iterdir():
            path.write_text(path.read_text().replace("Test", "Tost"))
        self.refuses(3, "bad signature")


class BadPackage(Sysroot):
    def test_parent_folder(self):
        self.hostile(member("./usr/../../escape", "x"))
        self.refuses(3, "leaves the package with `..`")
        self.assertFalse((self.dir / ".local/share/pisdk/escape").exists())

    def test_parent_folder_that_stays_inside(self):
        self.hostile(member("./usr/lib/../escape", "x"))
        self.refuses(3, "leaves the package with `..`")

    def test_absolute_path(self):
        self.hostile(member(str(self.dir / "absolute"), "x"))
        self.refuses(3, "absolute path")
        self.assertFalse((self.dir / "absolute").exists())

    def test_symlink_that_leaves(self):
        self.hostile(member("./usr/lib/up", kind="symlink", link="../../../../etc/passwd"))
        self.refuses(3, "leaves the sysroot")

    def test_writing_through_a_symlink(self):
        (self.dir / "target").mkdir()
        self.hostile(member("./usr/link", kind="symlink", link="../tmp"),
                     member("./usr/link/file", "x"))
        self.refuses(3, "passes through a symbolic link")

    def test_hardlink_that_leaves(self):
        self.hostile(member("./usr/hard", kind="hardlink", link="../../../etc/passwd"))
        self.refuses(3, "..")

    def test_device(self):
        self.hostile(member("./dev/sda", kind="device"))
        self.refuses(3, "device, fifo or socket")

    def test_fifo(self):
        self.hostile(member("./usr/pipe", kind="fifo"))
        self.refuses(3, "device, fifo or socket")

    def test_a_date_that_no_board_can_hold(self):
        self.hostile(member("./usr/file", "1", mtime=2**31))
        self.refuses(3, ["evil", "dated after January 2038"])

    def test_holes_count(self):
        """An archive of some hundred bytes, whose one member is a hole of 8 TB and five bytes."""
        self.hostile(data=ar([("debian-binary", b"2.0\n"), ("control.tar", b""),
                              ("data.tar", sparse("./usr/lib/hole", 8 << 40, 5))]))
        self.refuses(3, ["evil", "expands to more than 4 GB"])

    def test_a_small_hole(self):
        self.hostile(data=ar([("debian-binary", b"2.0\n"), ("control.tar", b""),
                              ("data.tar", sparse("./usr/lib/hole", 1 << 20, 5))]))
        self.build()
        self.assertEqual((self.root / "usr/lib/hole").read_bytes(), bytes((1 << 20) - 5) + b"xxxxx")

    def test_same_file_twice(self):
        self.hostile(member("./usr/file", "1"), member("./usr/file", "2"))
        self.refuses(3, ["evil", "is in the package twice"])

    def test_same_file_in_two_packages(self):
        self.repo.add("other", [member("./bin/app", "mine")])
        self.repo.publish()
        self.recipe = self.repo.recipe(self.dir / "test.ini", "app other", "tool")
        self.refuses(3, "`usr/bin/app` is in two packages")

    def test_no_data(self):
        self.hostile(data=ar([("debian-binary", b"2.0\n")]))
        self.refuses(3, ["evil", "not a Debian package"])

    def test_garbage(self):
        self.hostile(data=b"garbage" * 100)
        self.refuses(3, ["evil", "damaged archive"])

    def test_cut_short(self):
        self.hostile(data=deb([member("./usr/big", os.urandom(100_000))])[:-5000])
        self.refuses(3, "damaged archive")

    def test_damaged_elf(self):
        self.hostile(member("./usr/lib/bad.so", library("libtwo.so.2")[:60]))
        self.refuses(3, ["usr/lib/bad.so", "ELF"])

    def test_missing_library(self):
        self.hostile(member(f"./usr/lib/{TRIPLE}/libone.so.1",
                            library("libone.so.1", "libtwo.so.2")))
        self.refuses(3, "libtwo.so.2 (needed by usr/lib/")


class Resolving(Sysroot):
    def test_unknown_package(self):
        self.repo.recipe(self.recipe, "libtow")
        self.refuses(4, "no package `libtow`", hint="`libtwo`")

    def test_unsatisfiable(self):
        self.repo.add("picky", Depends="libone (>= 9)")
        self.repo.publish()
        self.repo.recipe(self.recipe, "picky")
        self.refuses(4, ["picky", "libone >= 9"])

    def test_conflict(self):
        self.repo.add("rival", Conflicts="libone")
        self.repo.publish()
        self.repo.recipe(self.recipe, "app rival", "tool")
        self.refuses(4, ["rival", "conflicts with libone"])


class Recipes(Sysroot):
    def test_unknown_release(self):
        self.fails(1, "sysroot", "build", "bokworm", says="no recipe for `bokworm`",
                   hint="bookworm")

    def test_unknown_key(self):
        self.recipe.write_text(self.recipe.read_text().replace("suites", "suits"))
        self.refuses(2, ["test.ini:7", "unknown key `suits`"], hint="suites")

    def test_missing_key(self):
        self.recipe.write_text("[release]\narch = armhf\ntriple = x\n")
        self.refuses(2, "wanted in [packages] is missing")

    def test_not_ini(self):
        self.recipe.write_text("hello\n")
        self.refuses(2, "test.ini:1")


class Interrupted(Sysroot):
    def big(self):
        self.repo.add("big", [member("./usr/big", os.urandom(400_000))])
        self.repo.publish()
        self.repo.recipe(self.recipe, "app big", "tool")
        mirror = self.mirror()
        mirror.fault("slow", "pool/main/big", times=1)
        return mirror

    def wait_for_request(self, mirror, words):
        for _ in range(200):
            if any(words in path for path, _ in mirror.requests):
                return
            time.sleep(0.05)
        self.fail("the download did not start")

    def wait_for_cache(self, n):
        for _ in range(200):
            if sum(p.is_file() for p in (self.dir / ".cache/pisdk/sha256").rglob("*")) >= n:
                return
            time.sleep(0.02)
        self.fail("the small packages did not arrive")

    def test_sigkill_leaves_no_sysroot_and_the_next_build_goes_on(self):
        mirror = self.big()
        process = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        self.wait_for_request(mirror, "pool/main/big")
        self.wait_for_cache(4)  # the index, app, libone, libtwo
        kill_group(process)
        self.assertFalse(self.root.exists())
        self.assertEqual(json.loads(self.ok("sysroot", "list", "--json").out), [])
        before = len(mirror.requests)
        self.build()
        self.assertTrue((self.root / "usr/big").exists())
        asked = [path for path, _ in mirror.requests[before:]]
        self.assertFalse(any("libtwo" in path for path in asked), asked)  # from the cache
        self.assert_clean()

    def test_sigkill_leaves_the_old_sysroot(self):
        self.build()
        mirror = self.big()
        process = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        self.wait_for_request(mirror, "pool/main/big")
        kill_group(process)
        self.assertTrue((self.root / "usr/bin/app").exists())
        self.assertFalse((self.root / "usr/big").exists())

    def test_sigkill_at_many_moments(self):
        """Whenever it is killed: no sysroot, or a whole one."""
        whole = None
        for delay in (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12):
            process = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
            time.sleep(delay)
            kill_group(process)
            if self.root.exists():
                whole = sum(1 for _ in self.root.rglob("*"))
                self.assertEqual(len(json.loads(self.ok("sysroot", "show", "test", "--json").out)),
                                 3)
                self.ok("sysroot", "remove", "test")
        self.build()
        if whole is not None:
            self.assertEqual(sum(1 for _ in self.root.rglob("*")), whole)
        self.assert_clean()

    def test_ctrl_c(self):
        mirror = self.big()
        process = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        self.wait_for_request(mirror, "pool/main/big")
        process.send_signal(signal.SIGINT)
        process.wait(10)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertFalse(self.root.exists())
        self.assert_clean()

    def test_ctrl_c_while_waiting_for_another_build(self):
        mirror = self.big()
        self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        self.wait_for_request(mirror, "pool/main/big")
        second = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        self.assertIn("waiting", second.stderr.readline())
        second.send_signal(signal.SIGINT)
        self.assertEqual(second.wait(5), -signal.SIGINT)

    def test_hangup_is_ignored_under_nohup(self):
        mirror = self.big()
        process = self.start("sysroot", "build", self.recipe, "--mirror", self.url,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_request(mirror, "pool/main/big")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(30), 0)

    def test_started_with_sigchld_ignored(self):
        process = self.start("sysroot", "build", self.recipe, "--mirror", self.url,
                             preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(process.wait(30), 0)

    def test_two_at_once(self):
        self.big()
        first = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        time.sleep(0.3)
        second = self.start("sysroot", "build", self.recipe, "--mirror", self.url)
        _, first_err = first.communicate(timeout=60)
        _, second_err = second.communicate(timeout=60)
        self.assertEqual((first.returncode, second.returncode), (0, 0), first_err + second_err)
        self.assertIn("waiting", first_err + second_err)
        self.assertIn("up to date", first_err + second_err)


class FullDisk(Sysroot):
    def on_small_disk(self, variable, size):
        """Runs the build with one of its folders on a tmpfs of this size."""
        place = self.dir / "small"
        place.mkdir()
        script = f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'
        prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, place]
        probe = subprocess.run([*prefix, "true"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest("no mounts in user namespaces here")
        self.repo.add("big", [member("./usr/big", bytes(3_000_000) + os.urandom(300_000))])
        self.repo.publish()
        self.repo.recipe(self.recipe, "big")
        return self.fails(1, "sysroot", "build", self.recipe, "--mirror", self.url,
                          says="No space left on device", hint="free some space",
                          env={variable: str(place / "x")}, prefix=prefix)

    def test_data(self):
        result = self.on_small_disk("PISDK_DATA_DIR", "1m")
        self.assertIn("usr/big", result.err)

    def test_cache(self):
        self.on_small_disk("PISDK_CACHE_DIR", "200k")


class Tools(Sysroot):
    def test_no_gpgv(self):
        path = path_without(self.dir / "bin", "gpgv")
        self.refuses(1, "gpgv, which checks signatures, is not installed", hint="gpgv",
                     env={"PATH": path})


if __name__ == "__main__":
    main()
