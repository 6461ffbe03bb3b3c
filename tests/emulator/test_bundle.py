# SPDX-License-Identifier: MIT
"""One file that installs a project anywhere. Run as an ordinary user against an installed pisdk (see setup)."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import spdx  # noqa: E402
from harness import PISDK, Case, main, nightly, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
# What is there of a board's system: dash, bash, tar, gzip, and no MPI of the bundle's.
BOARDS = ("bookworm-board", "bullseye-board", "trixie-mpich-board")


class OnBoards(Case):
    """What is made once, in a folder that emulated boards see as /mnt."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="pisdk-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)

    def board(self, script, sysroot=BOARDS[0], status=0):
        """What an emulated board prints, errors too."""
        result = self.pisdk("run", "--sysroot", sysroot, "--mount", f"{self.shared}:/mnt", "sh", "-c", f"exec 2>&1; {script}",
                            timeout=500, env={"PISDK_DATA_DIR": DATA})
        self.assertEqual(result.status, status, str(result))
        return result.out


class Bundle(OnBoards):
    """The template mpi-c as a bundle, /mnt/plate.sh."""

    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.file = self.shared / "plate.sh"
        if not self.file.exists():
            self.ok("new", "plate", cwd=self.shared)
            made = self.ok("bundle", "-o", self.file, cwd=self.shared / "plate")
            self.assertRegex(made.err, r"plate\.sh: \d\.\d MB\non a board: sh plate\.sh\n")

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
            ("sh /mnt/plate.sh -bp /tmp/r/p >/dev/null; chmod a-w /tmp/r/p; sh /mnt/plate.sh -bup /tmp/r/p",
             "error: /tmp/r/p is not writable"),
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


    def killed(self, times):
        """Installs and updates that are killed: there is nothing then, or all of it."""
        out = self.board(f"""cp /mnt/plate.sh /tmp/plate.sh; n=0; cd /tmp
            while [ $n -lt {times} ]; do
                n=$((n + 1))
                setsid sh /tmp/plate.sh -b -f -p /tmp/a/plate >/dev/null 2>&1 & job=$!
                sleep 0.$((n * 37 % 100 + 100)); kill -KILL -- -$job 2>/dev/null; wait $job 2>/dev/null
                [ -e /tmp/a/plate ] || {{ echo nothing; continue; }}
                (cd /tmp/a/plate/current && grep -v '^#' .pisdk | sha256sum -c --status) && [ -x /tmp/a/plate/uninstall ] &&
                    echo whole || echo "bad: killed after $n"
                [ $((n % 4)) != 0 ] || rm -rf /tmp/a/plate
            done
            sh /tmp/plate.sh -b -f -p /tmp/a/plate >/dev/null; ls -A /tmp/a""")
        lines = out.splitlines()
        self.assertEqual(lines[-1], "plate", out)  # what the killed ones had left is gone
        self.assertEqual(set(lines) - {"nothing", "whole", "plate"}, set(), out)
        self.assertEqual(len(lines), times + 1)

    def test_killed(self):
        self.killed(12)

    @nightly
    def test_killed_often(self):
        self.killed(200)

    def test_bad_places(self):
        """Two at once, a clock in 1970, no sha256sum, a disk that fills up, one that nothing may be started on."""
        out = self.board("""mkdir /tmp/bin; cd /tmp
            sh /mnt/plate.sh -b -p /tmp/a/p >/dev/null
            for i in 1 2 3; do sh /mnt/plate.sh -bu -p /tmp/a/p >/tmp/said.$i 2>&1 & done; wait
            grep -l 'is in' /tmp/said.*; ls -A /tmp/a /tmp/a/p
            ln -s "$$@$(uname -n)" /tmp/a/p/.lock; ls -A /tmp/a/p | head -n 1; rm /tmp/a/p/.lock
            ln -s "999999@$(uname -n)" /tmp/a/p/.lock; sh /mnt/plate.sh -bu -p /tmp/a/p | head -n 1
            printf '#!/bin/sh\necho 0 0 0 0 0; echo 0 0 0 9 0\n' >/tmp/bin/df; chmod +x /tmp/bin/df
            PATH=/tmp/bin:$PATH sh /mnt/plate.sh -b -p /tmp/b/p; ls -A /tmp/b
            printf '#!/bin/sh\nexec cat >/dev/full\n' >/tmp/bin/tar; rm /tmp/bin/df; chmod +x /tmp/bin/tar
            PATH=/tmp/bin:$PATH sh /mnt/plate.sh -b -p /tmp/b/p; ls -A /tmp/b; rm /tmp/bin/tar
            printf '#!/bin/sh\nexit 1\n' >/tmp/bin/sha256sum; chmod +x /tmp/bin/sha256sum
            PATH=/tmp/bin:$PATH sh /mnt/plate.sh -b -p /tmp/b/p; ls -A /tmp/b; rm /tmp/bin/sha256sum
            printf '#!/bin/sh\\necho 5\\n' >/tmp/bin/date; chmod +x /tmp/bin/date
            PATH=/tmp/bin:$PATH sh /mnt/plate.sh -b -p /tmp/c/p | head -n 1; find /tmp/c/p/ -newermt 2000-01-01 | grep -c /bin/plate
            rm /tmp/bin/date
            ln -s /usr/bin/* /tmp/bin; rm /tmp/bin/sha256sum
            PATH=/tmp/bin sh /mnt/plate.sh -b -p /tmp/b/p >/dev/null && /tmp/b/p/bin/plate 8 1 | grep -c mean""")
        self.assertRegex(out, r"""(?x)^(/tmp/said.[123]\n){3}
            /tmp/a:\np\n\n/tmp/a/p:\nbin\ncurrent\nreleases\nuninstall\n\.lock\nplate\ \w+\ is\ in\ /tmp/a/p\n
            error:\ plate\ needs\ \d+\ MB,\ and\ /tmp/b\ has\ 0\ MB\ left\n
            (.*\n)*error:\ cannot\ unpack\ to\ .*\n
            error:\ this\ file\ is\ damaged:.*\nhint:.*\n
            plate\ \w+\ is\ in\ /tmp/c/p\n2\n
            1\n$""")

    def test_mounts(self):
        """A disk that is full in truth, and one that is mounted with noexec: by the desktop's own kernel."""
        place, tools = self.dir / "place", self.dir / "tools"
        place.mkdir()
        for name, script in (("uname", "echo armv7l"), ("df", "echo 0 0 0 0; echo 0 0 0 99999999")):
            write(tools / name, f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)
        for options, says in (("size=2m", "error: cannot unpack to "), ("noexec", f"error: programs cannot be started in {place}: ")):
            result = subprocess.run(
                ["unshare", "-Urm", "sh", "-c", f"mount -t tmpfs -o {options} none '{place}' && cd '{place}' && mkdir old && "
                 f"sh '{self.file}' -b -p '{place}/p'; ls -A '{place}'"], capture_output=True, text=True,
                env={"PATH": f"{tools}:{os.environ['PATH']}", "HOME": "/nowhere"})
            self.assertEqual(result.stdout, "old\n", result)
            self.assertIn(says, result.stderr)

    def test_signed(self):
        key, signed = self.dir / "key", self.shared / "signed.sh"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        home = {"GNUPGHOME": str(self.dir / "gnupg"), "HOME": str(self.dir)}
        (self.dir / "gnupg").mkdir(mode=0o700)
        subprocess.run(["gpg", "--batch", "-q", "--passphrase", "", "--quick-generate-key", "Ada <ada@example.org>"], check=True,
                       env=dict(os.environ, **home))
        self.addCleanup(subprocess.run, ["gpgconf", "--kill", "all"], env=dict(os.environ, **home))
        for who in (key, "ada@example.org"):
            self.ok("bundle", "-o", signed, "--sign", who, cwd=self.shared / "plate", env=home)
        self.fails(1, "bundle", "-o", signed, "--sign", "nobody@example.org", cwd=self.shared / "plate", env=home,
                   says="gpg cannot sign with nobody@example.org")
        self.ok("bundle", "-o", signed, "--sign", "ada@example.org", cwd=self.shared / "plate", env=home)
        write(self.dir / "signers", f"ada {(self.dir / 'key.pub').read_text()}")
        write(self.dir / "others", f"eve {(self.dir / 'key.pub').read_text().replace('AAAA', 'AAAB', 2)}")

        def check(*words):
            result = subprocess.run(["sh", signed, "--check", *words], capture_output=True, text=True, env=dict(os.environ, **home))
            return result.returncode, result.stdout + result.stderr

        self.assertEqual(subprocess.run(["sha256sum", "-c", "--status", "signed.sh.sha256"], cwd=self.shared).returncode, 0)
        status, said = check("--signers", self.dir / "signers")
        self.assertEqual((status, said.splitlines()[1:]), (0, ["signed by Ada <ada@example.org>", "signed by ada"]), said)
        self.assertIn("there is no", check()[1])
        self.assertEqual(check()[0], 1)
        self.assertIn("signed.sh.sig is not a signature of this file by anyone", check("--signers", self.dir / "others")[1])
        (self.shared / "signed.sh.asc").write_text((self.shared / "signed.sh.asc").read_text().replace("A", "B", 3))
        self.assertIn("signed.sh.asc is not a signature of this file", check("--signers", self.dir / "signers")[1])

        bill = json.loads((self.shared / "signed.sh.spdx.json").read_text())
        self.assertEqual(spdx.faults(bill), [])
        names = {p["name"] for p in bill["packages"]}
        self.assertLess({"libc6", "libopenmpi3"}, names)
        self.assertNotIn("libc6-dev", names)
        self.assertIn("share/licences/libc6\n", subprocess.run(["sh", signed, "--list"], capture_output=True, text=True).stdout)

    def test_questions(self):
        """On a terminal, where to is asked for."""
        controller, terminal = os.openpty()
        process = subprocess.Popen([PISDK, "run", "--sysroot", BOARDS[0], "--mount", f"{self.shared}:/mnt", "sh", "-c",
                                    "sh /mnt/plate.sh; ls /tmp/chosen"], stdin=terminal, stdout=terminal, stderr=terminal,
                                   cwd=self.dir, env=dict(self.env, HOME=str(self.dir)), start_new_session=True)
        os.close(terminal)
        said = b""
        while b"Ctrl-C: " not in said:
            said += os.read(controller, 1 << 12)
        os.write(controller, b"/tmp/chosen\n")
        try:
            while chunk := os.read(controller, 1 << 12):
                said += chunk
        except OSError:  # it is closed
            pass
        self.assertEqual(process.wait(60), 0, said)
        os.close(controller)
        self.assertIn(b"is in /tmp/chosen", said)
        self.assertIn(b"uninstall", said)

    @nightly
    def test_any_byte(self):
        """A script that is cut off or altered anywhere installs nothing, or all of it."""
        whole = self.file.read_bytes()
        end = whole.index(b'main "$@"; exit\n') + 16
        out = self.board(f"""cp /mnt/plate.sh /tmp/w.sh; cd /tmp; at=0
            while [ $at -lt {end} ]; do
                for how in cut alter; do
                    if [ $how = cut ]; then head -c $at w.sh >x.sh; else
                        cp w.sh x.sh; printf '#' | dd of=x.sh bs=1 seek=$at conv=notrunc 2>/dev/null; fi
                    timeout 60 sh x.sh -b -p /tmp/p/q </dev/null >/dev/null 2>&1
                    [ ! -e /tmp/p/q ] || (cd /tmp/p/q/current && grep -v '^#' .pisdk | sha256sum -c --status) || echo "$how at $at"
                    rm -rf /tmp/p
                done
                at=$((at + 61))
            done; echo done""")
        self.assertEqual(out, "done\n")


