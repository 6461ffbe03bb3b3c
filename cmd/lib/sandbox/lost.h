// SPDX-License-Identifier: MIT
// What a program wrote where nobody will see it: an emulated board is gone after the run, and with
// it all files that are in none of the desktop's folders. In namespace mode; in the others there is
// no board.
#ifndef PISDK_SANDBOX_LOST_H
#define PISDK_SANDBOX_LOST_H

#include <stdbool.h>

#include "base/str.h"
#include "sandbox/sandbox.h"

// Where a board's own files are written.
struct lost {
    int upper;          // the writable layer, a descriptor; -1: there is none
    bool tmp;           // /tmp is the board's own
    struct strv before; // what was there when the program began
};

// Call it after the root is built, and before the program runs. `upper` is then its own.
void lost_begin(struct lost *l, int upper, bool tmp);
// Finds what is to be told: no hidden files, nor those that MPI leaves when it is ended.
void lost_look(struct lost *l, struct sandbox_outcome *outcome);

#endif
