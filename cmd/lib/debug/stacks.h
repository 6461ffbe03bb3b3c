// SPDX-License-Identifier: MIT
// Where ranks are, a line each: "rank 0 waits in MPI_Recv from rank 1 at ring.c:31". Ranks at the
// same place share one: "ranks 1-3 wait in MPI_Barrier at ring.c:40".
#ifndef PISDK_DEBUG_STACKS_H
#define PISDK_DEBUG_STACKS_H

#include "base/str.h"
#include "debug/subject.h"

// Frames are gdb's, the innermost first: "NAME (ARGS) at FILE:LINE", "NAME () from LIBRARY".
//
// The program's own frame that called MPI, or that runs; frames->n when there is none.
size_t stack_own_frame(const struct strv *frames);

// A path of a frame as people know it: one in the project begins behind the project's folder, also
// where the build has another name for that. Points into `path`.
const char *stack_short_path(const struct debug_subject *s, const char *path);

// The argument of an MPI call that says which rank it waits for, as the source has it: "left",
// "(rank + 1) % size". `frame` is the program's, `call` the name of the function. The caller frees
// it. NULL: it has none, or the source is not there.
char *stack_peer(const struct debug_subject *s, const char *frame, const char *call);

// The call of MPI that it is in, NULL when it is in none. The caller frees it.
char *stack_call(const struct debug_subject *s, const struct strv *frames);

// "waits in MPI_Recv from rank 1 at ring.c:31"; `peer` is a number or NULL. The caller frees it.
char *stack_describe(const struct debug_subject *s, const struct strv *frames, const char *peer);

// Says it for all of them.
void stacks_tell(const struct debug_subject *s, const int *ranks, char *const *places, size_t n);

#endif
