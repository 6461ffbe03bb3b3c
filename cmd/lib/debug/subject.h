// SPDX-License-Identifier: MIT
// What is debugged, as all of this folder needs to know it.
#ifndef PISDK_DEBUG_SUBJECT_H
#define PISDK_DEBUG_SUBJECT_H

#include "base/log.h"

// Nothing of it is owned.
struct debug_subject {
    struct log *log;
    const char *root;         // of the sysroot
    const char *triple;       // its libraries are in usr/lib/TRIPLE
    const char *board;        // the name of the board that it is built for
    const char *project_dir;  // NULL: it is not of a project
    const char *project_name; // the same
    const char *type;         // of the build: its folder is build/BOARD-TYPE in the project
};

#endif
