# SPDX-License-Identifier: MIT
"""A sysroot as a file, and its bill of materials."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import spdx  # noqa: E402
from harness import Case, main, path_without, write  # noqa: E402
from repository import TRIPLE, Keyring, Repository, member  # noqa: E402

KEYS = {}
SCHEMA = json.loads((Path(__file__).parents[1] / "data/spdx-2.3.schema.json").read_text())


def setUpModule():
    KEYS["good"] = Keyring()


def tearDownModule():
    KEYS["good"].close()


class Exported(Case):
    def setUp(self):
        super().setUp()
        repo = Repository(self.dir / "mirror", KEYS["good"])
        repo.add("libone++", [member("./usr/include/one.h", "#define ONE 1\n"),
                              member("./usr/lib/hard.h", kind="hardlink", link="./usr/include/one.h"),
                              member("./usr/share/doc/libone++/copyright", "Anybody may: \"yes\"\n")],
                 version="1:1.0~rc1", Source="one (1:1.0)")
        repo.add("app", [member("./usr/bin/app", "#!/bin/sh\n", mode=0o755)], Depends="libone++")
        repo.publish()
        self.recipe = repo.recipe(self.dir / "test.ini", "app")
        self.ok("sysroot", "build", self.recipe, "--mirror", f"file://{repo.root}")
        self.sysroots = self.dir / ".local/share/pisdk/sysroots"
        self.file = self.dir / "test.tar.zst"


class Export(Exported):
    def test_works_without_pisdk(self):
        self.ok("sysroot", "export", self.file, "test")
        place = self.dir / "any where"
        place.mkdir()
        subprocess.run(["tar", "-xf", self.file, "-C", place], check=True)
        write(self.dir / "a.c", "#include <one.h>\nint x = ONE;\n")
        plain = {"PATH": path_without(self.dir / "bin", "pisdk", "pisdk-sysroot"), "HOME": "/"}
        compiler = place / f"test/bin/{TRIPLE}-clang"
        subprocess.run([compiler, "-c", "a.c", "-o", "a.o"], cwd=self.dir, env=plain, check=True)
        self.assertIn("ARM", subprocess.run(["file", "a.o"], cwd=self.dir, capture_output=True,
                                            text=True).stdout)
        write(self.dir / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\n"
              "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\nproject(x C)\n"
              "add_library(x STATIC a.c)\n")
        subprocess.run(["cmake", "-S", ".", "-B", "b", "-G", "Ninja",
                        f"-DCMAKE_TOOLCHAIN_FILE={place}/test/toolchain/pisdk.cmake"],
                       cwd=self.dir, env=plain, check=True, capture_output=True)
        subprocess.run(["cmake", "--build", "b"], cwd=self.dir, env=plain, check=True,
                       capture_output=True)
        self.assertTrue((self.dir / "b/libx.a").exists())

    def test_and_back_the_same(self):
        self.ok("sysroot", "export", self.file, "test")
        other = {"PISDK_DATA_DIR": str(self.dir / "data2")}
        self.assertIn("made from the file", self.ok("sysroot", "build", self.file, env=other).err)
        self.ok("sysroot", "verify", "test", env=other)
        self.assertEqual((self.dir / "data2/sysroots/test/files").read_text(),
                         (self.sysroots / "test/files").read_text())
        self.assertIn("already exists", self.ok("sysroot", "build", self.file, env=other).err)
        again = self.dir / "again.tar.zst"
        self.ok("sysroot", "export", again, "test", env=other)
        self.assertEqual(again.read_bytes(), self.file.read_bytes())

    def test_beside_another_of_its_name(self):
        self.ok("sysroot", "export", self.file, "test")
        before = (self.sysroots / "test/pisdk.lock").read_text()
        self.recipe.write_text(self.recipe.read_text().replace("title = Test", "title = Other"))
        self.ok("sysroot", "build", self.recipe, "--mirror", f"file://{self.dir}/mirror")
        self.ok("sysroot", "build", self.file)
        name = next(n for n in os.listdir(self.sysroots) if n.startswith("test-"))
        self.assertEqual((self.sysroots / name / "pisdk.lock").read_text(), before)
        self.ok("sysroot", "gc")
        self.ok("sysroot", "verify", name)

    def test_a_changed_sysroot_is_not_exported(self):
        (self.sysroots / "test/root/usr/include/new.h").write_text("x")
        self.fails(3, "sysroot", "export", self.file, "test", says="has changed since it was built",
                   hint="sysroot verify")
        self.assertEqual([p.name for p in self.dir.glob("test.tar*")], [])

    def test_words(self):
        self.fails(2, "sysroot", "export", "x.zip", "test", says=".tar.zst", hint="x.zip.tar.zst")
        self.fails(1, "sysroot", "export", "none/x.tar.zst", "test", says="archive")
        self.fails(1, "sysroot", "build", "none.tar.zst", says="none.tar.zst")
        self.fails(1, "sysroot", "export", "x.tar.zst", "none", says="no sysroot `none`")


class Names(Exported):
    def test_that_are_not_ascii(self):
        repo = Repository(self.dir / "mirror", KEYS["good"])
        repo.add("names", [member("./usr/share/Főtan ü.crt", "x"), member("./usr/lib/a\\b", "y")])
        repo.publish()
        recipe = repo.recipe(self.dir / "names.ini", "names")
        self.ok("sysroot", "build", recipe, "--refresh", "--mirror", f"file://{repo.root}")
        for locale in ("C", "C.UTF-8"):
            self.ok("sysroot", "export", self.dir / f"{locale}.tar.zst", "names",
                    env={"LC_ALL": locale})
            other = {"PISDK_DATA_DIR": str(self.dir / f"data-{locale}"), "LC_ALL": locale}
            self.ok("sysroot", "build", self.dir / f"{locale}.tar.zst", env=other)
            self.ok("sysroot", "verify", "names", env=other)
        self.assertEqual((self.dir / "C.tar.zst").read_bytes(),
                         (self.dir / "C.UTF-8.tar.zst").read_bytes())


class Hostile(Exported):
    """Files that somebody else has made: nothing of them may stay, and nothing leave its place."""

    def setUp(self):
        super().setUp()
        self.lock = (self.sysroots / "test/pisdk.lock").read_text()
        self.ok("sysroot", "export", self.file, "test")
        plain = subprocess.run(["zstd", "-dc", self.file], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            self.members = [(m, tar.extractfile(m).read() if m.isfile() else b"") for m in tar]
        self.env["PISDK_DATA_DIR"] = str(self.dir / "data2")

    def refuses(self, says, members, status=3):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for info, data in members:
                tar.addfile(info, io.BytesIO(data))
        self.refuses_bytes(says, out.getvalue(), status)

    def refuses_bytes(self, says, data, status=3):
        self.file.write_bytes(data)
        self.fails(status, "sysroot", "build", self.file, says=says)
        left = [str(p) for p in (self.dir / "data2").rglob("*")
                if p.is_file() and not p.name.endswith(".lock") and p.name != ".lock"]
        self.assertEqual(left, [])
        self.assertFalse((self.dir / "escape").exists())

    def with_lock(self, text):
        info = tarfile.TarInfo("test/pisdk.lock")
        info.size = len(text)
        return [(info, text.encode()), *(m for m in self.members if m[0].name != "test/pisdk.lock")]

    def test_members_that_leave(self):
        for says, bad in [("member", member("test/root/../../../escape", "x")),
                          ("leaves the sysroot", member("test/root/usr/x", kind="symlink",
                                                        link="../../../../../etc/passwd")),
                          ("device", member("test/root/dev/x", kind="device")),
                          ("absolute", member("test/root/x", kind="hardlink",
                                              link="/etc/passwd"))]:
            with self.subTest(bad[0].name):
                self.refuses(says, [*self.members, bad])

    def test_through_a_link(self):
        (self.dir / "target").mkdir()
        self.refuses("symbolic link", [
            *self.members, member("test/root/usr/way", kind="symlink", link="share"),
            member("test/root/usr/way/in", "x")])

    def test_another_content(self):
        changed = [(m, b"#define ONE 2\n" if m.name.endswith("one.h") else d)
                   for m, d in self.members]
        self.refuses("does not match its lock", changed)

    def test_more_and_less(self):
        self.refuses("does not match its lock", [*self.members, member("test/root/usr/more", "x")])
        self.refuses("does not match its lock",
                     [m for m in self.members if not m[0].name.endswith("bin/app")])

    def test_locks(self):
        digest = hashlib.sha256(b"").hexdigest()
        tree = self.lock.split("Tree-SHA256: ")[1][:64]
        self.refuses("its size is invalid",
                     self.with_lock(self.lock.replace("pool/main", "../../pool")))
        self.refuses("`Sysroot`", self.with_lock(self.lock.replace("Sysroot: test", "Sysroot: ../x")))
        self.refuses("does not match its lock", self.with_lock(self.lock.replace(tree, digest)))
        self.refuses("no digest", self.with_lock(self.lock.replace("Tree-SHA256: " + tree + "\n", "")))
        self.refuses("pisdk.lock", [m for m in self.members if m[0].name != "test/pisdk.lock"])

    def test_garbage_and_half_a_file(self):
        whole = self.file.read_bytes()
        self.refuses_bytes("archive", b"garbage" * 1000)
        self.refuses_bytes("", whole[: len(whole) // 2])
        self.refuses_bytes("", b"")


class Sbom(Exported):
    def sbom(self, **env):
        return json.loads(self.ok("sysroot", "sbom", "test", env=env).out)

    def test_is_valid_and_complete(self):
        document = self.sbom(SOURCE_DATE_EPOCH="1700000000")
        jsonschema.validate(document, SCHEMA)
        self.assertEqual(spdx.faults(document), [])
        packages = {p["name"]: p for p in document["packages"]}
        one = packages["libone++"]
        self.assertEqual(one["SPDXID"], "SPDXRef-Package-libone-2b-2b")
        self.assertEqual(one["versionInfo"], "1:1.0~rc1")
        self.assertEqual(one["externalRefs"][0]["referenceLocator"],
                         "pkg:deb/debian/libone%2B%2B@1%3A1.0~rc1?arch=armhf")
        self.assertIn(one["checksums"][0]["checksumValue"],
                      (self.sysroots / "test/pisdk.lock").read_text())
        licence = {i["licenseId"]: i for i in document["hasExtractedLicensingInfos"]}
        self.assertEqual(licence[one["licenseDeclared"]]["extractedText"], "Anybody may: \"yes\"\n")
        self.assertEqual(licence[one["licenseDeclared"]]["name"], "usr/share/doc/libone++/copyright")
        self.assertEqual(packages["one"]["versionInfo"], "1:1.0")
        self.assertIn({"spdxElementId": one["SPDXID"], "relationshipType": "GENERATED_FROM",
                       "relatedSpdxElement": packages["one"]["SPDXID"]}, document["relationships"])
        self.assertEqual(document["creationInfo"]["created"], "2023-11-14T22:13:20Z")

    def test_the_checks_can_fail(self):
        document = self.sbom()
        del document["packages"][0]["downloadLocation"]
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(document, SCHEMA)
        document["relationships"][0]["relatedSpdxElement"] = "SPDXRef-none"
        self.assertNotEqual(spdx.faults(document), [])

    def test_the_same_twice(self):
        shutil.rmtree(self.dir / "mirror")
        self.assertEqual(self.sbom(SOURCE_DATE_EPOCH="1"), self.sbom(SOURCE_DATE_EPOCH="1"))


if __name__ == "__main__":
    main()
