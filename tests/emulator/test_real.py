# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote: cross-compiled as they are, and their own tests, emulated.

The sources are Debian's (see debsource.py), of the release of the sysroot. None is edited, which is
checked; what a package needs to be told is what its own documentation asks for, or flags for names
and C++ that newer standards no longer have. Each test prints what came out.

    make       hpcc (the HPC Challenge benchmarks), netpipe
    Autotools  the test suite of MPICH, run against the sysroot's MPI
    CMake      dune-common, a C++ library; its tests say at how many ranks they run
    Meson      dav1d; half of it is assembler, which its tests compare with C

It needs make, meson, ninja-build, perl, dpkg-dev and gpgv on the desktop, and the Debian mirror.
"""

import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import debsource  # noqa: E402
from harness import PISDK, Case, main, nightly, write  # noqa: E402

RELEASE = "bookworm"
EM_ARM, EF_ARM_ABI_FLOAT_HARD = 40, 0x400
JOBS = f"-j{os.cpu_count()}"

RECIPE = f"""
[release]
include = {RELEASE}.ini
title = What other people's programs need

[packages]
wanted = libopenblas-dev
"""

# Names of MPI-1 that MPI-3 has no more: the same functions with other names.
MPI1 = ["-DMPI_Address=MPI_Get_address", "-DMPI_Type_struct=MPI_Type_create_struct",
        "-DMPI_Type_hvector=MPI_Type_create_hvector",
        "-DMPI_Type_hindexed=MPI_Type_create_hindexed"]

# Of MPICH's testlists: some of every chapter of MPI, at the ranks that are given here.
MPICH = {
    "attr": "attrt 2, attric 4, attrend2 1, baseattrcomm 1",
    "coll": "allred 4 arg=-count=10, allred2 2, alltoallv 4, alltoallw2 2, bcasttest 2, coll7 1,"
            "exscan 4, icallreduce 4, neighb_alltoallw 4, nonblocking 1, nonblocking 4,"
            "red_scat_block 4, scatterv 4",
    "comm": "cmsplit 4, comm_group_half 2, comm_idup 2, icm 4",
    "datatype": "darray_pack 1, indexed_misc 1, pairtype_pack 1, sendrecvt4 2, struct_pack 1,"
                "unusual_noncontigs 1",
    "group": "grouptest2 4",
    "info": "infoorder 1",
    "io": "async 4, hindexed_io 1, i_noncontig 2, rdwrord 4",
    "pt2pt": "anyall 2, bottom 2, bsend1 1, icsend 4, mprobe 2, probe_unexp 4, sendall 4",
    "rma": "win_shared 4, win_shared_noncontig 4, win_shared_put_flush_get 4",
    "topo": "cartcreates 4, dims2 1, distgraph1 4, topotest 2",
}

# The folder with most of dune-common's MPI.
DUNE = ("communicationtest indexsettest remoteindicestest selectiontest syncertest "
        "variablesizecommunicatortest mpidatatest mpifuturetest mpipacktest "
        "mpigatherscattertest").split()


def lacking():
    """Why these tests cannot run here, if so."""
    programs = "make", "meson", "ninja", "cmake", "perl", "dpkg-source", "gpgv"
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        return f"not installed: {' '.join(missing)}"
    return "" if debsource.mirrors() else "no Debian mirror"


def setUpModule():
    """A sysroot of this module's own; a folder that is given keeps what was downloaded."""
    global DATA
    if lacking():
        return
    DATA = tempfile.mkdtemp(prefix="pisdk-real-")
    unittest.addModuleCleanup(remove, DATA)
    os.chmod(DATA, 0o755)
    recipe = write(Path(DATA, "real.ini"), RECIPE)
    cache = os.environ.get("PISDK_TEST_CACHE")
    done = subprocess.run(
        [PISDK, "sysroot", "build", str(recipe)], capture_output=True, text=True, timeout=300,
        env={**os.environ, "HOME": DATA, "PISDK_DATA_DIR": f"{DATA}/data",
             "PISDK_CACHE_DIR": f"{cache or DATA}/pisdk"})
    if done.returncode:
        raise AssertionError(f"the sysroot: status {done.returncode}\n{done.stderr}")


def remove(folder):
    """Sysroots are read-only."""
    subprocess.run(["chmod", "-R", "u+w", folder], check=False)
    shutil.rmtree(folder, ignore_errors=True)


