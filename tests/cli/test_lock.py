# SPDX-License-Identifier: MIT
"""pisdk.lock: what `new`, `sysroot add` and `sysroot update` write and everything else obeys."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main  # noqa: E402
from mirror import Mirror  # noqa: E402
from repository import Keyring, Repository, member  # noqa: E402

KEYS = {}


def setUpModule():
    KEYS["good"] = Keyring()


def tearDownModule():
    KEYS["good"].close()


class Locked(Case):
    """A project `p` whose own recipe, `p/test.ini`, wants app, which needs base."""

    def setUp(self):
        super().setUp()
        self.repo = Repository(self.dir / "mirror", KEYS["good"])
        self.repo.add("base", [member("./usr/lib/base.conf", "base")])
        self.repo.add("app", [member("./usr/bin/app", "#!/bin/sh\n", mode=0o755)], Depends="base")
        self.repo.add("extra", [member("./usr/include/extra.h", "// extra")], Depends="more")
        self.repo.add("more", [member("./usr/lib/more.conf", "more")])
        self.repo.add("clash", [member("./usr/lib/clash", "x")], Conflicts="base")
        self.repo.publish()
        self.env["PISDK_MIRROR"] = f"file://{self.repo.root}"
        self.ok("new", "p", "--sysroot", "test")
        self.project = self.dir / "p"
        self.lock = self.project / "pisdk.lock"
        self.repo.recipe(self.project / "test.ini", "app")
        self.data = self.dir / ".local/share/pisdk"

    def locked(self, name="base"):
        """The paragraph of a package in pisdk.lock."""
        paragraphs = self.lock.read_text().split("\n\n")
        found = [p for p in paragraphs if p.startswith(f"Package: {name}\n")]
        return dict(line.split(": ", 1) for line in found[0].splitlines()) if found else None

    def build(self, *args, **options):
        return self.ok("sysroot", "build", *args, cwd=self.project, **options)

    def root(self):
        return Path(self.ok("sysroot", "path", cwd=self.project).out.strip())

    def digest(self):
        return re.search("^Tree-SHA256: (.*)$", self.lock.read_text(), re.M)[1]

    def replace(self, old, new):
        text = self.lock.read_text()
        self.assertIn(old, text)
        self.lock.write_text(text.replace(old, new, 1))


class Write(Locked):
    def test_build_writes_the_first_one(self):
        result = self.build()
        self.assertIn("wrote pisdk.lock", result.err)
        base = self.locked()
        self.assertEqual((base["Version"], base["Architecture"], base["Origin"], base["Suite"]),
                         ("1.0", "armhf", "test", "test"))
        self.assertEqual(base["Filename"], "pool/main/base_1.0_armhf.deb")
        self.assertNotIn(str(self.repo.root), self.lock.read_text())
        self.assertEqual((self.root() / "usr/lib/base.conf").read_text(), "base")

    def test_new_takes_the_sysroot_that_is_there(self):
        self.build()
        self.ok("new", "q", "--sysroot", "test")
        self.assertEqual((self.dir / "q/pisdk.lock").read_text(), self.lock.read_text())

    def test_the_lock_is_obeyed_when_the_sysroot_moves_on(self):
        self.build()
        self.repo.add("base", [member("./usr/lib/base.conf", "newer")], version="2.0")
        self.repo.publish()
        self.ok("sysroot", "build", "--refresh", "test", cwd=self.project)
        self.fails(1, "sysroot", "path", cwd=self.project, says="packages of pisdk.lock",
                   hint="pisdk sysroot build")
        self.assertIn("2 packages", self.build().err)
        self.assertEqual((self.root() / "usr/lib/base.conf").read_text(), "base")
        self.assertRegex(self.root().parent.name, "^test-[0-9a-f]{8}$")

    def test_pisdk_ini_and_the_lock_disagree(self):
        self.build()
        ini = self.project / "pisdk.ini"
        ini.write_text(ini.read_text().replace("= test", "= bookworm"))
        self.fails(2, "sysroot", "path", cwd=self.project,
                   says=["is for sysroot `test`", "wants `bookworm`"],
                   hint="pisdk sysroot update")

    def test_refresh_and_mpi_are_not_for_a_locked_project(self):
        self.build()
        self.fails(2, "sysroot", "build", "--refresh", cwd=self.project, says="pisdk.lock",
                   hint="sysroot update")
        self.fails(2, "sysroot", "build", "--mpi", "mpich", cwd=self.project, says="`test`",
                   hint="pisdk.ini")


class Reproduce(Locked):
    def test_the_same_tree_for_anybody(self):
        """Other user's folders, umask, cores, mirror and day; the packages in another order."""
        self.build()
        first = self.root()
        files = (first.parent / "files").read_text()
        self.assertEqual(hashlib.sha256(files.encode()).hexdigest(), self.digest())
        other = {"PISDK_DATA_DIR": str(self.dir / "data2"),
                 "PISDK_CACHE_DIR": str(self.dir / "cache2")}
        shutil.copytree(self.repo.root, self.dir / "mirror2")
        other["PISDK_MIRROR"] = f"file://{self.dir}/mirror2"
        self.build(env=other, prefix=["setpriv", "--nnp", "sh", "-c",
                                      'umask 077; exec taskset -c 0 "$@"', "sh"])
        second = Path(self.ok("sysroot", "path", cwd=self.project, env=other).out.strip())
        self.assertEqual((second.parent / "files").read_text(), files)
        for root in (first, second):
            subprocess.run(["tar", "--sort=name", "--numeric-owner", "--owner=0", "--group=0",
                            "--mode=a-s", "-cf", root.parent / "t.tar", "-C", root, "."],
                           check=True)
        self.assertEqual((first.parent / "t.tar").read_bytes(),
                         (second.parent / "t.tar").read_bytes())

    def test_files_is_mtree(self):
        self.build()
        text = (self.root().parent / "files").read_text()
        self.assertTrue(text.startswith("#mtree\n"))
        self.assertIn("./usr/bin/app type=file mode=0555 time=1600000000.0 size=10 sha256=", text)
        self.assertIn("./usr/lib type=dir mode=0755 time=315532800.0\n", text)
        self.assertIn("./bin type=link mode=0777 time=315532800.0 link=usr/bin\n", text)

    def test_wrong_digest(self):
        self.build()
        self.replace(self.digest(), "0" * 64)
        self.fails(3, "sysroot", "build", cwd=self.project, says=["digest", "000000000000"],
                   hint="sysroot update")
        self.assertEqual([n for n in os.listdir(self.data / "sysroots") if n.startswith("test-")],
                         [])


