// SPDX-License-Identifier: MIT
// What a toolset is made from (target/toolset_make.h).
#ifndef PISDK_TARGET_TOOLSET_OPTIONS_H
#define PISDK_TARGET_TOOLSET_OPTIONS_H

#include <stdbool.h>

#include "base/str.h"
#include "target/board.h"

struct toolset_options {
    const char *cache;         // the folder
    const char *share;         // pisdk's own data, see base/paths.h
    const char *pisdk;         // the running program
    const char *cc, *ld;       // pisdk-cc and pisdk-ld
    const char *triple, *root; // of the sysroot
    const char *sysroot;       // as `pisdk run --sysroot` takes it
    const struct strv *release_flags;
    const struct board *board;
    const struct strv *compile, *link; // further flags; may be NULL
    const struct strv *prefixes;       // folders of libraries for the board; may be NULL
    const char *gcc;                   // see struct toolset; may be NULL
    const char *glibc, *glibc_from;    // the same
    const char *debug;                 // the same
    const char *qemu;                  // for programs that builds use; NULL: not installed
    bool boards_python;                // python3 of a build is the sysroot's own, emulated
    bool ccache;                       // use it when it is installed
};

#endif
