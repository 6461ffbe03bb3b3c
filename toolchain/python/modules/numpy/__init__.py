# SPDX-License-Identifier: MIT
"""numpy in builds: where its headers are, f2py and distutils. What computes is built for the board."""

import importlib
import os
import sys

_own = os.path.dirname(os.path.realpath(__file__))
_packages = [os.path.join(folder, "numpy") for folder in sys.path]
__path__ = [p for p in _packages if os.path.isfile(os.path.join(p, "__init__.py")) and os.path.realpath(p) != _own]
if not __path__:
    raise ModuleNotFoundError("No module named 'numpy'\nhint: pisdk sysroot add python3-numpy", name="numpy")
__file__ = os.path.join(__path__[0], "__init__.py")

from numpy.version import version as __version__  # noqa: E402


class intp:  # for f2py
    itemsize = 4


def get_include():
    for core in ("_core", "core"):  # numpy 2, numpy 1
        folder = os.path.join(__path__[0], core, "include")
        if os.path.isdir(folder):
            return folder
    raise FileNotFoundError("the sysroot's numpy has no headers: " + __path__[0])


def __getattr__(name):
    if name in ("f2py", "distutils"):
        return importlib.import_module("numpy." + name)
    raise AttributeError("numpy." + name + " is built for the board, and this python3 runs on the desktop\n"
                         "hint: python = board in [build] of pisdk.ini takes the board's, emulated")