class Edited(Locked):
    def setUp(self):
        super().setUp()
        self.build()
        shutil.rmtree(self.dir / ".local")
        shutil.rmtree(self.dir / ".cache")

    def refuses(self, status, says, *args):
        result = self.fails(status, "sysroot", "build", *args, cwd=self.project, says=says)
        self.assertEqual([n for n in os.listdir(self.data / "sysroots")
                          if not n.endswith(".lock")] if (self.data / "sysroots").exists() else [],
                         [])
        return result

    def test_hash(self):
        digest = self.locked()["SHA256"]
        self.replace(digest, digest[::-1])
        self.refuses(3, "base_1.0_armhf.deb")

    def test_size(self):
        self.replace(f"Size: {self.locked()['Size']}\n", "Size: 7\n")
        self.refuses(3, "base_1.0_armhf.deb")

    def test_path(self):
        for path in ["../../etc/passwd", "/etc/passwd", "pool/../../x"]:
            with self.subTest(path):
                text = self.lock.read_text()
                self.replace("Filename: pool/main/base_1.0_armhf.deb", f"Filename: {path}")
                self.refuses(3, ["pisdk.lock:", path])
                self.lock.write_text(text)

    def test_name(self):
        for name in ["../base", "a/b", "..", ""]:
            with self.subTest(name):
                text = self.lock.read_text()
                self.replace("Package: base\n", f"Package: {name}\n")
                self.refuses(3, "not a valid package name")
                self.lock.write_text(text)

    def test_name_of_the_sysroot(self):
        self.replace("Sysroot: test", "Sysroot: ../test")
        self.refuses(3, "Sysroot")

    def test_newer_format(self):
        self.replace("Format: 1", "Format: 3")
        self.refuses(1, "format 3 is newer")
        self.assertIn("update pisdk", self.pisdk("sysroot", "path", cwd=self.project).err)

    def test_garbage(self):
        self.lock.write_bytes(b"\0\xff" * 1000)
        self.refuses(3, "not a lock file")

    def test_a_version_that_the_mirror_has_no_more(self):
        (self.repo.root / "pool/main/base_1.0_armhf.deb").rename(self.dir / "kept.deb")
        (self.repo.root / "pool/main/app_1.0_armhf.deb").unlink()
        self.refuses(1, ["base_1.0_armhf.deb", "app_1.0_armhf.deb", "not on the mirror"])

    def test_mirrors_one_after_the_other(self):
        other = self.dir / "other"
        shutil.copytree(self.repo.root, other)
        (self.repo.root / "pool/main/base_1.0_armhf.deb").unlink()
        (other / "pool/main/app_1.0_armhf.deb").unlink()
        self.build("--mirror", self.env["PISDK_MIRROR"], "--mirror", f"file://{other}")
        self.assertEqual((self.root() / "usr/lib/base.conf").read_text(), "base")

    def test_on_no_mirror_and_on_the_second_only(self):
        """The error is that of the file which is nowhere."""
        first, second = Mirror(self.repo.root), self.dir / "other"
        self.addCleanup(first.close)
        shutil.copytree(self.repo.root, second)
        for root in (self.repo.root, second):
            (root / "pool/main/base_1.0_armhf.deb").unlink()
        (self.repo.root / "pool/main/app_1.0_armhf.deb").unlink()
        self.refuses(1, "base_1.0_armhf.deb", "--mirror", first.url, "--mirror", f"file://{second}")

    def test_a_damaged_mirror_before_a_good_one(self):
        good = self.dir / "other"
        shutil.copytree(self.repo.root, good)
        path = self.repo.root / "pool/main/base_1.0_armhf.deb"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        (self.repo.root / "pool/main/app_1.0_armhf.deb").write_bytes(b"longer" * 1000)
        self.build("--mirror", self.env["PISDK_MIRROR"], "--mirror", f"file://{good}")
        self.ok("sysroot", "verify", cwd=self.project)

    def test_without_a_digest(self):
        """Written by hand, say: the build completes it."""
        self.replace(f"Tree-SHA256: {self.digest()}\n", "")
        self.build()
        self.ok("sysroot", "verify", cwd=self.project)

    def test_from_the_cache(self):
        self.build()
        shutil.rmtree(self.dir / ".local")
        shutil.rmtree(self.repo.root)
        self.build()


