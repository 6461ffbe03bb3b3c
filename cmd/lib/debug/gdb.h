// SPDX-License-Identifier: MIT
// gdb, as `pisdk debug` and the traces of `pisdk run` use it.
#ifndef PISDK_DEBUG_GDB_H
#define PISDK_DEBUG_GDB_H

#include <stdint.h>

#include "base/str.h"
#include "debug/subject.h"

// gdb for ARM in PATH; NULL with ERR_NOT_FOUND and how to install it. The caller frees it.
char *gdb_find(struct err *err) ERR_MUST_CHECK;

// Adds -ex and a command.
void gdb_add_command(struct strv *argv, const char *fmt, ...) ERR_PRINTF(2, 3);

// A path as one word of a gdb command. The caller frees it.
char *gdb_word(const char *path);

// What teaches gdb the frames of Python (py-bt, py-list, py-print), a file of the sysroot's
// python3-dbg; NULL: it has none, or `program` is not Python. The caller frees it.
char *gdb_python_support(const struct debug_subject *s, const char *program);

// Adds where the libraries, the debug information and the sources of `program` are.
void gdb_add_places(const struct debug_subject *s, const char *program, struct strv *argv);
// Adds that and what else a program of MPI on a slow board needs.
void gdb_add_settings(const struct debug_subject *s, const char *program, struct strv *argv);
// Writes those settings into a file for gdb's `source`. `program` may be any path in the build
// folder, where it is not known which one is debugged.
int gdb_write_settings(const struct debug_subject *s, const char *program, const char *path,
                       struct err *err) ERR_MUST_CHECK;

// What gdb's `info line` answers, as one of its frames: Line 4 of "src/main.c" starts at address
// 0x400217f0 <main+36> and ends at … -> "main () at src/main.c:4". NULL: it is not one. The caller
// frees it.
char *gdb_read_line(const char *text);

// Adds such a frame for each of `n` addresses, as they are in the file of `program`; "" where it is
// not known, gdb is not installed, or the address is 0.
void gdb_find_lines(const struct debug_subject *s, const char *program, const uint32_t *addresses,
                    size_t n, struct strv *frames);

#endif
