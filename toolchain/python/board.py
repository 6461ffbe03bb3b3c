# SPDX-License-Identifier: MIT
"""Makes the interpreter that runs this answer as the board's: python3 of a build (target/python.h).

It is the desktop's, of the same version as the sysroot's, or the sysroot's own, emulated. Either way the
standard library and the packages are the sysroot's, and what setuptools, pip, CMake, Meson and so on ask is
answered as on the board: the machine, the suffix of extension modules, the folders.

A .pth file of the environment that pyvenv.cfg describes imports it; the rest is done when the site module is
through, in place of sitecustomize.
"""

import os
import site
import sys
from importlib import machinery

TRIPLE = "arm-linux-gnueabihf"
NAME = "python%d.%d" % sys.version_info[:2]
READ = os.path.dirname(sys._home)  # `home` of pyvenv.cfg is the sysroot's usr/bin
EMULATED = os.uname().machine == "armv7l"
SUFFIX = ".cpython-%d%d-%s.so" % (sys.version_info[0], sys.version_info[1], TRIPLE)


def answer_as_board():
    real_uname = os.uname

    def uname():
        return os.uname_result([*real_uname()[:4], "armv7l"])

    os.uname = uname
    sys.implementation._multiarch = TRIPLE  # by which sysconfig finds its data
    sys.maxsize = 2**31 - 1
    machinery.EXTENSION_SUFFIXES[:] = [SUFFIX, ".abi3.so", ".so"]  # imports do not go by it


class BoardsOnly:
    """Says why an extension module that the sysroot has cannot be imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        for folder in path or sys.path:
            file = os.path.join(folder, name.rpartition(".")[2] + SUFFIX)
            if os.path.exists(file):
                raise ImportError(name + " is built for the board, and this python3 runs on the desktop\n"
                                  "hint: python = board in [build] of pisdk.ini takes the board's, emulated",
                                  name=name, path=file)
        return None


def find_modules():
    """Of the standard library, what is compiled is the interpreter's own."""
    stdlib = os.path.join(READ, "lib", NAME)
    given = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    kept = [os.path.abspath(p) for p in given.split(os.pathsep) if p] + [stdlib]
    if EMULATED:
        kept.append(os.path.join(stdlib, "lib-dynload"))
    else:
        desktop = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))
        kept.append(os.path.join(desktop, "lib", NAME, "lib-dynload"))
        kept.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "modules"))
        sys.meta_path.append(BoardsOnly)
    sys.path[:] = kept
    for folder in ("local/lib/%s/dist-packages" % NAME, "lib/python3/dist-packages"):
        site.addsitedir(os.path.join(READ, folder))


def finish():
    find_modules()
    sys.dont_write_bytecode = True  # the sysroot is to stay as it is
    # What is installed goes to the board's folders; what is read is in the sysroot.
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = "/usr"
    import sysconfig
    sysconfig._BASE_PREFIX = sysconfig._BASE_EXEC_PREFIX = READ


if not EMULATED:
    answer_as_board()
site.execsitecustomize = finish
