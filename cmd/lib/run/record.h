// SPDX-License-Identifier: MIT
// Recording a run: the library that is put between the ranks and their MPI, and the folder that
// they write to (toolchain/trace/).
#ifndef PISDK_RUN_RECORD_H
#define PISDK_RUN_RECORD_H

#include "run/place.h"

// The library, in the folder: the ranks see it wherever they see the folder.
#define RECORD_LIBRARY "pisdk-trace.so"
// What was run, in the folder: the program's path, then a line for each argument.
#define RECORD_PROGRAM "program"

// Makes the folder, and notes in it what is to run. What is in it of an earlier run goes. ERR_USAGE
// for a folder that is somebody's.
int record_begin(const char *folder, const char *program, const struct strv *args,
                 struct err *err) ERR_MUST_CHECK;

// Does that with the folder that the request names, compiles the library for the sysroot's MPI
// unless the toolset has it, and adds to mpirun's words what the ranks need, or, for boards that do
// not see the desktop's folders, notes the library as run->recorder. ERR_USAGE for a run without
// ranks.
int record_prepare(struct run *run, struct err *err) ERR_MUST_CHECK;

// Where the release of this deploy has the recorder: adds to mpirun's words what the ranks need.
void record_add_words(const struct run *run, const struct project_deploy *d, struct strv *words);
// After the run: brings what ranks on these nodes have recorded to the folder, and removes it
// there. A board that it cannot be had from is left out, with a warning.
int record_fetch(const struct run *run, const struct remotes *nodes,
                 struct err *err) ERR_MUST_CHECK;

#endif
