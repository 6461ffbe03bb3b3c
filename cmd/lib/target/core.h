// SPDX-License-Identifier: MIT
// The core files that QEMU's user mode writes for a program of the board that crashed.
//
// They are called qemu_PROGRAM_DATE_PID.core and are in the folder that was the program's working
// folder. Besides the registers and the memory, they have the program's path and its environment at
// the upper end of its stack.
#ifndef PISDK_TARGET_CORE_H
#define PISDK_TARGET_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct core {
    int signal;
    char *program; // as it was started; NULL: not in the file, which was cut off
    char *run;     // the value of PISDK_RUN; NULL: it has none
    int rank;      // in an MPI job; -1: it was in none
};

bool core_is_name(const char *name);

// Everything in the file may be damaged: what is not there is left out. ERR_FAILED for a file that
// is not a core file of a 32-bit ARM program.
int core_read(const char *path, struct core *out, struct err *err) ERR_MUST_CHECK;
void core_release(struct core *c);

// What may be return addresses on the stack into the code of `program`, an ELF file, innermost
// first: for where a debugger cannot go on, as in parts of the C library that have no unwind
// tables. Returns how many, at most `max`.
size_t core_find_calls(const char *path, const char *program, uint32_t *addresses, size_t max);

#endif