class Add(Locked):
    def test_a_package_with_what_it_needs(self):
        self.build()
        plain = self.root()
        mirror = Mirror(self.repo.root)
        self.addCleanup(mirror.close)
        result = self.ok("sysroot", "add", "extra", "--mirror", mirror.url, cwd=self.project)
        self.assertRegex(result.out, r"extra +1\.0")
        self.assertRegex(result.out, r"more +1\.0")
        self.assertIn("wrote pisdk.lock", result.err)
        fetched = [path for path, _ in mirror.requests if path.endswith(".deb")]
        self.assertEqual(sorted(fetched), ["pool/main/extra_1.0_armhf.deb",
                                           "pool/main/more_1.0_armhf.deb"])
        root = self.root()
        self.assertNotEqual(root, plain)
        self.assertTrue((root / "usr/include/extra.h").exists())
        self.assertFalse((plain / "usr/include/extra.h").exists())
        self.assertEqual((root / "usr/bin/app").stat().st_ino, (plain / "usr/bin/app").stat().st_ino)
        self.assertIn("Added: extra\n", self.lock.read_text())

    def test_versions_stay(self):
        self.build()
        self.repo.add("base", [member("./usr/lib/base.conf", "newer")], version="2.0")
        self.repo.publish()
        self.ok("sysroot", "add", "extra", cwd=self.project)
        self.assertEqual(self.locked("base")["Version"], "1.0")
        self.assertEqual(self.locked("more")["Version"], "1.0")

    def test_dry_run(self):
        self.build()
        before = self.lock.read_text()
        result = self.ok("sysroot", "add", "extra", "--dry-run", cwd=self.project)
        self.assertIn("extra", result.out)
        self.assertEqual(self.lock.read_text(), before)
        rows = json.loads(self.ok("sysroot", "add", "extra", "--dry-run", "--json",
                                  cwd=self.project).out)
        self.assertEqual([(r["package"], r["new"]) for r in rows],
                         [("extra", "1.0"), ("more", "1.0")])

    def test_twice_and_without_a_lock(self):
        self.ok("sysroot", "add", "extra", cwd=self.project)
        before = self.lock.read_text()
        self.ok("sysroot", "add", "extra", cwd=self.project)
        self.assertEqual(self.lock.read_text(), before)

    def test_cannot_be(self):
        self.build()
        before = self.lock.read_text()
        self.fails(4, "sysroot", "add", "clash", cwd=self.project, says=["clash", "base"])
        self.fails(4, "sysroot", "add", "extar", cwd=self.project, says="no package `extar`",
                   hint="`extra`")
        self.assertEqual(self.lock.read_text(), before)

    def test_pisdk_ini_and_the_lock_disagree(self):
        self.build()
        ini = self.project / "pisdk.ini"
        ini.write_text(ini.read_text().replace("= test", "= other"))
        self.fails(2, "sysroot", "add", "extra", cwd=self.project, says="is for sysroot `test`",
                   hint="sysroot update")
        (self.project / "test.ini").rename(self.project / "other.ini")
        self.ok("sysroot", "update", cwd=self.project)
        self.assertIn("Sysroot: other\n", self.lock.read_text())

    def test_a_board(self):
        """What was copied from a board is in no index."""
        self.build()
        digest = "0" * 64
        self.lock.write_text(self.lock.read_text() + "\nPackage: own\nVersion: 1\n"
                             f"Architecture: armhf\nOrigin: board\nContents-SHA256: {digest}\n")
        for command in ("add", "update"):
            self.fails(1, "sysroot", command, *(["extra"] if command == "add" else []),
                       cwd=self.project, says=["board", "own was copied"], hint="import")

    def test_words_that_are_no_package(self):
        for word in ["extra=1.0", "./extra.deb", "extra:armhf"]:
            self.fails(2, "sysroot", "add", word, cwd=self.project, says="not the name")

    def test_outside_of_a_project(self):
        self.fails(1, "sysroot", "add", "extra", says="pisdk.ini")


