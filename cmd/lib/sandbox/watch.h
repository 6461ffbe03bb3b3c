// SPDX-License-Identifier: MIT
// What the supervisor of a run looks at while the program runs: the clock, and the memory of all
// its processes together. No privilege and no cgroup is needed, and it is the same in every mode.
#ifndef PISDK_SANDBOX_WATCH_H
#define PISDK_SANDBOX_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/supervise.h"
#include "sandbox/internal.h"

struct watch {
    const struct sandbox *s;
    pid_t program;
    double deadline; // when the program is told to end; 0: never
    double kill_at;  // when everything is ended, after that
    double asked;    // when Ctrl-C was typed first
    bool stacks;     // until then the ranks write down where they are
    pid_t victim;    // killed because the memory was full, and perhaps still going
    struct supervise_watch looks;
};

// Does Ctrl-C come here, and not to the program, which has SIGINT blocked then? Only where we are
// in the terminal's process group as well.
bool watch_interrupts(const struct sandbox *s);

// `looks` is for supervise_wait; its function is NULL when there is nothing to look at.
void watch_begin(struct watch *w, const struct sandbox *s, pid_t program);

#endif
