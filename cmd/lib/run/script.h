// SPDX-License-Identifier: MIT
// Scripts: files that an interpreter of the sysroot runs, which pisdk starts by itself, so that
// they need neither a first line with #! nor to be executable.
#ifndef PISDK_RUN_SCRIPT_H
#define PISDK_RUN_SCRIPT_H

#include "run/place.h"

// Is it one, by the end of its name? Others than Python's, only without #!.
bool script_is(const char *path);

// Makes run->program, a script, the argument of its interpreter. ERR_NOT_FOUND when the
// emulated board does not have that.
int script_prepare(struct run *run, struct err *err) ERR_MUST_CHECK;

// With mpirun, Python runs what it is given by toolchain/board/mpi_python.py: a rank that raises an
// exception ends the others, too, and one trace is told. `run` has its arguments already.
void script_use_runner(struct run *run);

// Where programs see the project's folder, Python finds the modules that it built: PYTHONPATH
// begins with their folder. In tests with coverage, Python counts what it executes.
void script_add_modules(struct run *run);

// Hints to what a failed script may lack: modules that it imports and the sysroot does not have.
void script_tell(const struct run *run, int status);

#endif