class Update(Locked):
    def test_shows_then_writes(self):
        self.build()
        self.repo.add("base", [member("./usr/lib/base.conf", "newer")], version="2.0")
        self.repo.publish()
        before = self.lock.read_text()
        dry = self.ok("sysroot", "update", "--dry-run", cwd=self.project)
        self.assertRegex(dry.out, r"base +1\.0 +2\.0")
        self.assertEqual(self.lock.read_text(), before)
        done = self.ok("sysroot", "update", cwd=self.project)
        self.assertEqual(done.out, dry.out)
        self.assertEqual(self.locked("base")["Version"], "2.0")
        self.assertEqual((self.root() / "usr/lib/base.conf").read_text(), "newer")
        again = self.ok("sysroot", "update", cwd=self.project)
        self.assertIn("as new as the mirror", again.err)
        self.assertEqual(again.out, "")

    def test_search(self):
        found = json.loads(self.ok("sysroot", "search", "EXTRA", "--json", cwd=self.project).out)
        self.assertEqual([p["package"] for p in found], ["extra"])
        self.assertEqual(found[0]["version"], "1.0")
        self.fails(1, "sysroot", "search", "extra", "no-such-word", cwd=self.project, says="has these words")
        self.assertIn("extra", self.ok("sysroot", "search", "xtr", cwd=self.project).out)  # within a name

    def test_added_packages_stay(self):
        self.ok("sysroot", "add", "extra", cwd=self.project)
        self.ok("sysroot", "update", cwd=self.project)
        self.assertIsNotNone(self.locked("extra"))

    def test_a_broken_lock_is_replaced(self):
        self.build()
        self.lock.write_text("nonsense")
        self.assertIn("a new one is made", self.ok("sysroot", "update", cwd=self.project).err)
        self.assertIsNotNone(self.locked("base"))


