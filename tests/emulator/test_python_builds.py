# SPDX-License-Identifier: MIT
"""Extension modules for Python, built in the ways that people build them. Run as an ordinary user against an
installed pisdk (see setup).
"""

import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, nightly, path_without, write  # noqa: E402

MODULE = """#include <Python.h>
#include <numpy/arrayobject.h>
#include <mpi4py/mpi4py.h>
static PyObject *size(PyObject *self, PyObject *args)
{
    PyObject *of;
    int n;
    npy_intp d;
    if (!PyArg_ParseTuple(args, "O", &of) || !PyMPIComm_Get(of))
        return NULL;
    MPI_Comm_size(*PyMPIComm_Get(of), &n);
    d = n;
    return PyArray_ZEROS(1, &d, NPY_DOUBLE, 0);
}
static PyMethodDef methods[] = {{"size", size, METH_VARARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "NAME", "", -1, methods};
PyMODINIT_FUNC PyInit_NAME(void)
{
    import_array();
    return import_mpi4py() < 0 ? NULL : PyModule_Create(&module);
}
"""
SETUP = """import mpi4py, numpy
from setuptools import Extension, setup
setup(name="by_setuptools", version="1", ext_modules=[Extension(
    "by_setuptools", ["module.c"], include_dirs=[numpy.get_include(), mpi4py.get_include()])])
"""
CMAKE = """cmake_minimum_required(VERSION 3.18)
project(p C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module NumPy)
find_package(MPI REQUIRED COMPONENTS C)
execute_process(COMMAND ${Python_EXECUTABLE} -c "import mpi4py; print(mpi4py.get_include())"
                OUTPUT_VARIABLE mpi4py OUTPUT_STRIP_TRAILING_WHITESPACE)
Python_add_library(by_cmake MODULE WITH_SOABI module.c)
target_include_directories(by_cmake PRIVATE ${mpi4py})
target_link_libraries(by_cmake PRIVATE Python::NumPy MPI::MPI_C)
message(STATUS "installs to ${Python_SITEARCH}")
"""
MESON = """project('p', 'c')
python = import('python').find_installation(pure: false)
say = 'import numpy, mpi4py; print(numpy.get_include()); print(mpi4py.get_include())'
folders = run_command(python, '-c', say, check: true).stdout().strip().split('\\n')
python.extension_module('by_meson', 'module.c', include_directories: include_directories(folders),
                        dependencies: [python.dependency(), dependency('mpi', language: 'c')])
"""
CYTHON = """cimport numpy as np
from mpi4py cimport MPI
np.import_array()
def size(MPI.Comm comm):
    import numpy
    return numpy.zeros(comm.Get_size())
"""
CYTHON_SETUP = """import mpi4py, numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
setup(name="by_cython", version="1", ext_modules=cythonize([Extension(
    "by_cython", ["by_cython.pyx"], include_dirs=[numpy.get_include(), mpi4py.get_include()])]))
"""
PYBIND11 = """#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
PYBIND11_MODULE(by_pybind11, m)
{
    m.def("size", [](pybind11::object comm) { return pybind11::array_t<double>(comm.attr("size").cast<int>()); });
}
"""
PYBIND11_SETUP = """from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import setup
setup(name="by_pybind11", version="1", ext_modules=[Pybind11Extension("by_pybind11", ["module.cpp"])],
      cmdclass={"build_ext": build_ext})
"""
CFFI = """from cffi import FFI
builder = FFI()
builder.cdef("int twice(int n);")
builder.set_source("_by_cffi", "static int twice(int n) { return 2 * n; }")
if __name__ == "__main__":
    builder.compile()
"""
F2PY = """subroutine twice(a, b, n)
  integer, intent(in) :: n
  real(8), intent(in) :: a(n)
  real(8), intent(out) :: b(n)
  b = 2 * a
end subroutine
"""
ANSWERS = """import os, platform, sys, sysconfig
import numpy, mpi4py
print(platform.machine(), sysconfig.get_platform(), sysconfig.get_config_var("EXT_SUFFIX"), sys.maxsize)
print(sysconfig.get_path("platlib"), sysconfig.get_path("include"), numpy.get_include(), numpy.__version__)
print(sys.executable)
print([p for p in sys.path if p.startswith(("/usr/lib/python3", "/usr/local")) and "lib-dynload" not in p])
"""


