// SPDX-License-Identifier: MIT
// The commands of a toolset: the names in its bin/, which comes first in PATH.
//
// Makefiles and scripts do not all heed CC. So the names that they use on a board mean the board:
// compilers and tools with and without prefix, Debian's full names of MPI's commands, what tells
// the machine apart (uname, dpkg-architecture, getconf, ldd: toolchain/board/), and the sysroot's
// own programs that its libraries are used with (gsl-config, protoc). The desktop's compilers have
// Debian's full names, x86_64-linux-gnu-gcc and so on.
#ifndef PISDK_TARGET_TOOLSET_COMMANDS_H
#define PISDK_TARGET_TOOLSET_COMMANDS_H

#include "target/compiler.h"
#include "target/toolset.h"
#include "target/toolset_options.h"

// Fills in `programs`: those of the sysroot that answer for its libraries (NAME-config), code
// generators whose output fits only the sysroot's version, and others that the desktop has not.
void toolset_find_programs(struct toolset *t);

// A link in the folder. The first one that has a name keeps it.
int toolset_link(const char *target, const char *folder, const char *name,
                 struct err *err) ERR_MUST_CHECK;

// Makes all the links in the folder `bin`.
int toolset_link_commands(const struct toolset_options *o, const struct compiler *c,
                          const struct toolset *t, const char *bin, struct err *err) ERR_MUST_CHECK;

#endif
