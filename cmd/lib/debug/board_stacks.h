// SPDX-License-Identifier: MIT
// Where ranks on boards are. What runs there has no debug information, which stays on the desktop:
// gdb on the board gives addresses, and gdb here the lines of the source.
#ifndef PISDK_DEBUG_BOARD_STACKS_H
#define PISDK_DEBUG_BOARD_STACKS_H

#include "base/str.h"
#include "debug/subject.h"

// What gdb on a board says of a rank: "#1  0x00010830 in main ()", the innermost frame first.
struct board_stack {
    int rank;
    unsigned long base; // address that its program begins at
    struct strv lines;
};

// Sorts the stacks by their ranks.
void board_stacks_tell(const struct debug_subject *s, const char *program,
                       struct board_stack *stacks, size_t n);

#endif
