// SPDX-License-Identifier: MIT
// python3 of a build, when the sysroot has Python: it answers for the board as Python there would
// (https://crossenv.readthedocs.io/ has the idea), so that setuptools, pip, CMake, Meson, Cython,
// f2py and so on build extension modules for the board without being told.
//
// The toolset is a virtual environment, made by pyvenv.cfg, of the sysroot's Python; the
// interpreter is the desktop's own of the same minor version, else the sysroot's under QEMU.
// toolchain/python/board.py does the rest, in the interpreter. No variables are set, since they
// would reach every other Python.
#ifndef PISDK_TARGET_PYTHON_H
#define PISDK_TARGET_PYTHON_H

#include "target/toolset.h"
#include "target/toolset_options.h"

// Fills in `python`, `python_desktops` and `qemu`; leaves them when the sysroot has no Python.
void python_find(struct toolset *t, const struct toolset_options *o);

// Makes the interpreter's links in DIR/bin, with what goes with them in DIR.
int python_write(const struct toolset *t, const struct toolset_options *o, const char *dir,
                 struct err *err) ERR_MUST_CHECK;

// The words that start toolchain/python/build.py in a build. ERR_NOT_FOUND when the sysroot has no
// Python.
int python_builder(const struct toolset *t, struct strv *argv, struct err *err) ERR_MUST_CHECK;

// Has the folder a module of this name: a package, a file, or an extension module?
bool python_has_module(const char *folder, const char *name);
// Has the sysroot `root` it from one of Debian's packages?
bool python_has_package(const char *root, const char *name);

#endif