class Verify(Locked):
    def setUp(self):
        super().setUp()
        self.build()

    def verify(self, *says):
        result = self.fails(3, "sysroot", "verify", cwd=self.project, says="changed",
                            hint="sysroot remove")
        for line in says:
            self.assertRegex(result.out, line)
        self.assertEqual(len(result.out.splitlines()), len(says) + 1)

    def test_good(self):
        self.assertIn(self.digest(), self.ok("sysroot", "verify", cwd=self.project).err)

    def test_each_difference_is_named(self):
        root = self.root()
        target = root / "usr/lib/base.conf"
        target.chmod(0o644)
        target.write_text("BASE")
        os.utime(target, (1_600_000_000, 1_600_000_000))
        (root / "usr/bin/app").unlink()
        (root / "usr/include/new.h").parent.mkdir()
        (root / "usr/include/new.h").write_text("x")
        (root / "bin").unlink()
        (root / "bin").symlink_to("usr/sbin")
        self.verify("changed +usr/lib/base.conf +content", "missing +usr/bin/app", "added +usr/include/new.h",
                    r"added +usr/include\n", "changed +bin +points elsewhere")

    def test_only_the_content(self):
        target = self.root() / "usr/lib/base.conf"
        target.chmod(0o644)
        target.write_text("BASE")
        target.chmod(0o444)
        os.utime(target, (1_600_000_000, 1_600_000_000))
        self.verify("changed +usr/lib/base.conf +content")

    def test_names_of_other_languages_line_up(self):
        (self.root() / "usr/lib/größer-größer.conf").write_text("x")
        (self.root() / "usr/lib/base.conf").unlink()
        self.root().joinpath("usr/lib/base.conf").symlink_to("x")
        rows = self.fails(3, "sysroot", "verify", cwd=self.project, says="changed").out.splitlines()
        self.assertEqual(rows, ["STATE    PATH                        DIFFERENCE",
                                "changed  usr/lib/base.conf           another file type",
                                "added    usr/lib/größer-größer.conf"])

    def test_a_damaged_package_does_not_spread(self):
        """The files of sysroots are shared: what is damaged in one must not get into the next."""
        target = self.root() / "usr/lib/base.conf"
        target.chmod(0o644)
        target.write_text("BASE")
        target.chmod(0o444)
        os.utime(target, (1_600_000_000, 1_600_000_000))
        self.ok("sysroot", "add", "extra", cwd=self.project)
        self.assertEqual((self.root() / "usr/lib/base.conf").read_text(), "base")
        self.ok("sysroot", "verify", cwd=self.project)

    def test_the_list_itself(self):
        files = self.root().parent / "files"
        files.write_text(files.read_text().replace("size=4", "size=5"))
        self.fails(3, "sysroot", "verify", cwd=self.project, says="list of files")


