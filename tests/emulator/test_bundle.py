"""One file that installs a project anywhere. Run as an ordinary user against an installed pisdk (see setup)."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, main, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
# What is there of a board's system: dash, bash, tar, gzip, and no MPI of the bundle's.
BOARDS = ("bookworm-board", "bullseye-board", "trixie-mpich-board")


class Bundle(Case):
    """The template mpi-c as a bundle, made once."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="pisdk-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.file = self.shared / "plate.sh"
        if not self.file.exists():
            self.ok("new", "plate", cwd=self.shared)
            made = self.ok("bundle", "-o", self.file, cwd=self.shared / "plate")
            self.assertRegex(made.err, r"plate\.sh: \d\.\d MB\non a board: sh plate\.sh\n")

    def board(self, script, sysroot=BOARDS[0], status=0):
        """What an emulated board prints, errors too; the bundle is /mnt/plate.sh."""
        result = self.pisdk("run", "--sysroot", sysroot, "--mount", f"{self.shared}:/mnt", "sh", "-c", f"exec 2>&1; {script}",
                            timeout=300)
        self.assertEqual(result.status, status, str(result))
        return result.out

    def test_everywhere(self):
        """No library of the board is used: it runs on older and newer ones, from where it is moved to."""
        for sysroot in BOARDS:
            out = self.board("sh /mnt/plate.sh -b -p '/tmp/a b' && '/tmp/a b/bin/mpirun' -n 2 '/tmp/a b/bin/plate' && "
                             "mv '/tmp/a b' /tmp/c && cd / && env -i /tmp/c/bin/mpirun --oversubscribe -n 2 /tmp/c/bin/plate", sysroot)
            self.assertEqual(len(re.findall("mean temperature 16.328", out)), 2, out)

    def test_options(self):
        out = self.board("""export HOME=/tmp/h; mkdir -p $HOME; echo kept >$HOME/.bashrc; cd /tmp
            bash /mnt/plate.sh -be
            cat $HOME/.bashrc; (. $HOME/.bashrc 2>/dev/null; command -v plate)
            sh /mnt/plate.sh -bup "$HOME/plate"; ls -A $HOME/plate $HOME/plate/releases
            sh /mnt/plate.sh -b; sh /mnt/plate.sh -bf >/dev/null && echo again
            sh /mnt/plate.sh -bp 'we$ird'"'"'s "one"' >/dev/null && './we$ird'"'"'s "one"/bin/plate' 8 1 | grep -c mean
            $HOME/plate/uninstall; cat $HOME/.bashrc; ls -A $HOME""")
        self.assertRegex(out, r"""(?x)^plate\ (\w{12})\ is\ in\ /tmp/h/plate\n
            kept\nPATH='/tmp/h/plate/bin':\$PATH\ \#\ pisdk:\ plate\n/tmp/h/plate/bin/plate\n
            plate\ \1\ is\ in\ .*\nfor\ this\ shell:\ .*\n
            /tmp/h/plate:\nbin\ncurrent\nreleases\nuninstall\n\n/tmp/h/plate/releases:\n\1\n
            error:\ /tmp/h/plate\ exists\nhint:\ -u\ updates\ it,\ -f\ replaces\ what\ is\ there\nagain\n
            1\n
            kept\n\.bashrc\n$""")

    def test_refusals(self):
        for script, says in (
            ("touch /tmp/f; sh /mnt/plate.sh -bp /tmp/f", "error: /tmp/f exists, and is not a folder"),
            ("mkdir -p /tmp/d/x; sh /mnt/plate.sh -bp /tmp/d", "error: /tmp/d exists"),
            ("mkdir -p /tmp/d/x; sh /mnt/plate.sh -bup /tmp/d", "error: /tmp/d has nothing that could be updated"),
            ("touch /tmp/f; sh /mnt/plate.sh -bp /tmp/f/x", "error: cannot create /tmp/f"),
            ("sh /mnt/plate.sh -bp '/tmp/a:b'", "error: PREFIX must have neither a newline nor a colon in it"),
            ("sh /mnt/plate.sh -bp '/tmp/a\nb'", "error: PREFIX must have neither a newline nor a colon in it"),
            ("unset HOME; sh /mnt/plate.sh -b", "error: HOME is not set"),
            ("sh /mnt/plate.sh -x", "error: unknown option -x"),
            ("sh /mnt/plate.sh -p", "error: -p needs a folder"),
            ("sh </mnt/plate.sh", "error: "),
        ):
            out = self.board(f"({script}); echo $?; ls -A /tmp")
            self.assertIn(says, out, script)
            self.assertIn("\n1\n", out, script)
            self.assertNotIn(".f.", out)

    def test_the_file(self):
        """Checked before anything else, and the same bytes when it is made again."""
        def check(*words):
            return subprocess.run(["sh", self.file, *words], capture_output=True, text=True)

        self.assertRegex(check("--check").stdout, r"^plate \w{12}: complete and undamaged\n$")
        self.assertIn("bin/plate\n", check("--list").stdout)
        self.assertIn("-p PREFIX", check("-h").stdout)
        foreign = check("-b", "-p", self.dir / "x")
        self.assertEqual(foreign.stderr, "error: plate is for 32-bit ARM (armv7l); this machine is x86_64\n")
        self.assertFalse((self.dir / "x").exists())
        again = self.dir / "again.sh"
        self.ok("build", "--clean", cwd=self.shared / "plate")
        self.ok("bundle", "-o", again, cwd=self.shared / "plate")
        self.assertEqual(again.read_bytes(), self.file.read_bytes())

        whole = self.file.read_bytes()
        script = whole.index(b'main "$@"; exit\n')
        self.file, kept = self.dir / "other.sh", self.file
        try:
            for at in (*range(script, len(whole), len(whole) // 20), len(whole) - 65, len(whole) - 1):
                self.file.write_bytes(whole[:at])
                self.assertNotEqual(check("--check").returncode == 0 and "undamaged" in check("--check").stdout, True, at)
                self.file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                self.assertNotIn("undamaged", check("--check").stdout, at)
        finally:
            self.file = kept

    def test_without_anything(self):
        write(self.dir / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = none\n")
        self.fails(1, "bundle", cwd=self.dir, says="nothing to bundle: the build made no program")
        self.fails(2, "bundle", "--with", "perl", cwd=self.dir, says="--with takes python or r, not `perl`")
        self.fails(1, "bundle", "--with", "python", cwd=self.dir, says="the sysroot has no Python",
                   hint="pisdk sysroot add python3")
        self.fails(1, "bundle", "-o", self.dir / "no/x.sh", cwd=self.shared / "plate", says="cannot create")


if __name__ == "__main__":
    assert PISDK
    main()