def write_wheel(folder, name, version, files, tag="py3-none-any", more=""):
    info = f"{name}-{version}.dist-info/"
    files = {**files, info + "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
             info + "WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"}
    record = "".join(f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},\n"
                     for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        for path, text in {**files, info + "RECORD": record}.items():
            wheel.writestr(path, text)


class Packages(OnBoards):
    """Bundles outside of a project: Python with MPI, and a program of a package."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = {"PISDK_DATA_DIR": str(cls.shared / "data"), "PISDK_CACHE_DIR": str(cls.shared / "cache")}

    def setUp(self):
        super().setUp()
        del self.env["PISDK_APT_DIR"]
        for words in (["--with", "python", "-o", "python.sh"], ["--package", "zstd", "-o", "zstd.sh"]):
            if not (self.shared / words[-1]).exists():
                self.ok("bundle", *words, cwd=self.shared, env=self.own, timeout=400)

    def test_python(self):
        """In a path with a blank, without any variable; virtual environments stay when it is updated."""
        self.assertLess((self.shared / "python.sh").stat().st_size, 26e6)
        out = self.board("""sh /mnt/python.sh -b -p '/tmp/a b' >/dev/null; P='/tmp/a b'; cd /tmp
            cat >t.py <<'END'
import ssl, sqlite3, subprocess, sys
import numpy
from mpi4py import MPI
if len(sys.argv) > 1:
    MPI.Comm.Get_parent().send("spawned", 0)