class Clean(Locked):
    def test_what_is_needed_stays(self):
        self.build()
        self.ok("sysroot", "add", "extra", cwd=self.project)
        self.assertIn("removed 0 sysroots, 0 unpacked packages", self.ok("sysroot", "gc").err)
        self.ok("sysroot", "verify", cwd=self.project)

    def test_a_sysroot_of_no_project(self):
        self.build()
        self.ok("sysroot", "add", "extra", cwd=self.project)
        name = self.root().parent.name
        shutil.rmtree(self.project)
        dry = self.ok("sysroot", "gc", "--dry-run")
        self.assertIn(f"no project uses sysroot {name}", dry.err)
        self.assertTrue((self.data / "sysroots" / name).exists())
        self.assertIn("removed 1 sysroots, 2 unpacked packages and 2 other",
                      self.ok("sysroot", "gc").err)
        self.assertFalse((self.data / "sysroots" / name).exists())
        self.ok("sysroot", "verify", "test")

    def test_a_project_whose_path_ends_like_another(self):
        self.build()
        self.ok("sysroot", "add", "extra", cwd=self.project)
        outer = self.dir / "x" / str(self.dir).lstrip("/")
        outer.mkdir(parents=True)
        shutil.copytree(self.project, outer / "p")
        self.ok("sysroot", "path", cwd=outer / "p")
        shutil.rmtree(outer)
        self.ok("sysroot", "gc")
        self.ok("sysroot", "verify", cwd=self.project)

    def test_what_a_killed_one_has_left(self):
        self.build()
        for name in ["sysroots/.test.new/root", "sysroots/.x.old", "packages/.import-abc/usr",
                     "packages/ab/.new-xyz/tree"]:
            (self.data / name).mkdir(parents=True)
        self.ok("sysroot", "gc")
        left = [p for p in self.data.rglob(".*") if p.is_dir()]
        self.assertEqual(left, [])
        self.ok("sysroot", "verify", cwd=self.project)

    def test_all_downloads(self):
        self.build()
        self.ok("sysroot", "gc", "--all")
        self.assertEqual([p for p in (self.dir / ".cache/pisdk/sha256").rglob("*") if p.is_file()],
                         [])
        self.ok("sysroot", "verify", cwd=self.project)


class Offline(Locked):
    def test_from_the_cache_and_not_at_all(self):
        mirror = Mirror(self.repo.root)
        self.addCleanup(mirror.close)
        online = ("--mirror", mirror.url)
        self.fails(1, "sysroot", "build", "--offline", *online, cwd=self.project,
                   says="not in the cache")
        self.build(*online)
        asked = len(mirror.requests)
        self.ok("sysroot", "gc", "--all")
        shutil.rmtree(self.data)
        self.fails(1, "sysroot", "build", "--offline", *online, cwd=self.project,
                   says=["not in the cache", "base_1.0_armhf.deb"], hint="without --offline")
        self.assertEqual(len(mirror.requests), asked)

    def test_add(self):
        self.build()
        shutil.move(self.repo.root, self.dir / "away")
        self.fails(1, "sysroot", "add", "extra", "--offline", cwd=self.project,
                   says=["not in the cache", "extra_1.0_armhf.deb"])


class Together(Locked):
    def test_one_cache_for_many_builds(self):
        """Eight at once, each with data of its own, then eight for the same data."""
        self.build()
        for kind in ("own", "shared"):
            running = [
                self.start("sysroot", "build", cwd=self.project, env={
                    "PISDK_CACHE_DIR": str(self.dir / f"cache-{kind}"),
                    "PISDK_DATA_DIR": str(self.dir / f"data-{kind}-{i if kind == 'own' else 0}")})
                for i in range(8)]
            for process in running:
                out, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 0, err)
        for i in range(8):
            self.ok("sysroot", "verify", cwd=self.project,
                    env={"PISDK_DATA_DIR": str(self.dir / f"data-own-{i}")})


if __name__ == "__main__":
    main()
