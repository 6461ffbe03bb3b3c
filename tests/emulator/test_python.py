# SPDX-License-Identifier: MIT
"""Python and R with MPI, as a person who has never cross-compiled uses them. Run as an ordinary user against an
installed pisdk (see setup).
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, nightly, path_without, write  # noqa: E402

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("PISDK_TEST_DATA", "")).parent


class Scripts(Case):
    """A sysroot with mpi4py and numpy, made once."""

    @classmethod
    def setUpClass(cls):
        cls.data = Path(tempfile.mkdtemp(prefix="pisdk-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)

    def setUp(self):
        super().setUp()
        del self.env["PISDK_APT_DIR"]  # the desktop's own mirror
        self.env.update(PISDK_DATA_DIR=str(self.data / "data"), PISDK_CACHE_DIR=str(self.data / "cache"))
        self.project = self.dir / "p"
        kept = self.data / "pisdk.lock"
        write(self.project / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = none\n")
        if kept.exists():
            shutil.copy(kept, self.project)
        else:
            self.ok("sysroot", "add", "python3-mpi4py", "python3-numpy", cwd=self.project, timeout=300)
            shutil.copy(self.project / "pisdk.lock", kept)

    def script(self, text, name="main.py"):
        write(self.project / name, text)

    def run_on(self, ranks, *words, **options):
        return self.pisdk("run", "-n", ranks, *words, cwd=self.project, **options)

    def root(self):
        return Path(self.ok("sysroot", "path", cwd=self.project).out.strip())

    def test_scripts(self):
        self.script("import sys\nimport numpy as np\nfrom mpi4py import MPI\ncomm = MPI.COMM_WORLD\n"
                    "sums = np.empty(3)\ncomm.Allreduce(np.full(3, comm.rank, dtype='d'), sums)\n"
                    "names = comm.bcast({'names': sys.argv[1:]} if comm.rank == 0 else None)\n"
                    "print(comm.rank, sums.tolist(), names['names'], __name__, sys.argv[0])\n")
        for program in (["main.py"], ["python3", "main.py"], [str(self.project / "main.py")]):
            out = self.run_on(2, *program, "a b", "c").out
            path = program[-1] if program != ["main.py"] else str(self.project / "main.py")
            self.assertEqual(sorted(out.splitlines()), [
                f"{rank} [1.0, 1.0, 1.0] ['a b', 'c'] __main__ {path}" for rank in (0, 1)])
        write(self.project / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = none\n[run]\nprogram = main.py\nranks = 2\n")
        self.assertEqual(len(self.ok("run", cwd=self.project).out.splitlines()), 2)
        self.assertIn("nothing to build", self.ok("build", cwd=self.project).err)
        write(self.project / "pisdk.ini", "[project]\nname = p\n[build]\ncommand = touch built\n")
        self.ok("build", cwd=self.project)
        self.assertTrue((self.project / "built").exists())
        out = self.run_on(2, "main.py", env={"PISDK_EMULATION": "prefix"}).out
        self.assertEqual(len(out.splitlines()), 2, out)
        self.ok("sysroot", "verify", cwd=self.project)  # Python had left byte code of links there

    def test_what_python3_takes(self):
        say = "from mpi4py import MPI; print(MPI.COMM_WORLD.rank)"
        self.script(say, "module.py")
        for words, given in ((["python3", "-c", say], ""), (["python3", "-u", "-m", "module"], ""), (["python3", "-"], say)):
            out = self.run_on(1 if given else 2, *words, input=given).out
            self.assertEqual(sorted(out.split()), ["0"] if given else ["0", "1"], words)
        self.script("import sys\nfrom mpi4py import MPI\nif len(sys.argv) > 1:\n    MPI.Comm.Get_parent().send('child', 0)\n"
                    "else:\n    child = MPI.COMM_WORLD.Spawn(sys.executable, [__file__, 'x'])\n    print(child.recv())\n")
        self.assertEqual(self.run_on(1, "main.py").out, "child\n")

    def test_a_rank_that_raises(self):
        """The others, who wait for it, end as well; it is told once, with its rank."""
        start = "from mpi4py import MPI\ncomm = MPI.COMM_WORLD\n"
        self.script(start + "if comm.rank == 1:\n    raise ValueError('one is wrong')\ncomm.Barrier()\n")
        failed = self.run_on(3, "main.py", timeout=100)
        self.assertEqual(failed.status, 1, str(failed))
        self.assertEqual(failed.err.count("Traceback"), 1, failed.err)
        self.assertIn(f'rank 1: Traceback (most recent call last):\n  File "{self.project}/main.py", line 4, in <module>\n'
                      "    raise ValueError('one is wrong')\nValueError: one is wrong\n", failed.err)
        self.script(start + "raise ValueError('all are wrong')\n")
        for mode in ({}, {"PISDK_EMULATION": "prefix"}):
            self.assertEqual(self.run_on(4, "main.py", timeout=100, env=mode).err.count("Traceback"), 1)
        self.assertEqual(list(Path("/dev/shm").glob("pisdk-trace-*")), [])  # the desktop's, in prefix mode
        self.script(start + "import sys\nif comm.rank == 1:\n    sys.exit(3)\ncomm.Barrier()\n")
        self.assertEqual(self.run_on(2, "main.py", timeout=100).status, 3)
        self.script(start + "if comm.rank == 0:\n    raise KeyboardInterrupt\ncomm.Barrier()\n")
        self.assertEqual(self.run_on(2, "main.py", timeout=100).status, 130)

    def test_what_fails(self):
        self.script('print "hello"\n')
        old = self.pisdk("run", "main.py", cwd=self.project)
        self.assertEqual(old.status, 1)
        self.assertIn("is written for Python 2; 2to3 (package 2to3) rewrites it", old.err)
        self.script("import sys\nimport pandas as pd, os\n")
        self.assertIn("hint: pisdk sysroot add python3-pandas\n", self.pisdk("run", "main.py", cwd=self.project).err)
        self.script("TRIES = 3\n", "serial.py")  # a name of a package's module, and it is not that
        self.script("import serial, pandas\n")
        self.assertIn("hint: pisdk sysroot add python3-pandas\n", self.pisdk("run", "main.py", cwd=self.project).err)
        self.fails(1, "run", "no.py", cwd=self.project, says="there is no no.py here or in the project")
        self.script("cat(1)\n", "main.R")
        self.fails(1, "run", "main.R", cwd=self.project, says="main.R needs Rscript", hint="pisdk sysroot add r-base-core")
        for name, package in (("mpi4py", "python3-mpi4py"), ("fftw3", "libfftw3-dev"), ("Pillow", "python3-pil")):
            self.fails(4, "sysroot", "add", name, cwd=self.project, says=f"there is no package `{name}`",
                       hint=f"Debian's name for it: pisdk sysroot add {package}")

    def test_windows(self):
        """One-sided communication, and what it needs of Debian's Open MPI."""
        lines = ["from mpi4py import MPI", "import numpy as np", "comm = MPI.COMM_WORLD", "mine = np.zeros(2)",
                 "window = MPI.Win.Create(mine, comm=comm)", "if comm.rank == 0:", "    window.Lock(1)",
                 "    window.Put(np.ones(2), 1)", "    window.Unlock(1)", "comm.Barrier()",
                 "print(comm.rank, mine.tolist(), flush=True)", "window.Free()"]
        self.script("\n".join(lines) + "\n")
        told = self.run_on(2, "--timeout", "60", "main.py")
        self.assertNotEqual(told.status, 0)
        mend = "import mpi4py; mpi4py.rc.thread_level = \"serialized\""
        self.assertIn(f"before MPI is imported: {mend}\n", told.err)
        self.script("\n".join([mend, *lines]) + "\n")
        out = self.run_on(2, "--timeout", "60", "main.py").out
        self.assertEqual(sorted(out.splitlines()), ["0 [0.0, 0.0]", "1 [1.0, 1.0]"])

    def test_whose_python(self):
        """The board's own is asked for."""
        say = ("exec", "--emulate", "--", "python3", "-c", "import platform; print(platform.machine())")
        self.assertEqual(self.ok(*say, cwd=self.project).out, "armv7l\n")
        self.assertEqual(self.ok("run", "which", "sed", cwd=self.project).out, "/usr/bin/sed\n")
        self.assertIn("C.utf8", self.ok("run", "locale", "--", "-a", cwd=self.project).out)

    def test_variables_of_the_desktop(self):
        self.script("import os\nprint(sorted(k for k in os.environ if k.startswith(('OPENBLAS', 'PYTHON', 'PIP'))))\n")
        out = self.ok("run", "main.py", cwd=self.project,
                      env={"OPENBLAS_CORETYPE": "Haswell", "PYTHONPATH": "/nowhere", "PIP_INDEX_URL": "x"}).out
        self.assertEqual(out, "[]\n")

    def test_compiled(self):
        """Files are compiled, so that nothing is at run time; the same bytes by whichever Python."""
        self.script("import sys, numpy, json\nprint(numpy.__cached__)\n")
        cached = self.ok("run", "main.py", cwd=self.project).out.strip()
        self.assertTrue((self.root() / cached[1:]).is_file(), cached)
        files = list((self.root() / "usr/lib/python3/dist-packages").rglob("*.py"))
        compiled = [f for f in files if list((f.parent / "__pycache__").glob(f"{f.stem}.cpython-*.pyc"))]
        self.assertGreater(len(compiled), 0.95 * len(files))
        self.ok("sysroot", "verify", cwd=self.project)
        lines = (self.project / "pisdk.lock").read_text().splitlines()
        digest = [line for line in lines if line.startswith("Tree-SHA256")]
        self.env.update(PISDK_DATA_DIR=str(self.dir / "other"), PATH=path_without(self.dir / "bin", "python3*"))
        self.ok("sysroot", "build", cwd=self.project, timeout=300)  # whose digest the lock has
        self.assertEqual(len(digest), 1)
        # gc keeps what the sysroot needs, and so it is made again from that.
        self.assertIn("0 unpacked packages", self.ok("sysroot", "gc", "--dry-run", cwd=self.project).err)

    def test_coverage(self):
        """Of the files of the project, and of those of the tests; a branch that is not taken is found."""
        write(self.project / "half.py", "def half(n):\n    if n % 2:\n        raise ValueError(n)\n    return n // 2\n")
        write(self.project / "tests/test_half.py", "import unittest\nfrom half import half\n\nclass Half(unittest.TestCase):\n"
                                                   "    def test(self):\n        self.assertEqual(half(4), 2)\n")
        result = self.ok("test", "--coverage", cwd=self.project, timeout=300)
        self.assertRegex(result.out, r"(?m)^half\.py +4 +1 +75%$")
        report = self.project / "build/armv7-release-coverage/coverage"
        self.assertRegex((report / "python.info").read_text(), r"(?s)SF:half\.py\n.*DA:3,0\b.*DA:4,1\b")
        self.assertIn("half.py", (report / "python/index.html").read_text())
        self.assertIn("python3-coverage", (self.project / "pisdk.lock").read_text())
        write(self.project / "half.R", "1\n")
        (self.project / "half.py").unlink()
        self.fails(1, "test", "--coverage", cwd=self.project, says="coverage is for compiled programs and for Python")

    @nightly
    def test_frames_of_python(self):
        """In gdb, and beside the frames of C where a module crashes."""
        self.script("import os\n\ndef inner():\n    os.abort()\n\ninner()\n")
        self.fails(1, "debug", "main.py", cwd=self.project, says="the sysroot's Python has no debug information",
                   hint="pisdk sysroot add python3-dbg")
        self.assertIn("hint: for the calls in Python: pisdk sysroot add python3-dbg\n",
                      self.pisdk("run", "main.py", cwd=self.project).err)
        self.ok("sysroot", "add", "python3-dbg", cwd=self.project, timeout=300)
        self.assertRegex(self.pisdk("run", "main.py", cwd=self.project).err,
                         r"(?s)signal 6.*\n  #0 .*\n  called from Python:\n(  #.*\n)*  #\d inner \(\) at main\.py:4\n"
                         r"  #\d <module> \(\) at main\.py:6\n")
        for words in (["main.py"], ["-n", "2", "--rank", "1", "python3", "--", "main.py"]):
            out = self.ok("debug", "-x", "break os_abort", "-x", "continue", "-x", "py-bt", "-x", "kill", *words,
                          cwd=self.project).out
            self.assertIn(f'File "{self.project}/main.py", line 4, in inner\n    os.abort()\n', out)

    @nightly
    def test_jupyter(self):
        """A kernel that a notebook starts, and one that clients connect to."""
        self.env.update(JUPYTER_DATA_DIR=str(self.dir / "jupyter"))
        self.script("WHERE = 'here'\n", "place.py")
        self.fails(1, "jupyter", cwd=self.project, says="the sysroot has no kernel for Jupyter",
                   hint="pisdk sysroot add python3-ipykernel")
        self.ok("sysroot", "add", "python3-ipykernel", cwd=self.project, timeout=300)
        self.assertIn("notebooks now have a kernel `Python of p (emulated board)`\n",
                      self.ok("jupyter", "--install", cwd=self.project).err)
        out = subprocess.run(["/usr/bin/python3", HERE / "notebook.py", "pisdk-p", "import platform; platform.machine()",
                              "import place; place.WHERE"], env=self.env, capture_output=True, text=True, timeout=300)
        self.assertEqual(out.stdout, "'armv7l'\n'here'\nKeyboardInterrupt\n", out.stderr)
        kernel = self.start("jupyter", cwd=self.project)
        lines = [kernel.stderr.readline() for _ in range(4)]
        self.assertEqual(lines[1:3], ["the kernel is ready; Ctrl-C ends it\n",
                                      "in a terminal: jupyter console --existing kernel-pisdk-p.json\n"])
        connection = self.dir / "jupyter/runtime/kernel-pisdk-p.json"
        self.assertEqual(connection.stat().st_mode & 0o777, 0o600)
        kernel.send_signal(signal.SIGINT)
        self.assertEqual(kernel.wait(60), 130)
        self.assertFalse(connection.exists())
        write(self.dir / "no.json", "{}")
        self.fails(2, "jupyter", "--connection-file", self.dir / "no.json", cwd=self.project,
                   says="is not a connection file of Jupyter")
        self.fails(2, "jupyter", "--on", "slurm", cwd=self.project, says="a kernel cannot run on `slurm`")

    def test_deploy(self):
        self.script("import helper\nprint(helper.VALUE)\n")
        self.script("VALUE = 42\n", "helper.py")
        self.script("", "package/__init__.py")
        write(self.project / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = none\n[node pi1]\n")
        listed = self.pisdk("deploy", "--dry-run", "--json", cwd=self.project).out
        self.assertEqual({f["file"] for f in json.loads(listed)}, {"helper.py", "main.py", "package/__init__.py"})


@nightly
class Releases(Case):
    def setUp(self):
        super().setUp()
        del self.env["PISDK_APT_DIR"]
        if os.access(SHARED / "cache", os.W_OK):
            self.env["PISDK_CACHE_DIR"] = str(SHARED / "cache")

    def check(self, sysroot):
        """What such a person adds first."""
        project = self.dir / "p"
        write(project / "pisdk.ini", f"[project]\nname = p\n[build]\nsystem = none\n[target]\nsysroot = {sysroot}\n")
        self.ok("sysroot", "add", "python3-mpi4py", "python3-scipy", "python3-pandas", "python3-matplotlib",
                "r-base-core", cwd=project, timeout=900)
        write(project / "main.py", "import scipy.linalg, pandas, matplotlib, numpy\nfrom mpi4py import MPI\n"
              "solved = numpy.linalg.solve(numpy.eye(2), numpy.eye(2))\n"
              "print(MPI.COMM_WORLD.allreduce(scipy.linalg.det(solved)), pandas.Series([1]).sum())\n")
        out = self.ok("run", "-n", "2", "main.py", cwd=project, timeout=300).out
        self.assertEqual(out, "2.0 1\n2.0 1\n")
        said = self.ok("run", "Rscript", "--", "-e", "cat(sum(solve(diag(2))))", cwd=project)
        self.assertEqual((said.out, re.findall("Setting LC_.*", said.err)), ("2", []))

    def test_another_mpi(self):
        """Debian 12's mpi4py is for Open MPI."""
        project = self.dir / "p"
        write(project / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = none\n[target]\nsysroot = bookworm-mpich\n")
        said = self.ok("sysroot", "add", "python3-mpi4py", cwd=project, timeout=600).err
        self.assertIn("warning: some packages are built for Open MPI, but this sysroot's MPI is MPICH", said)
        self.assertIn("hint: pisdk sysroot build bookworm --mpi openmpi\n", said)

    def test_bookworm(self):
        self.check("bookworm")

    def test_bullseye(self):
        self.check("bullseye")

    def test_trixie(self):
        self.check("trixie-mpich")


if __name__ == "__main__":
    main()
