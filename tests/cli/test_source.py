# SPDX-License-Identifier: MIT
"""Packages that a sysroot builds from their source, and the recipes that ask for it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, kill_group, main, path_without, write  # noqa: E402
from repository import TRIPLE, Keyring, Repository, member  # noqa: E402

KEYS = {}

CONFIGURE = """#!/bin/sh
echo checking for nothing
echo "cc=$CC home=$HOME secret=$SECRET pwd=$PWD flags=$*" > config.out
test -e fail && { echo 'checking for luck... no'; echo 'configure: error: no luck'; exit 7; }
test -e sleep && { sleep 100; }
exit 0
"""

MAKEFILE = f"""
all:
\techo building; {TRIPLE}-clang -c -o tool.o tool.c
install:
\tmkdir -p $(DESTDIR)/usr/bin $(DESTDIR)/usr/lib/empty
\tcp config.out tool.o tool.c $(DESTDIR)/usr/bin
\techo x > $(DESTDIR)/usr/bin/unwanted
\tln -s tool.o $(DESTDIR)/usr/bin/link
"""

SCRIPT = """[source]
patches = ours.patch

[environment]
CC = {flags}

[configure]
run = ./configure --jobs={jobs} --script={script}
lines = 2

[compile]
run = make all
lines = 2

[install]
run = make install DESTDIR={dest}