DATA = Path(tempfile.mkdtemp(prefix="pisdk-test-"))


def tearDownModule():
    shutil.rmtree(DATA, ignore_errors=True)


class Project(Case):
    """One of scripts, with a sysroot that has what builds need. That is made once."""

    SYSROOT = "bookworm"
    BUILD = ""
    PACKAGES = ("python3-mpi4py", "python3-numpy", "python3-dev", "python3-pip", "python3-setuptools",
                "python3-wheel", "cython3", "python3-pybind11", "python3-cffi")

    def setUp(self):
        super().setUp()
        del self.env["PISDK_APT_DIR"]  # the desktop's own mirror
        self.env.update(PISDK_DATA_DIR=str(DATA / "data"), PISDK_CACHE_DIR=str(DATA / "cache"))
        self.project = self.dir / "p"
        self.settings(self.BUILD)
        kept = DATA / f"{self.SYSROOT}.lock"
        if kept.exists():
            shutil.copy(kept, self.project / "pisdk.lock")
        else:
            self.ok("sysroot", "add", *self.PACKAGES, cwd=self.project, timeout=300)
            shutil.copy(self.project / "pisdk.lock", kept)

    def settings(self, build):
        write(self.project / "pisdk.ini", f"[project]\nname = p\n[target]\nsysroot = {self.SYSROOT}\n"
              f"[build]\nsystem = none\n{build}")

    def exec(self, *words, folder="", **options):
        return self.ok("exec", "--", *words, cwd=self.project / folder, timeout=300, **options)

    def new(self, template):
        self.ok("new", "new", "--template", template, timeout=300)
        return self.dir / "new"


class EveryWay:
    def build_all(self):
        """Each in a folder of its own, and all used by one program."""
        source = {name: MODULE.replace("NAME", name) for name in ("by_setuptools", "by_cmake", "by_meson")}
        write(self.project / "s/setup.py", SETUP)
        write(self.project / "s/module.c", source["by_setuptools"])
        self.exec("env", "CC=mpicc", "python3", "setup.py", "build_ext", "--inplace", folder="s")
        write(self.project / "c/CMakeLists.txt", CMAKE)
        write(self.project / "c/module.c", source["by_cmake"])
        told = self.exec("cmake", "-B", "build", folder="c").out
        self.assertRegex(told, r"installs to /usr/lib/python3")
        self.exec("cmake", "--build", "build", folder="c")
        write(self.project / "m/meson.build", MESON)
        write(self.project / "m/module.c", source["by_meson"])
        self.exec("sh", "-c", "meson setup build && ninja -C build", folder="m")
        write(self.project / "y/setup.py", CYTHON_SETUP)
        write(self.project / "y/by_cython.pyx", CYTHON)
        self.exec("env", "CC=mpicc", "python3", "setup.py", "build_ext", "--inplace", folder="y")
        write(self.project / "b/setup.py", PYBIND11_SETUP)
        write(self.project / "b/module.cpp", PYBIND11)
        self.exec("python3", "setup.py", "build_ext", "--inplace", folder="b")
        write(self.project / "i/build.py", CFFI)
        self.exec("python3", "build.py", folder="i")

    def use_all(self):
        names = ["by_setuptools", "by_cmake", "by_meson", "by_cython", "by_pybind11"]
        write(self.project / "main.py", "import sys\nsys.path[:0] = ['s', 'c/build', 'm/build', 'y', 'b', 'i']\n"
              f"from mpi4py import MPI\nimport {', '.join(names)}, _by_cffi\n"
              f"for module in ({', '.join(names)}):\n"
              "    assert '.cpython-3' in module.__file__ and '-arm-linux-gnueabihf.so' in module.__file__\n"
              "    assert len(module.size(MPI.COMM_WORLD)) == 2, module\n"
              "print(_by_cffi.lib.twice(21))\n")
        self.assertEqual(self.ok("run", "-n", 2, "main.py", cwd=self.project).out, "42\n42\n")

    def answers(self):
        write(self.project / "answers.py", ANSWERS)
        root = self.ok("sysroot", "path", cwd=self.project).out.strip()
        machine, paths, executable, desktops = self.exec("python3", "answers.py").out.splitlines()
        self.assertRegex(machine, rf"^armv7l linux-armv7l \.cpython-3\d+-arm-linux-gnueabihf\.so {2**31 - 1}$")
        self.assertRegex(paths, rf"^/usr/(local/)?lib/python3\.\d+/(dist|site)-packages {root}/usr/include/python3\.\d+ "
                                rf"{root}/usr/lib/python3/dist-packages/numpy/(_?core)/include \d")
        self.assertIn("/bin/python3", executable)
        self.assertEqual(desktops, "[]")  # its modules are not mixed in

    def test_all(self):
        self.answers()
        self.build_all()
        self.use_all()
        self.ok("sysroot", "verify", cwd=self.project)

    def test_fortran(self):
        if shutil.which("arm-linux-gnueabihf-gfortran"):
            write(self.project / "add.f90", F2PY)
            self.exec("f2py3", "-c", "-m", "by_f2py", "add.f90")
            write(self.project / "main.py", "import by_f2py, numpy\nprint(by_f2py.twice(numpy.ones(2)))\n")
            self.assertEqual(self.ok("run", "main.py", cwd=self.project).out, "[2. 2.]\n")


