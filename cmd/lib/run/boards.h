// SPDX-License-Identifier: MIT
// A program that runs on boards, from its start to its end (toolchain/remote/run.sh).
//
// Besides the login that has the program's streams there is one to each board, by which it is
// noticed within a quarter of a minute that a board went away, signals are passed on, and what is
// left is ended.
#ifndef PISDK_RUN_BOARDS_H
#define PISDK_RUN_BOARDS_H

#include "debug/board_stacks.h"
#include "remote/remotes.h"
#include "workspace/workspace.h"

struct boards_run {
    const struct workspace *w;   // with a project
    const struct remotes *nodes; // it is started on the first of them
    const struct strv *words;    // the program
    size_t own_words;            // in the first so many, {dir} is the run's folder, {run} its name
    const char *hosts;           // text of the file "hosts" in that folder
    const char *kernel;          // text of the file "kernel.json" there; or NULL
    const struct strv *ssh;      // further options of ssh, for the login of the program
    const char *program;         // the name of its file, as processes of it have it
    bool alone;                  // the other boards take no part
    double timeout;              // seconds, or 0
    bool *timed_out;
    // Adds words behind our own, once it is known by which addresses the first board knows the
    // others. Or NULL.
    void (*add_words)(void *user, const struct strv *addresses, struct strv *words);
    void *user;
    // Where ranks are, when the time is up and at Ctrl-C, on boards that have gdb. Or NULL.
    void (*on_stacks)(void *user, struct board_stack *stacks, size_t n);
};

// The caller holds signals back (base/proc.h). ERR_NODES: a board could not be reached, or went
// away; nothing is left on the others then.
int boards_run(const struct boards_run *r, int *status, struct err *err) ERR_MUST_CHECK;

#endif