[paths]
leave_out = usr/bin/unwanted
"""

PATCH = """--- a/tool.c
+++ b/tool.c
@@ -1 +1 @@
-{}
+{}
"""


def setUpModule():
    KEYS["good"] = Keyring()


def tearDownModule():
    KEYS["good"].close()


class Source(Case):
    """The recipe test.ini: a package `base`, and `tool`, which is built."""

    def setUp(self):
        super().setUp()
        self.env["PISDK_MIRROR"] = f"file://{self.dir}/mirror"
        self.build_dir = self.dir / ".cache/pisdk/build"
        self.root = self.dir / ".local/share/pisdk/sysroots/test/root"
        self.prepare()

    def prepare(self, **more):
        self.repo = Repository(self.dir / "mirror", KEYS["good"])
        self.repo.add("base", [member("./usr/lib/base.conf", "base")])
        self.repo.add_source("tool", {
            **{"configure": CONFIGURE, "Makefile": MAKEFILE, "tool.c": "int one;\n"}, **more}, debian={
            "patches/series": "# none\ntheirs.patch\n",
            "patches/theirs.patch": PATCH.format("int one;", "int two;")})
        self.repo.publish()
        write(self.dir / "build.ini", SCRIPT)
        write(self.dir / "ours.patch", PATCH.format("int two;", "int three;"))
        self.recipe = self.repo.recipe(
            self.dir / "test.ini", "base", "",
            "[source tool]\npackage = tool\norigin = test\nsuite = test\nscript = build.ini\n")

    def build(self, *args, **options):
        return self.ok("sysroot", "build", self.recipe, *args, **options)

    def nothing_is_left(self):
        self.assertFalse(self.root.exists())
        left = os.listdir(self.build_dir) if self.build_dir.exists() else []
        self.assertEqual([n for n in left if not n.endswith(".log")], [])
        folder = self.dir / ".local/share/pisdk"
        self.assertEqual([str(p) for p in folder.rglob(".new-*")], [])
        self.assertEqual([str(p) for p in folder.rglob(".test.new")], [])


class Good(Source):
    def test_builds_and_installs(self):
        result = self.build(env={"SECRET": "x"})
        self.assertIn("building tool 1.0 from source", result.err)
        # Both patches, Debian's first; what is not wanted is not there.
        self.assertEqual((self.root / "usr/bin/tool.c").read_text(), "int three;\n")
        self.assertEqual(sorted(os.listdir(self.root / "usr/bin")),
                         ["config.out", "link", "tool.c", "tool.o"])
        self.assertFalse((self.root / "usr/lib/empty").exists())
        out = (self.root / "usr/bin/config.out").read_text()
        self.assertIn("secret= ", out)
        self.assertIn(f"--script={self.dir}", out)
        self.assertIn("ARM", subprocess.run(["file", self.root / "usr/bin/tool.o"],
                                            capture_output=True, text=True).stdout)
        self.assertEqual(os.stat(self.root / "usr/bin/tool.c").st_mtime, 315532800)
        self.ok("sysroot", "verify", "test")
        self.assertEqual(os.listdir(self.build_dir), [])
        lock = (self.root.parent / "pisdk.lock").read_text()
        for words in ["Architecture: source", "Script: build.ini", "Built-With: ", "Contents-SHA256:",
                      "pool/main/tool/tool_1.0.orig.tar.gz"]:
            self.assertIn(words, lock)

    def test_is_built_once(self):
        self.build()
        self.ok("sysroot", "remove", "test")
        self.assertNotIn("from source", self.build().err)
        self.ok("sysroot", "gc", "--all")
        self.ok("sysroot", "remove", "test")
        self.assertNotIn("from source", self.build().err)

    def test_another_script_is_another_build(self):
        self.build()
        write(self.dir / "build.ini", SCRIPT + "\n; changed\n")
        self.assertIn("from source", self.build().err)

    def test_it_sees_the_c_library_only(self):
        """So that it comes out the same whatever else is in the sysroot."""
        self.repo.add("libc6-dev", [member("./usr/include/c.h", "int c;\n")])
        self.repo.add("extra", [member("./usr/include/extra.h", "int extra;\n")])
        self.repo.publish()
        self.recipe.write_text(self.recipe.read_text().replace("= base", "= base libc6-dev extra"))
        write(self.dir / "ours.patch", PATCH.format(
            "int two;", '#if __has_include(<extra.h>) || !__has_include(<c.h>)\n+#error extra\n+#endif')
            .replace("+1 @@", "+1,3 @@"))
        self.build()

    def test_offline_when_it_is_built(self):
        self.build()
        self.ok("sysroot", "gc", "--all")
        self.ok("new", "p", "--sysroot", "test")
        shutil.copy(self.recipe, self.dir / "p")
        for name in ("build.ini", "ours.patch"):
            shutil.copy(self.dir / name, self.dir / "p")
        self.ok("sysroot", "remove", "test")
        shutil.move(self.dir / "mirror", self.dir / "away")
        self.ok("sysroot", "build", "--offline", cwd=self.dir / "p")
        self.ok("sysroot", "verify", cwd=self.dir / "p")

    def test_a_lock_of_another_compiler(self):
        self.build()
        self.ok("new", "p", "--sysroot", "test")
        lock = self.dir / "p/pisdk.lock"
        text = lock.read_text()
        built = [line for line in text.splitlines() if line.startswith("Built-With")][0]
        lock.write_text(text.replace(built, "Built-With: clang 99").replace(
            text.split("Tree-SHA256: ")[1][:64], "0" * 64).replace(
            text.split("Contents-SHA256: ")[1][:64], "1" * 64))
        shutil.copy(self.recipe, self.dir / "p")
        for name in ("build.ini", "ours.patch"):
            shutil.copy(self.dir / name, self.dir / "p")
        result = self.ok("sysroot", "build", cwd=self.dir / "p")
        self.assertIn("another compiler", result.err)
        self.ok("sysroot", "path", cwd=self.dir / "p")
        self.ok("sysroot", "verify", cwd=self.dir / "p")
        self.ok("sysroot", "export", self.dir / "x.tar.zst", cwd=self.dir / "p")
        self.assertEqual(lock.read_text().count("Built-Tree"), 0)


class Bad(Source):
    def test_configure_fails(self):
        self.prepare(fail="")
        result = self.fails(1, "sysroot", "build", self.recipe,
                            says=["tool 1.0", "configure ended with status 7"])
        self.assertIn("  configure: error: no luck", result.err)
        log = next(self.build_dir.glob("*.log"))
        self.assertIn(str(log), result.err)
        self.assertIn("checking for luck", log.read_text())
        self.nothing_is_left()

    def test_the_tarball_has_another_hash(self):
        path = self.dir / "mirror/pool/main/tool/tool_1.0.orig.tar.gz"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        self.fails(3, "sysroot", "build", self.recipe, says="tool_1.0.orig.tar.gz")
        self.nothing_is_left()

    def test_a_patch_does_not_apply(self):
        write(self.dir / "ours.patch", PATCH.format("int other;", "int three;"))
        self.fails(1, "sysroot", "build", self.recipe, says="patching ended with status 1")
        self.nothing_is_left()

    def test_no_make(self):
        self.fails(1, "sysroot", "build", self.recipe, says="make is not installed",
                   hint="install make",
                   env={"PATH": path_without(self.dir / "bin", "make")})
        self.nothing_is_left()

    def test_a_folder_that_shells_would_trip_over(self):
        for name in ["a b", "o'brien", "$(touch x)"]:
            with self.subTest(name):
                self.fails(1, "sysroot", "build", self.recipe, says="spaces or shell characters",
                           hint="PISDK_DATA_DIR",
                           env={"PISDK_DATA_DIR": str(self.dir / name)})

    def test_nothing_is_installed(self):
        self.prepare(Makefile="all:\ninstall:\n")
        self.fails(1, "sysroot", "build", self.recipe, says="nothing was installed")
        self.nothing_is_left()

    def test_no_such_source(self):
        self.recipe.write_text(self.recipe.read_text().replace("package = tool", "package = toll"))
        self.fails(1, "sysroot", "build", self.recipe, says="no source package `toll`")

    def test_interrupted(self):
        self.prepare(sleep="")
        process = self.start("sysroot", "build", self.recipe)
        for _ in range(100):
            if list(self.build_dir.glob("tool-*/src/config.out")):
                break
            time.sleep(0.1)
        process.terminate()
        out, err = process.communicate(timeout=20)
        self.assertIn("interrupted", err)
        self.nothing_is_left()
        self.assertEqual(os.listdir(self.build_dir), [])
        left = subprocess.run(["pgrep", "-f", str(self.dir)], capture_output=True, text=True)
        self.assertEqual(left.stdout, "")
        kill_group(process)


class Recipes(Source):
    """Includes and flavours of MPI."""

    def setUp(self):
        super().setUp()
        self.repo.add("libmpi-a", [member("./usr/bin/a", "a")])
        self.repo.add("libmpi-b", [member("./usr/bin/b", "b")])
        self.repo.publish()
        self.repo.recipe(self.dir / "common.ini", "base")
        write(self.dir / "test.ini", "[release]\ninclude = common.ini\ntitle = Mine\nmpi = a b\n")
        for name in "ab":
            write(self.dir / f"mpi/{name}.ini", f"[packages]\nwanted = libmpi-{name}\n"
                  f"[environment]\nWHICH = {name}\n   and more\n")

    def lock(self, name):
        return (self.dir / f".local/share/pisdk/sysroots/{name}/pisdk.lock").read_text()

    def test_the_first_flavour_and_another(self):
        self.build()
        self.build("--mpi", "b")
        self.assertIn("Package: libmpi-a", self.lock("test"))
        self.assertIn("Title: Mine\n", self.lock("test"))
        self.assertIn("Package: libmpi-b", self.lock("test-b"))
        self.assertNotIn("libmpi-a", self.lock("test-b"))
        self.assertIn(" WHICH=b and more\n", self.lock("test-b"))

    def test_by_name_in_a_project(self):
        self.ok("new", "p", "--sysroot", "test-b")
        for name in ["test.ini", "common.ini"]:
            shutil.copy(self.dir / name, self.dir / "p")
        shutil.copytree(self.dir / "mpi", self.dir / "p/mpi")
        self.ok("sysroot", "build", cwd=self.dir / "p")
        self.assertIn("Flavour: b", (self.dir / "p/pisdk.lock").read_text())
        self.ok("sysroot", "update", cwd=self.dir / "p")
        self.assertIn("Flavour: b", (self.dir / "p/pisdk.lock").read_text())

    def test_no_such_flavour(self):
        self.fails(2, "sysroot", "build", self.recipe, "--mpi", "c", says="no MPI called `c`",
                   hint="a, b")

    def test_includes(self):
        write(self.dir / "common.ini", "[release]\ninclude = common.ini\n")
        self.fails(2, "sysroot", "build", self.recipe, says="includes")
        write(self.dir / "common.ini", "[release]\ninclude = none.ini\n")
        self.fails(1, "sysroot", "build", self.recipe, says="none.ini")

    def test_an_origin_that_may_be_missing(self):
        text = (f"\n[origin updates]\nsuites = updates\ncomponents = main\n"
                f"keyring = {KEYS['good'].public}\n")
        self.recipe.write_text(self.recipe.read_text() + text)
        self.fails(1, "sysroot", "build", self.recipe, says="updates")
        self.recipe.write_text(self.recipe.read_text() + "optional = yes\n")
        self.assertIn("continuing without it", self.build().err)

    def test_security_is_found_beside_the_mirror(self):
        Repository(self.dir / "mirror-security", KEYS["good"], "test-security").publish()
        security = Repository(self.dir / "mirror-security", KEYS["good"], "test-security")
        security.add("base", [member("./usr/lib/base.conf", "safe")], version="1.0+deb1")
        security.publish()
        self.recipe.write_text(self.recipe.read_text() + (
            "\n[origin security]\nsuites = test-security\ncomponents = main\noptional = yes\n"
            f"keyring = {KEYS['good'].public}\n"))
        self.build()
        self.assertEqual((self.root / "usr/lib/base.conf").read_text(), "safe")
        self.assertIn("Suite: test-security", self.lock("test"))

    def test_a_damaged_security_index_is_a_warning(self):
        security = Repository(self.dir / "mirror-security", KEYS["good"], "test-security")
        security.add("base", [], version="2.0")
        security.publish()
        security.index.write_bytes(b"old")
        self.recipe.write_text(self.recipe.read_text() + (
            "\n[origin security]\nsuites = test-security\ncomponents = main\noptional = yes\n"
            f"keyring = {KEYS['good'].public}\n"))
        self.assertIn("warning: continuing without test-security", self.build().err)
        self.ok("sysroot", "remove", "test")
        self.assertIn("continuing without test-security", self.build("--offline").err)

    def test_alternatives(self):
        self.repo.add("fast", [member("./usr/lib/fast/libx.so", "fast")])
        self.repo.add("slow", [member("./usr/lib/slow/libx.so", "slow")])
        self.repo.publish()
        common = self.dir / "common.ini"
        common.write_text(common.read_text() + "\n[alternatives]\nusr/lib/libx.so = fast/libx.so\n"
                          "usr/lib/libx.so = slow/libx.so\nusr/lib/none.so = none/none.so\n")
        self.build()
        self.assertFalse(os.path.lexists(self.root / "usr/lib/libx.so"))
        for wanted in ["slow", "slow fast"]:
            self.repo.recipe(common, f"base {wanted}", "", common.read_text().split("wanted")[1]
                             .split("\n", 1)[1])
            self.build("--refresh")
            self.assertEqual((self.root / "usr/lib/libx.so").read_text(), wanted.split()[-1])


if __name__ == "__main__":
    main()