elif MPI.COMM_WORLD.size == 1:
    child = MPI.COMM_WORLD.Spawn(sys.executable, ["/tmp/t.py", "x"])
    print(child.recv(), len(open("/proc/self/maps").read().split("/a b/")) > 20, flush=True)
    subprocess.run([sys.executable, "-c", "import numpy; print(numpy.ones(3) @ numpy.ones(3))"])
else:
    print(MPI.COMM_WORLD.allreduce(numpy.full(2, 1.0)).tolist())
END
            cat >m.py <<'END'
import multiprocessing
if __name__ == "__main__":
    print(multiprocessing.get_context("spawn").Pool(2).map(abs, [-1, 2]))
END
            for ranks in 1 2; do
                env -i timeout 60 "$P/bin/mpirun" --oversubscribe -n $ranks "$P/bin/python3" t.py 2>&1 | grep -v hwloc
            done
            env -i timeout 60 "$P/bin/python3" m.py
            "$P/bin/python3" -m venv --system-site-packages v && sh /mnt/python.sh -bup "$P" >/dev/null && rm -rf "$P"/releases/gone
            v/bin/python -c 'import sys, numpy; print(sys.prefix, sys.base_prefix)'; v/bin/pip --version""")
        self.assertRegex(out, r"(?s)^spawned True\n3\.0\n\[2\.0, 2\.0\]\n\[2\.0, 2\.0\]\n\[1, 2\]\n"
                              r"/tmp/v /tmp/a b/current/runtime/usr\npip .* from /tmp/v/lib/.*\n$")

    def test_env(self):
        write_wheel(self.shared, "greet", "1.0", {"greet/__init__.py": "def main():\n    print('hello')\n",
                    "greet-1.0.dist-info/entry_points.txt": "[console_scripts]\ngreet = greet:main\n"},
                    more="Requires-Dist: gone>1\nRequires-Dist: numpy\nRequires-Dist: test; extra == 'x'\n")
        write_wheel(self.shared, "greet", "2.0", {"greet/__init__.py": "def main():\n    print('hello 2')\n",
                    "greet-2.0.dist-info/entry_points.txt": "[console_scripts]\ngreet = greet:main\n"})
        write_wheel(self.shared, "foreign", "1", {"f.py": ""}, "cp311-cp311-linux_x86_64")
        write_wheel(self.shared, "other", "1", {"f.py": ""}, "cp39-cp39-linux_armv7l")
        write_wheel(self.shared, "conflict", "1", {"numpy/__init__.py": "another\n"})
        write_wheel(self.shared, "escape", "1", {"../../../x.py": ""})
        (self.shared / "damaged-1-py3-none-any.whl").write_bytes((self.shared / "greet-1.0-py3-none-any.whl").read_bytes()[:-30])
        steps = ["$E list", "$E add /mnt/zstd.sh", "$P/bin/zstd --version | cut -c 1-5", "$E add /mnt/greet-1.0-py3-none-any.whl",
                 "$P/bin/greet", "$E list", "$E add /mnt/greet-2.0-py3-none-any.whl; $P/bin/greet", "$E rollback; $P/bin/greet",
                 "$E rollback; $P/bin/greet"]
        steps += [f"$E add /mnt/{name}" for name in ("foreign-1-cp311-cp311-linux_x86_64.whl", "other-1-cp39-cp39-linux_armv7l.whl",
                  "conflict-1-py3-none-any.whl", "escape-1-py3-none-any.whl", "damaged-1-py3-none-any.whl", "python.sh", "gone.whl")]
        steps += ["$E remove gone", "$E remove python", "$P/bin/greet; ls -A $P",
                  "sh /mnt/python.sh -bu -p $P | head -n 1; $P/bin/greet; $E list",
                  "$E remove greet zstd; ls $P/bin; $E list; $P/bin/python3 -c 'import numpy'",
                  "find $P/current/ -path '*greet*' -o -name '*zstd*'; ls $P/releases | wc -l",
                  "$P/uninstall; ls -d $P || :"]
        out = self.board("P=/tmp/p; E=$P/bin/pisdk-env; sh /mnt/python.sh -b -p $P >/dev/null\n" + "\necho --\n".join(steps))
        said = [part.strip().splitlines() for part in re.sub(r"[0-9a-f]{12}", "ID", out).split("--\n")]
        has = ["python ID bundle", "greet 2.0 wheel", "zstd ID bundle"]
        python = "another Python than this one, 3.11"
        self.assertEqual(said[:9], [
            ["python ID bundle"], ["added zstd ID"], ["*** Z"],
            ["warning: greet-1.0-py3-none-any.whl needs gone>1, which is not here; pisdk-env adds its wheel, too", "added greet 1.0"],
            ["hello"], ["python ID bundle", "greet 1.0 wheel", "zstd ID bundle"], ["added greet 2.0", "hello 2"], ["hello"], ["hello 2"]])
        self.assertEqual(said[9:18], [
            ["error: foreign-1-cp311-cp311-linux_x86_64.whl is for linux_x86_64, not for armv7l"],
            [f"error: other-1-cp39-cp39-linux_armv7l.whl is for {python}"],
            ["error: conflict and what is in /tmp/p have another runtime/usr/lib/python3/dist-packages/numpy/__init__.py each",
             "hint: bundles fit together that are made of the same sysroot"],
            ["error: escape-1-py3-none-any.whl has a file with a name that leads elsewhere: ../../../x.py"],
            ["error: cannot install damaged-1-py3-none-any.whl: File is not a zip file"],
            ["error: python is what /tmp/p was made with", "hint: sh '/mnt/python.sh' -u -p '/tmp/p' updates it"],
            ["error: cannot read gone.whl".replace("gone", "/mnt/gone")],
            ["error: there is no gone in /tmp/p", "hint: pisdk-env list"],
            ["error: python is what /tmp/p was made with", "hint: /tmp/p/uninstall removes all of it"]])
        self.assertEqual(said[18], ["hello 2", "bin", "current", "previous", "releases", "uninstall"])
        self.assertEqual(said[19], ["python ID is in /tmp/p", "hello 2", *has])
        self.assertEqual(said[20], ["mpiexec", "mpirun", "orted", "pisdk-env", "python3", "python ID bundle"])
        self.assertEqual(said[21], ["2"])
        self.assertEqual(said[22], ["ls: cannot access '/tmp/p': No such file or directory"])

    def test_busybox(self):
        """A root with nothing but busybox, not even a C library."""
        write(self.dir / "busybox.ini", "[release]\ntitle = busybox\narch = armhf\ntriple = arm-linux-gnueabihf\n[origin debian]\nsuites = bookworm\ncomponents = main\n"
              "keyring = keyrings/debian.gpg\n[packages]\nwanted = busybox-static\n[links]\nusr/bin/sh = busybox\n")
        os.symlink(Path(__file__).parent / "keyrings", self.dir / "keyrings")
        self.ok("sysroot", "build", self.dir / "busybox.ini", cwd=self.dir, env=self.own, timeout=200)
        out = self.ok("run", "--sysroot", "busybox", "--mount", f"{self.shared}:/mnt", "busybox", "sh", "-c",
                         "mkdir /tmp/bin; busybox --install -s /tmp/bin; PATH=/tmp/bin; export PATH; exec 2>&1; "
                         "sh /mnt/python.sh -b -p /tmp/p | head -n 1; /tmp/p/bin/pisdk-env add /mnt/zstd.sh; "
                         "/tmp/p/bin/zstd --version | cut -c 1-5; /tmp/p/bin/pisdk-env remove zstd; /tmp/p/bin/pisdk-env list; "
                         "/tmp/p/bin/mpirun --oversubscribe --allow-run-as-root -n 2 /tmp/p/bin/python3 -c "
                         "'import numpy; from mpi4py import MPI; print(MPI.COMM_WORLD.allreduce(numpy.ones(1)))' | sort",
                         env=self.own, timeout=300).out
        self.assertRegex(out, r"^python \w+ is in /tmp/p\nadded zstd \w+\n\*\*\* Z\npython \w+ bundle\n(.*hwloc.*\n)*\[2\.\]\n\[2\.\]\n$")

    def test_nothing_asked_for(self):
        self.fails(1, "bundle", cwd=self.dir, says="there is no pisdk.ini here or above",
                   hint="without a project: pisdk bundle --with python, or --package NAME")
        self.fails(4, "bundle", "--package", "no-such-package", cwd=self.dir, env=self.own, says="there is no package `no-such-package`")
        self.fails(2, "bundle", "--package", "python3.11", cwd=self.dir, env=self.own, says="`python3.11` cannot be the name of the bundle",
                   hint="pisdk bundle --name NAME")


if __name__ == "__main__":
    assert PISDK
    main()
