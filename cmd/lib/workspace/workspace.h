// SPDX-License-Identifier: MIT
// What a command works in: the user's folders, and the project that it was started in.
//
// The files of this library say what a command means: which sysroot, board, program, nodes,
// cluster. Each takes what was asked for, then what pisdk.ini says, then the default.
#ifndef PISDK_WORKSPACE_WORKSPACE_H
#define PISDK_WORKSPACE_WORKSPACE_H

#include "base/log.h"
#include "base/paths.h"
#include "project/project.h"

struct workspace {
    const struct paths *paths;
    const struct project *project; // NULL: not in a project
    struct log *log;
};

// Are emulated boards to emulate all programs? --pure says so, to what it starts as well, by the
// variable PISDK_PURE; and [emulation] in pisdk.ini.
#define WORKSPACE_PURE "PISDK_PURE"
bool workspace_is_pure(const struct workspace *w);

#endif
