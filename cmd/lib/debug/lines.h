// SPDX-License-Identifier: MIT
// The lines of source that addresses in a program come from, by gdb and the debug information here.
#ifndef PISDK_DEBUG_LINES_H
#define PISDK_DEBUG_LINES_H

#include <stdint.h>

#include "base/str.h"
#include "debug/subject.h"

// Adds "plate.c:87" for each of `n` addresses, as they are in the file; "" where it is not known,
// or gdb is not installed.
void debug_lines(const struct debug_subject *s, const char *program, const uint32_t *addresses,
                 size_t n, struct strv *out);

#endif