class Wheels(Project):
    def test_pip(self):
        """Builders that come as packages: pip, and those of pyproject.toml."""
        write(self.project / "setup.py", SETUP)
        write(self.project / "module.c", MODULE.replace("NAME", "by_setuptools"))
        self.exec("env", "CC=mpicc", "pip", "wheel", "--no-build-isolation", "--no-deps", "-w", "dist", ".")
        self.assertEqual([p.name.partition("-")[2] for p in (self.project / "dist").iterdir()],
                         ["1-cp311-cp311-linux_armv7l.whl"])
        write(self.project / "pyproject.toml", '[build-system]\nrequires = ["setuptools", "meson-python", "Cython"]\n')
        self.fails(1, "wheel", cwd=self.project, says="is built with packages that the sysroot does not have",
                   hint="pisdk sysroot add python3-mesonpy")

    def test_for_this_desktop(self):
        """Its own pip builds for it: that is an error, not a file that fails on the board."""
        write(self.project / "setup.py", "from setuptools import Extension, setup\n"
              "setup(name='x', version='1', ext_modules=[Extension('x', ['x.c'])])\n")
        write(self.project / "x.c", "int x;\n")
        wheel = "x-1-cp311-cp311-linux_x86_64.whl"
        self.fails(1, "exec", "--", "touch", wheel, cwd=self.project, says=f"{wheel} is built for x86-64",
                   hint="`pisdk wheel` builds for the board")
        write(self.project / "setup.py", "import os\nos.environ['CC'] = '/usr/bin/gcc'\n"
              "os.environ['LDSHARED'] = '/usr/bin/gcc -shared'\n" + (self.project / "setup.py").read_text())
        self.fails(1, "wheel", cwd=self.project, says="x.cpython-311-arm-linux-gnueabihf.so is built for another machine")
        self.assertEqual(list((self.project / "dist").glob("*.whl")), [])

    def test_what_is_missing(self):
        write(self.project / "main.py", "import mpi4py.MPI\n")
        failed = self.pisdk("exec", "--", "python3", "main.py", cwd=self.project)
        self.assertIn("mpi4py.MPI is built for the board, and this python3 runs on the desktop\n"
                      "hint: python = board in [build] of pisdk.ini takes the board's, emulated", failed.err)
        self.settings("python = board\n")
        self.exec("python3", "-c", "import numpy; assert numpy.zeros(3).sum() == 0; import numpy.linalg")
        self.settings("python = both\n")
        self.fails(2, "build", cwd=self.project, says="`python` must be desktop or board, not `both`")
        other = {"PISDK_SYSROOT": "", "PATH": path_without(self.dir / "bin", "python3.11*", "qemu-arm*")}
        self.settings("")
        self.assertIn("the desktop has no python3.11, and no QEMU",
                      self.pisdk("exec", "--no-emulate", "--", "python3", "-V", cwd=self.project, env=other).err)

    def test_package(self):
        """The template: built once, run, tested, sent to boards with what is not built; the same bytes each time."""
        project = self.new("mpi4py-c")
        self.assertIn("Successfully installed", self.ok("build", cwd=project).out)
        self.assertEqual(self.ok("build", cwd=project).out, "")
        self.assertIn("hottest point 0.886453, greatest error 4.3e-05", self.ok("run", "-n", 2, cwd=project).out)
        self.assertIn("4 rank(s):", self.ok("test", cwd=project).out)
        kernel = project / "src/plate/_kernel.c"
        text = kernel.read_text()
        kernel.write_text(text.replace("0.25 *", "0.26 *"))
        self.assertIn("FAIL: test_exact_solution", self.pisdk("test", cwd=project).err)
        kernel.write_text(text.replace("double greatest = 0.0;", "double greatest = 0.0; *(volatile int *)8 = 1;", 1))
        crashed = self.pisdk("run", "-n", 2, cwd=project).err
        self.assertRegex(crashed, r"rank [01] \(python3\) ended by signal 11 .*\n  #0 compute \(.*\) at src/plate/_kernel\.c:3\d\n")
        self.assertIn('plate/__init__.py", line 32 in step',
                      self.pisdk("run", "-x", "PYTHONFAULTHANDLER=1", "main.py", cwd=project).err)
        kernel.write_text("#error broken\n")
        self.assertIn("error: broken", self.fails(1, "run", cwd=project, says="the build failed").err)
        self.assertEqual(self.pisdk("run", "python3", "-c", "import plate._kernel", cwd=project).status, 1)

    def test_wheel(self):
        project = self.new("mpi4py-c")
        said = self.ok("wheel", cwd=project)
        wheel = project / said.out.splitlines()[-1]
        self.assertEqual(wheel.name, "new-1.0-cp311-cp311-linux_armv7l.whl")
        self.assertIn("plate/_kernel.cpython-311-arm-linux-gnueabihf.so", zipfile.ZipFile(wheel).namelist())
        self.ok("wheel", "-o", "again", cwd=project)
        self.assertEqual((project / "again" / wheel.name).read_bytes(), wheel.read_bytes())
        write(project / "pisdk.ini", (project / "pisdk.ini").read_text() + "[node pi1]\n")
        listed = self.pisdk("deploy", "--dry-run", "--json", cwd=project).out
        files = {f["file"] for f in json.loads(listed)}
        self.assertLess({"main.py", "plate/__init__.py", "plate/_kernel.cpython-311-arm-linux-gnueabihf.so"}, files)
        self.assertFalse([f for f in files if "setup" in f or "tests" in f], files)


