// SPDX-License-Identifier: MIT
// The problems that a checkup finds, and what fixes them. Not for others than checkup*.c.
#ifndef PISDK_REMOTE_PROBLEMS_H
#define PISDK_REMOTE_PROBLEMS_H

#include "base/str.h"
#include "remote/checkup.h"

struct examination {
    const struct remotes *nodes;
    const struct probe *probe;
    struct checkup *found;
};

// Adds a problem, whose text is given as for printf, and returns it; `mend` is for the caller.
struct problem *problem_add(struct examination *e, size_t node, const char *kind, const char *fmt,
                            ...) ERR_PRINTF(4, 5);

// ssh to the node as a person types it, ended by a space: "ssh -t pi@pi1 ". The caller frees it.
char *problem_ssh(const struct examination *e, size_t node);

// Sets `mend` to a command on the node; `fmt` as for printf.
void problem_mend(struct examination *e, struct problem *p, const char *fmt, ...) ERR_PRINTF(3, 4);

#endif
