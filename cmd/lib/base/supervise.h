// SPDX-License-Identifier: MIT
// A process between pisdk and a program, that sees to it that nothing of the program outlives
// pisdk.
//
// The supervisor is a child of pisdk and the parent of the program. Orphans of the program become
// its children (PR_SET_CHILD_SUBREAPER), so it can end them all. It is in a process group of its
// own, while the program stays in pisdk's: what a terminal or `kill -9 -GROUP` sends to the group
// does not reach it, and when pisdk dies, however that is, it gets a signal and cleans up.
#ifndef PISDK_BASE_SUPERVISE_H
#define PISDK_BASE_SUPERVISE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

// In the new child: asks for `death` (a signal) when pisdk dies, and ends at once when that has
// happened already: `life` is the reading end of a pipe whose other end only pisdk has.
void supervise_watch_parent(int death, int life);

// In the new child: becomes the supervisor. SIGRTMIN from now on means: end everything.
void supervise_begin(void);

// The new child's child calls this first: back to pisdk's process group.
void supervise_join_group(pid_t group);

// Something to look at while the program runs.
struct supervise_watch {
    int every_ms;
    bool (*check)(void *user); // false: end everything; NULL: nothing to look at
    // Called for SIGINT, from a terminal as well; true: the program is not told. Or NULL.
    bool (*interrupt)(void *user);
    void *user;
};

// Waits for the program, passing signals on to it. Returns its status as base/proc.h has it, and
// in `stopped` whether it was told to stop: by a signal that was passed on, by SIGRTMIN, or by
// `watch` (which may be NULL).
int supervise_wait(pid_t program, const struct supervise_watch *watch, bool *stopped);

// Kills every process below this one and waits for its end.
void supervise_kill_rest(void);

#endif
