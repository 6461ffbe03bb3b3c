# SPDX-License-Identifier: MIT
"""What `./bootstrap package` makes, and `./bootstrap install` and `uninstall`: from a copy of the sources.

The nightly ones install the package on bare Debian systems and do the main job there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))
import harness  # noqa: E402
import yaml  # noqa: E402
from harness import nightly  # noqa: E402
from minbase import Root  # noqa: E402
from workflows import commands  # noqa: E402

# What the archive needs of the system.
PROGRAMS = "clang-19 lld-19 llvm-19 cmake ninja-build qemu-user-static gpgv ca-certificates make zstd"
MAIN_JOB = """
pisdk --version
pisdk sysroot build
pisdk new heat
cd heat
pisdk build
pisdk run -n 4
"""


def run(*command, **options):
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=900, **options)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {command}\n{done.stdout}")
    return done.stdout


class Sources:
    """A copy of the sources as a repository with one commit."""

    def __init__(self):
        self.place = Path(tempfile.mkdtemp(prefix="pisdk-package-"))
        self.path = self.place / "a folder"  # a space, as people have them
        shutil.copytree(SOURCE, self.path, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build", ".cache"))
        self.git("init", "-q")
        self.git("add", "-A")
        self.commit("2026-01-02T03:04:05Z")

    def git(self, *words, **options):
        return run("git", "-C", self.path, "-c", "user.name=a", "-c", "user.email=a@example.org",
                   "-c", "core.hooksPath=/dev/null", *words, **options).strip()

    def commit(self, date):
        self.git("commit", "-q", "--allow-empty", "-m", "one",
                 env={**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date})

    def package(self):
        """Returns the package and the archive, moved out of the sources."""
        self.output = run(self.path / "bootstrap", "package")
        found = []
        for pattern in ("*.deb", "*.tar.zst"):
            (file,) = (self.path / "build/package").glob(pattern)
            found.append(self.place / file.name)
            shutil.move(file, found[-1])
        return found

    def remove(self):
        shutil.rmtree(self.place)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sources = Sources()
        cls.addClassCleanup(cls.sources.remove)
        cls.commit = cls.sources.git("log", "-1", "--format=%h")
        cls.deb, cls.archive = cls.sources.package()
        cls.version = cls.deb.name.split("_")[1]


class Package(Case):
    def test_it_names_the_commit_and_comes_before_the_release(self):
        self.assertEqual(self.version, f"0.1.0~20260102030405.g{self.commit}")
        run("dpkg", "--compare-versions", self.version, "lt", "0.1.0")

    def test_lintian_has_nothing_to_say(self):
        self.assertEqual(run("lintian", "--allow-root", self.deb), "")

    def test_all_that_programs_link_is_depended_on(self):
        depends = run("dpkg-deb", "-f", self.deb, "Depends")
        for library in ("libsolv1", "libarchive13", "libcurl4", "libelf1", "libinih1", "libjansson4",
                        "libsmartcols1", "libmnl0", "libssl3"):
            self.assertIn(library, depends)

    def test_it_has_the_completions_and_manuals_where_the_system_looks(self):
        content = run("dpkg-deb", "-c", self.deb)
        for file in ("share/bash-completion/completions/pisdk", "share/zsh/vendor-completions/_pisdk",
                     "share/fish/vendor_completions.d/pisdk.fish", "share/man/man1/pisdk.1.gz"):
            self.assertIn(f" ./usr/{file}\n", content)

    def test_the_archive_runs_anywhere(self):
        place = Path(tempfile.mkdtemp(dir=self.sources.place)) / "any where"
        place.mkdir()
        run("tar", "-C", place, "-xf", self.archive)
        (tree,) = place.iterdir()
        self.assertEqual(run(tree / "bin/pisdk", "--version"), f"pisdk 0.1.0 ({self.commit} 2026-01-02)\n")
        self.assertIn("mpi4py", run(tree / "bin/pisdk", "new", "--list"))
        for program in (tree / "bin/pisdk", *(tree / "libexec/pisdk").iterdir()):
            for line in run("ldd", program).splitlines():
                name, _, path = line.strip().partition(" => ")
                if path and not name.startswith(("libc.", "libm.", "libpthread.", "libdl.", "librt.", "libresolv.")):
                    self.assertIn(str(place), path)
        self.assertTrue(list((tree / "share/doc/pisdk/libraries").glob("libcurl4*.copyright")))

    @nightly
    def test_twice_is_the_same_bytes(self):
        again = Sources()
        self.addCleanup(again.remove)
        for mine, other in zip((self.deb, self.archive), again.package()):
            self.assertEqual(mine.name, other.name)
            self.assertEqual(mine.read_bytes(), other.read_bytes())


class Install(unittest.TestCase):
    def setUp(self):
        self.sources = Sources()
        self.addCleanup(self.sources.remove)
        self.prefix = self.sources.place / "prefix"

    def bootstrap(self, *words):
        return run(self.sources.path / "bootstrap", *words, "--prefix", self.prefix)

    @nightly
    def test_uninstall_leaves_what_is_not_its_own(self):
        ours = self.prefix / "share/pisdk/sysroots/mine"
        ours.mkdir(parents=True)
        (self.prefix / "bin").mkdir()
        (self.prefix / "bin/other").write_text("")
        before = set(self.prefix.rglob("*"))
        self.bootstrap("install")
        self.assertIn("pisdk 0.1.0", run(self.prefix / "bin/pisdk", "--version"))
        # a file that a later version does not have any more
        (self.sources.path / "sysroot-scripts/old.ini").write_text("[x]\n")
        self.bootstrap("install")
        (self.sources.path / "sysroot-scripts/old.ini").unlink()
        self.bootstrap("install")
        self.bootstrap("uninstall")
        self.assertEqual(set(self.prefix.rglob("*")), before)
        with self.assertRaisesRegex(AssertionError, "has not installed pisdk to"):
            self.bootstrap("uninstall")


@unittest.skipUnless(os.getuid() == 0, "a Debian system in a folder is made by root")
class Systems(Case):
    def check(self, release):
        root = Root(release)
        self.addCleanup(root.remove)
        shutil.copy(self.deb, root.path / "tmp/old.deb")
        shutil.copy(self.newer, root.path / "tmp/new.deb")
        root.run("apt-get install -y --no-install-recommends zstd /tmp/old.deb")
        out = root.run(MAIN_JOB, user="user")
        self.assertIn(self.commit, out)
        self.assertIn("rank 3 of 4", out)
        others = root.files()
        root.run("apt-get install -y --no-install-recommends /tmp/new.deb")
        self.assertNotIn(self.commit, root.run("pisdk --version; cd heat; pisdk build; pisdk run -n 2", user="user"))
        self.assertEqual(root.files() - others, set())
        root.run("apt-mark manual " + PROGRAMS + " && apt-get purge -y pisdk")
        self.assertEqual({file for file in root.files() if "pisdk" in file and not file.startswith("home/")},
                         set())
        # and the archive, with what pisdk runs still there
        shutil.copy(self.archive, root.path / "tmp/pisdk.tar.zst")
        root.run("apt-get autoremove -y")
        self.assertIn("No such file", root.run("ls /usr/lib/*/libsolv.so.1 2>&1 || true"))
        root.run("tar -C /opt -xf /tmp/pisdk.tar.zst && ln -s /opt/pisdk-*/bin/pisdk /usr/local/bin/")
        self.assertIn("rank 3 of 4", root.run("rm -rf heat .local .cache;" + MAIN_JOB, user="user"))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sources.commit("2026-01-02T03:05:00Z")
        cls.newer, _ = cls.sources.package()

    @nightly
    def test_debian_12(self):
        self.check("bookworm")

    @nightly
    def test_debian_13(self):
        self.check("trixie")

    @nightly
    def test_the_commands_of_a_workflow(self):
        root = Root("bookworm")
        self.addCleanup(root.remove)
        shutil.copy(self.deb, root.path / "tmp/given.deb")
        # For `pisdk ci` itself; the workflow has a machine without it.
        root.run("apt-get install -y --no-install-recommends /tmp/given.deb git sudo python3-yaml; "
                 "echo 'user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/user")
        for service, file in (("github", ".github/workflows/pisdk.yml"), ("gitlab", ".gitlab-ci.yml"),
                              ("woodpecker", ".woodpecker.yml")):
            root.run(f"rm -rf heat .local .cache; git init -q -b main heat 2>/dev/null; pisdk sysroot build; pisdk new tmp; "
                     f"cp -a tmp/. heat; rm -rf tmp; cd heat; pisdk ci {service} --package /tmp/given.deb; "
                     "git add -A; git -c user.name=a -c user.email=a@example.org commit -qm one", user="user")
            workflow = yaml.safe_load((root.path / "home/user/heat" / file).read_text())
            script = "set -x\nexport RUNNER_TEMP=/home/user PISDK_PACKAGE=/tmp/given.deb\ncd heat\n"
            script += "\n".join(commands(service, workflow))
            # GitHub's runner is a user with sudo; in the containers of the others, it is root
            user = "user" if service == "github" else None
            root.run("apt-get purge -y pisdk; apt-get autoremove -y; mkdir -p /cache; rm -rf /root/heat /root/.local; "
                     "[ ! -e /home/user/heat ] || cp -r /home/user/heat /root/; chown -R root:root /root/heat")
            out = root.run(script if user else f"export HOME=/root; cd /root; {script}", user=user, timeout=900)
            self.assertIn("100% tests passed", out)
            self.assertIn("rank 3 of 4", out)
            self.assertRegex(out, r"TOTAL .*%")

    @nightly
    def test_an_editor_debugs_a_rank_by_the_debug_adapter_protocol(self):
        root = Root("trixie")  # whose gdb speaks it
        self.addCleanup(root.remove)
        shutil.copy(self.deb, root.path / "tmp/pisdk.deb")
        root.run("apt-get install -y --no-install-recommends /tmp/pisdk.deb gdb-multiarch python3")
        shutil.copy(SOURCE / "tests/support/dap.py", root.path / "tmp/dap.py")
        out = root.run(MAIN_JOB + """
            pisdk build --debug
            line=$(grep -n 'heat_solve(' src/main.c | cut -d: -f1)
            timeout 100 python3 /tmp/dap.py build/armv7-debug/gdbinit build/armv7-debug/heat \
                '| pisdk debug --debug -n 4 --rank 2 --serve -' "$PWD/src/main.c:$line" rank
            """, user="user")
        self.assertRegex(out, r"main line \d+: rank = 2\n$")


if __name__ == "__main__":
    harness.main()
