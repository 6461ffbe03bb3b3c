# SPDX-License-Identifier: MIT
"""Programs of another architecture in a sysroot: which packages are chosen, where they are, and what happens without."""

import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main  # noqa: E402
from repository import Keyring, Repository, member  # noqa: E402

KEYS = {}
NATIVE = """[native amd64]
triple = x86_64-linux-gnu
libraries = usr/lib64/* usr/lib/x86_64-linux-gnu/*
provided = huge
tool = usr/bin/tool usr/bin/more-*
other = usr/bin/other
"""


def setUpModule():
    KEYS["good"] = Keyring()


def tearDownModule():
    KEYS["good"].close()


class Native(Case):
    """A recipe that wants `tool`, which amd64 has as well, with a library."""

    def setUp(self):
        super().setUp()
        self.repo = Repository(self.dir / "mirror", KEYS["good"])
        for arch in ("armhf", "amd64"):
            self.repo.add("tool", [member("./usr/bin/tool", f"tool of {arch}", mode=0o755),
                                   member("./usr/bin/more-1", f"more of {arch}", mode=0o755),
                                   member("./usr/bin/not-listed", arch, mode=0o755)],
                          arch=arch, Depends="lib, huge" if arch == "amd64" else "lib")
            triple = {"armhf": "arm-linux-gnueabihf", "amd64": "x86_64-linux-gnu"}[arch]
            self.repo.add("lib", [member(f"./lib/{triple}/lib.so.1.0", arch), member("./usr/bin/lib-tool", arch),
                                  member(f"./lib/{triple}/lib.so.1", kind="symlink", link="lib.so.1.0")], arch=arch)
        self.repo.add("loader", [member("./lib64/ld.so", "loader")], arch="amd64")
        self.recipe = self.dir / "test.ini"
        self.repo.recipe(self.recipe, "tool", extra=NATIVE)
        self.repo.publish()
        self.env["PISDK_MIRROR"] = f"file://{self.repo.root}"
        self.sysroots = self.dir / ".local/share/pisdk/sysroots"

    def replace(self, name, arch, version, **options):
        self.repo.packages = [p for p in self.repo.packages if (p["Package"], p["Architecture"]) != (name, arch)]
        path = self.repo.add(name, [member("./usr/bin/tool", f"{version} of {arch}", mode=0o755)], version=version, arch=arch,
                             **options)
        self.repo.publish()
        return path

    def build(self, *options):
        result = self.ok("sysroot", "build", *options, self.recipe)
        self.place = self.sysroots / "test"
        self.lock = (self.place / "pisdk.lock").read_text()
        return result

    def files(self, folder):
        return sorted(os.path.relpath(os.path.join(d, f), folder) for d, _, names in os.walk(folder) for f in names)

    def packages(self):
        return [tuple(line.split(": ")[1] for line in p.splitlines()[:3]) for p in self.lock.split("\n\n")[1:]]


class Chosen(Native):
    def test_programs_and_libraries_are_beside_the_sysroots_own(self):
        self.build()
        self.assertTrue(self.lock.startswith("Format: 2\n"))
        self.assertIn("Native:\n amd64 x86_64-linux-gnu usr/share/doc/*/copyright usr/lib64/* usr/lib/x86_64-linux-gnu/* usr/bin/tool usr/bin/more-*\n",
                      self.lock)
        self.assertEqual(self.packages(), [("lib", "1.0", "armhf"), ("tool", "1.0", "armhf"),
                                           ("lib", "1.0", "amd64"), ("tool", "1.0", "amd64")])
        layer = self.place / "native/amd64"
        self.assertEqual(self.files(layer), ["usr/bin/more-1", "usr/bin/tool", "usr/lib/x86_64-linux-gnu/lib.so.1",
                                             "usr/lib/x86_64-linux-gnu/lib.so.1.0"])
        self.assertEqual((layer / "usr/bin/tool").read_text(), "tool of amd64")
        self.assertEqual((self.place / "root/usr/bin/tool").read_text(), "tool of armhf")
        inside = self.place / "root/usr/lib/pisdk/native/amd64/usr/bin/tool"
        self.assertEqual(os.stat(inside).st_ino, os.stat(layer / "usr/bin/tool").st_ino)
        self.ok("sysroot", "verify", "test")
        inside.chmod(0o644)
        inside.write_text("changed")
        self.assertIn("native/amd64/usr/bin/tool", self.fails(3, "sysroot", "verify", "test").out)

    def test_they_are_shown(self):
        self.repo.add("tool", [member("./usr/bin/tool", "x", mode=0o755), member("./usr/share/doc/tool/copyright", "free")],
                      version="2.0", arch="amd64", Depends="lib", Source="tool-source (2.0)")
        self.replace("tool", "armhf", "2.0", Depends="lib")
        self.build()
        rows = [(r["package"], r["architecture"]) for r in json.loads(self.ok("sysroot", "show", "test", "--json").out)]
        self.assertEqual(rows, [("lib", "armhf"), ("tool", "armhf"), ("lib", "amd64"), ("tool", "amd64")])
        document = json.loads(self.ok("sysroot", "sbom", "test").out)
        found = {p["SPDXID"]: p for p in document["packages"]}
        self.assertIn("SPDXRef-Package-tool", found)
        native = found["SPDXRef-Package-tool-amd64"]
        self.assertEqual((native["licenseDeclared"], native["externalRefs"][0]["referenceLocator"]),
                         ("LicenseRef-tool", "pkg:deb/debian/tool@2.0?arch=amd64"))
        self.assertEqual(len({p["SPDXID"] for p in document["packages"]}), len(document["packages"]))

    def test_one_digest_goes_by_both(self):
        self.build()
        digest = self.lock.split("Tree-SHA256: ")[1][:64]
        self.recipe.write_text(self.recipe.read_text().replace("usr/bin/more-*", ""))
        self.build()
        self.assertNotEqual(self.lock.split("Tree-SHA256: ")[1][:64], digest)

    def test_gc_keeps_what_they_are_made_of(self):
        self.build()
        packages = self.dir / ".local/share/pisdk/packages"
        before = self.files(packages)
        self.assertIn("0 unpacked packages", self.ok("sysroot", "gc").err)
        self.assertEqual(self.files(packages), before)

    def test_export_and_back(self):
        self.build()
        before = self.files(self.place / "native")
        self.ok("sysroot", "export", "test.tar.zst", "test")
        shutil.rmtree(self.place)
        file = next(self.dir.glob("test*.tar*"))
        self.ok("sysroot", "build", file)
        self.assertEqual(self.files(self.place / "native"), before)
        self.ok("sysroot", "verify", "test")

    def test_a_loader_is_where_programs_look_for_it(self):
        self.replace("tool", "amd64", "1.0", Depends="lib, loader")
        self.build()
        self.assertEqual(os.readlink(self.place / "native/amd64/lib64"), "usr/lib64")
        self.assertEqual((self.place / "native/amd64/lib64/ld.so").read_text(), "loader")

    def test_rebuilt_packages_are_the_same_version(self):
        self.replace("tool", "amd64", "1.0+b12", Depends="lib")
        self.assertNotIn("warning", self.build().err)
        self.assertIn(("tool", "1.0+b12", "amd64"), self.packages())


