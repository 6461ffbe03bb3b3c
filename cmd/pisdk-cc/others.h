// SPDX-License-Identifier: MIT
// Commands of a toolset that are not compilers for the board.
#ifndef PISDK_CC_OTHERS_H
#define PISDK_CC_OTHERS_H

#include "target/toolset.h"

// Becomes the program; returns only when that fails: 127 or 126, as shells have it.
int others_exec(struct strv *argv);

// mpirun and the like, in words of `pisdk run`.
int others_emulate(const struct toolset *t, const char *program, char **args);

// The desktop's own compiler. What it makes is noted as meant for the desktop (flags.h).
int others_desktop(const struct toolset *t, bool cxx, char **args);

// as(1): GNU's for the board where it is installed, else Clang's.
int others_assembler(const struct toolset *t, char **args);

// A program of the sysroot: a script runs here, with the commands of the toolset; others, and
// scripts whose interpreter is not here, are emulated.
int others_sysroot(const struct toolset *t, const char *name, char **args);

// The sysroot's Python, where the desktop has none of its version (target/python.h).
int others_python(const struct toolset *t, char **args);

// Meson, which builds for the board without being told.
int others_meson(const struct toolset *t, char **args);

// The sysroot's pip.
int others_pip(const struct toolset *t, char **args);

#endif