def digests(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


class Real(Case):
    def setUp(self):
        super().setUp()
        if lacking():
            self.skipTest(lacking())
        self.env["PISDK_DATA_DIR"] = f"{DATA}/data"
        self.begun = time.monotonic()
        self.built = None

    def source(self, package, **options):
        """The unpacked source package, of which nothing may change from now on."""
        try:
            folder = debsource.fetch(package, RELEASE, self.dir / "sources", **options)
        except debsource.Unavailable as why:
            self.skipTest(f"the source of {package}: {why}")
        before = digests(folder)
        self.addCleanup(self.unedited, folder, before)
        self.begun = time.monotonic()
        return folder

    def unedited(self, folder, before):
        after = digests(folder)
        changed = [path for path, digest in before.items() if after.get(path) != digest]
        self.assertEqual(changed, [])

    def exec(self, folder, *command, emulate=False, **options):
        options.setdefault("timeout", 300)
        return self.ok("exec", "--sysroot", "real", *(["--emulate"] if emulate else []), "--",
                       *command, cwd=folder, **options)

    def compiled(self):
        """From here on, the clock is that of the tests."""
        self.built, self.begun = time.monotonic() - self.begun, time.monotonic()

    def figures(self, name, passed, wanted):
        """Counters of tests by their number of ranks (0: not an MPI program)."""
        for ranks in sorted(wanted):
            where = f" at {ranks} rank{'s' * (ranks > 1)}" if ranks else ""
            print(f"{name}: {passed[ranks]} of {wanted[ranks]} tests passed{where}")
        took = time.monotonic() - self.begun
        print(f"{name}: built in {self.built:.0f} s, tests took {took:.0f} s", flush=True)
        self.assertEqual(passed, wanted)

    def is_for_the_board(self, file):
        """A program for ARM, with the floating point ABI of Debian's armhf."""
        header = file.read_bytes()[:52]
        machine, flags = struct.unpack_from("<18xH16xI", header)
        self.assertEqual((header[:5], machine), (b"\x7fELF\1", EM_ARM))
        self.assertTrue(flags & EF_ARM_ABI_FLOAT_HARD, hex(flags))

    # make

    @nightly
    def test_hpcc(self):
        folder = self.source("hpcc", upstream=True)
        # As its README says: take one of the examples, and say what is different here.
        shutil.copy(folder / "hpl/setup/Make.Linux_PII_CBLAS", folder / "hpl/Make.board")
        self.exec(folder, "sh", "-c",
                  f'make {JOBS} arch=board CC="mpicc {MPI1[0]} {MPI1[1]}" LINKER=mpicc MPdir= '
                  'MPinc= MPlib= LAdir= LAinc= LAlib=-lopenblas ARCHIVER="$AR"')
        self.is_for_the_board(folder / "hpcc")
        self.compiled()
        passed, wanted = Counter(), Counter()
        for ranks, rows, columns in ((1, 1, 1), (2, 1, 2), (4, 2, 2)):
            passed[ranks] = self.hpcc(folder, ranks, rows, columns)
            wanted[ranks] = 6 + 10 + 3
        self.figures("hpcc", passed, wanted)

    def hpcc(self, folder, ranks, rows, columns):
        """Runs all its benchmarks on a problem of 400 x 400; returns how many checks passed."""
        text = (folder / "_hpccinf.txt").read_text()
        for value, name in ((400, "Ns"), (rows, "Ps"), (columns, "Qs")):
            text, changes = re.subn(rf"^\d+(\s+{name})$", rf"{value}\1", text, flags=re.MULTILINE)
            self.assertEqual(changes, 1, name)
        write(folder / "hpccinf.txt", text)
        result = folder / "hpccoutf.txt"
        result.unlink(missing_ok=True)
        self.exec(folder, "mpirun", "-n", ranks, "./hpcc")
        out = result.read_text()
        values = dict(re.findall(r"^(\w+)=(\S+)$", out, re.MULTILINE))
        self.assertEqual(values["CommWorldProcs"], str(ranks))
        self.assertEqual(values["Success"], "1", out)
        self.assertIn("End of HPC Challenge tests.", out)
        self.assertNotRegex(out, "FAILED|[1-9][0-9]* tests completed and failed")
        self.assertEqual(len(re.findall(r"\.{6} PASSED", out)), 1, out)  # HPL's residual
        # Linpack and the transposition; what each of ten others finds on every rank; three more.
        return (sum(int(n) for n in re.findall(r"(\d+) tests completed and passed", out))
                + len(re.findall(r"^Node\(s\) with error 0$", out, re.MULTILINE))
                + (values["MPIRandomAccess_Errors"] == "0")
                + (values["MPIRandomAccess_LCG_Errors"] == "0")
                + (float(values["MPIFFT_maxErr"]) < 1e-12))

    def test_netpipe(self):
        folder = self.source("netpipe", upstream=True)
        self.exec(folder, "make", "mpi")
        self.is_for_the_board(folder / "NPmpi")
        self.compiled()
        out = self.exec(folder, "mpirun", "-n", 2, "./NPmpi", "-i", "-u", 1024, "-p", 3).err
        sizes = re.findall(r"^ *\d+: +(\d+) bytes .*", out, re.MULTILINE)
        passed = len(re.findall("Integrity check passed$", out, re.MULTILINE))
        self.assertGreater(int(sizes[-1]), 700)
        self.figures("netpipe", Counter({2: passed}), Counter({2: len(sizes)}))

    # Autotools

    @nightly
    def test_suite_of_mpich(self):
        folder = self.source("mpich", upstream=True) / "test/mpi"
        flags = " ".join(["-O1", *MPI1])
        self.exec(folder, "./configure", "--enable-fortran=no", "--disable-cxx", "--disable-spawn",
                  "--disable-part", "--enable-strictmpi", f"CFLAGS={flags}")
        passed, wanted = Counter(), Counter()
        programs = []
        for chapter, tests in MPICH.items():
            lines = [test.strip() for test in tests.split(",")]
            write(folder / chapter / "pisdk.list", "".join(f"{line}\n" for line in lines))
            wanted.update(int(line.split()[1]) for line in lines)
            names = {line.split()[0] for line in lines}
            self.exec(folder / chapter, "make", JOBS, *sorted(names))
            programs += [folder / chapter / name for name in names]
        self.is_for_the_board(programs[0])
        self.compiled()
        failed = []
        for chapter in MPICH:
            self.exec(folder / chapter, "../runtests", "-srcdir=.", "-tests=pisdk.list",
                      "-tapfile=pisdk.tap")
            tap = (folder / chapter / "pisdk.tap").read_text()
            passed.update(int(n) for n in re.findall(r"^ok +- \S+ (\d+)", tap, re.MULTILINE))
            failed += re.findall(r"^not ok.*(?:\n[^on].*)*", tap, re.MULTILINE)
        self.assertEqual(failed, [])
        self.figures("test suite of mpich", passed, wanted)

    # CMake

    @nightly
    def test_dune_common(self):
        folder = self.source("dune-common")
        build = self.dir / "build"
        # Two templates of it are no C++ that Clang 19 takes. Flags in the environment are added to
        # those of the board, where -DCMAKE_CXX_FLAGS would take their place.
        flags = "-fdelayed-template-parsing -Wno-missing-template-arg-list-after-template-kw"
        self.exec(folder, "cmake", "-S", folder, "-B", build, "-G", "Ninja",
                  "-DCMAKE_BUILD_TYPE=Release", "-DDUNE_ENABLE_PYTHONBINDINGS=OFF",
                  "-DDUNE_MAX_TEST_CORES=4", env={"CXXFLAGS": flags})
        self.exec(folder, "cmake", "--build", build, "--target", *DUNE)
        self.is_for_the_board(build / "dune/common/parallel/test/syncertest")
        self.compiled()
        # They are programs by absolute paths, which CMake starts without asking for an emulator.
        out = self.exec(folder, "ctest", "--test-dir", build / "dune/common/parallel/test",
                        emulate=True).out
        passed, wanted = Counter(), Counter()
        for name, result in re.findall(r"Test +#\d+: (\S+) [.*]+ *(.*?)  ", out):
            ranks = re.search(r"-mpi-(\d)$", name)
            ranks = int(ranks[1]) if ranks else 1
            wanted[ranks] += 1
            passed[ranks] += result == "Passed"
        self.assertEqual(set(wanted), {1, 2, 4}, out)
        self.assertIn("0 tests failed out of 20", out)
        self.figures("dune-common", passed, wanted)

    # Meson

    @nightly
    def test_dav1d(self):
        folder = self.source("dav1d")
        build = self.dir / "build"
        self.exec(folder, "sh", "-c", f'exec meson setup {build} --cross-file '
                  '"$PISDK_MESON_CROSS_FILE" -Denable_tools=false -Dbitdepths=8')
        self.exec(folder, "ninja", "-C", build)
        self.is_for_the_board(build / "tests/checkasm")
        self.compiled()
        self.exec(folder, "meson", "test", "-C", build, "--test-args=1")
        log = (build / "meson-logs/testlog.txt").read_text()
        count = int(re.search(r"^checkasm: all (\d+) tests passed$", log, re.MULTILINE)[1])
        for functions in ("NEON", "mc_8bpc", "itx_8bpc", "looprestoration_8bpc", "msac"):
            self.assertIn(functions, log)
        self.assertGreater(count, 1000)
        results = re.findall(r"^result: +(.*)$", log, re.MULTILINE)
        self.assertEqual(set(results), {"exit status 0"})
        self.figures("dav1d", Counter({0: len(results) - 1 + count}),
                     Counter({0: len(results) - 1 + count}))


if __name__ == "__main__":
    main()