class Missing(Native):
    def without(self, *words):
        result = self.build()
        for word in words:
            self.assertIn(word, result.err)
        self.assertTrue(self.lock.startswith("Format: 1\n"))
        self.assertNotIn("amd64", self.lock)
        self.assertFalse((self.place / "native").exists())

    def test_another_version(self):
        for version in ("1.1", "1.0+deb12u1", "1.0b1"):
            with self.subTest(version=version):
                shutil.rmtree(self.dir / ".local", ignore_errors=True)
                shutil.rmtree(self.dir / ".cache", ignore_errors=True)
                self.replace("tool", "amd64", version, Depends="lib")
                self.without(f"warning: tool stays emulated: amd64 has version {version} of it, armhf has 1.0")

    def test_the_same_version_is_taken_where_there_is_a_newer_one(self):
        self.repo.add("tool", [member("./usr/bin/tool", "newer", mode=0o755)], version="3.0", arch="amd64")
        self.repo.publish()
        self.assertNotIn("warning", self.build().err)
        self.assertIn(("tool", "1.0", "amd64"), self.packages())

    def test_a_mirror_without_the_architecture(self):
        self.repo.packages = [p for p in self.repo.packages if p["Architecture"] != "amd64"]
        self.repo.publish()
        self.without("warning: all programs of amd64 stay emulated: ", "dists/test has no main/binary-amd64/Packages")

    def test_a_package_that_nothing_can_satisfy(self):
        self.replace("tool", "amd64", "1.0", Depends="nosuchpackage")
        self.without("warning: all programs of amd64 stay emulated: ", "nosuchpackage")

    def test_a_program_that_the_mirror_lists_and_has_not(self):
        next(self.repo.root.glob("pool/main/tool_1.0_amd64.deb")).unlink()
        result = self.build()
        self.assertIn("warning: the mirror has no tool_1.0_amd64.deb: its programs stay emulated", result.err)
        self.assertEqual(self.packages()[2:], [("lib", "1.0", "amd64")])

    def test_a_library_that_the_mirror_lists_and_has_not(self):
        next(self.repo.root.glob("pool/main/lib_1.0_amd64.deb")).unlink()
        self.without("warning: the mirror has no lib_1.0_amd64.deb: all programs of amd64 stay emulated")

    def test_a_lock_is_obeyed(self):
        """What a lock has must be there: the tree would be another one."""
        self.ok("new", "p", "--sysroot", "test")
        shutil.copy(self.recipe, self.dir / "p/test.ini")
        self.ok("sysroot", "build", cwd=self.dir / "p")
        shutil.rmtree(self.dir / ".local")
        shutil.rmtree(self.dir / ".cache")
        next(self.repo.root.glob("pool/main/tool_1.0_amd64.deb")).unlink()
        self.fails(1, "sysroot", "build", cwd=self.dir / "p", says="tool_1.0_amd64.deb")


class Recipes(Native):
    def broken(self, old, new, says):
        self.recipe.write_text(self.recipe.read_text().replace(old, new))
        self.fails(2, "sysroot", "build", self.recipe, says=says)

    def test_its_own_architecture(self):
        self.broken("[native amd64]", "[native armhf]", "[native armhf] is not another architecture")

    def test_no_triple(self):
        self.broken("triple = x86_64-linux-gnu\n", "", "triple in a [native] is missing")

    def test_not_a_package(self):
        self.broken("other =", "o/th er =", "unknown key")


if __name__ == "__main__":
    main()