class Desktops(EveryWay, Project):
    """By the desktop's Python, which has the version of the sysroot's."""


@nightly
class Emulated(EveryWay, Project):
    """By the sysroot's own Python, where the desktop has another one."""

    BUILD = "python = board\n"


@nightly
class Bullseye(EveryWay, Project):
    SYSROOT = "bullseye"


@nightly
class Trixie(EveryWay, Project):
    SYSROOT = "trixie-mpich"
    PACKAGES = (*Project.PACKAGES, "meson", "ninja-build", "python3-mesonpy", "python3-scikit-build-core")  # f2py uses Meson 1.1

    def test_packages(self):
        """What pyproject.toml builds with: meson-python and scikit-build-core."""
        for folder, backend, requires in (("m", "mesonpy", "meson-python"),
                                          ("k", "scikit_build_core.build", "scikit-build-core")):
            write(self.project / folder / "pyproject.toml",
                  f'[build-system]\nrequires = ["{requires}", "numpy"]\nbuild-backend = "{backend}"\n'
                  f'[project]\nname = "by_{folder}"\nversion = "1"\n')
            write(self.project / folder / "module.c", MODULE.replace("NAME", f"by_{folder}"))
        write(self.project / "m/meson.build", MESON.replace("by_meson", "by_m").replace("'module.c'", "'module.c', install: true"))
        write(self.project / "k/CMakeLists.txt",
              CMAKE.replace("by_cmake", "by_k") + "install(TARGETS by_k DESTINATION .)\n")
        for folder in ("m", "k"):
            self.ok("wheel", folder, cwd=self.project, timeout=300)
        self.assertEqual(sorted(p.name for p in (self.project / "dist").iterdir()),
                         [f"by_{name}-1-cp313-cp313-linux_armv7l.whl" for name in ("k", "m")])


if __name__ == "__main__":
    main()
