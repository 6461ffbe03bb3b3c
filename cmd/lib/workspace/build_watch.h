// SPDX-License-Identifier: MIT
// What is seen to around a build, whoever runs it: that it can run what it has built, and that what
// it has built is for the board.
//
// Compilers that are called by their names are the board's (target/toolset_commands.h); a makefile
// with /usr/bin/gcc in it gets the desktop's. Tools that a build needs are made by the desktop's
// compiler under its full name, and may stay.
#ifndef PISDK_WORKSPACE_BUILD_WATCH_H
#define PISDK_WORKSPACE_BUILD_WATCH_H

#include <stdbool.h>
#include <time.h>

#include "target/toolset.h"
#include "workspace/workspace.h"

struct build_watch {
    const struct workspace *w;
    bool emulates;         // programs for the board can be run as the desktop's own are
    struct err why_not;    // else
    char *interpreter;     // which runs them
    char *notes;           // see target/toolset.h
    struct timespec began; // as file systems count
};

// `emulate`: let the build run programs for the board where this machine can. Sets a variable of
// our environment for the build, so it comes before toolset_whole_environment.
void build_watch_begin(struct build_watch *b, const struct workspace *w, const struct toolset *t,
                       bool emulate);
// For the `enter` of struct proc_context, with the watch as `user`: the build can run what it
// built.
void build_watch_enter(void *user);
// Runs a command of the build in the current folder, and looks at what it made there.
int build_watch_run(struct build_watch *b, const struct toolset *t, const struct strv *argv,
                    int *status, struct err *err) ERR_MUST_CHECK;
// The build ended with `status`. When that is 0, looks below `dir` for programs and libraries that
// are new and for another machine: ERR_FAILED with the file, its compiler and, where that can be
// found, the makefile's line. When it failed and ran what could not run here, says so.
int build_watch_check(const struct build_watch *b, const char *dir, int status,
                      struct err *err) ERR_MUST_CHECK;
void build_watch_end(struct build_watch *b);

// Is there a program or library for the board below `dir`, however old?
bool build_watch_has_result(const char *dir);

#endif
