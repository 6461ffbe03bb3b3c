// SPDX-License-Identifier: MIT
// The paths of package members: what they are called inside a sysroot, or why they are refused.
//
// Pure text; nothing here touches the file system. A sysroot has a merged /usr: bin, sbin and lib
// at its root are links to usr/bin and so on, and members below them (and lib64) are put below
// usr/.
#ifndef PISDK_SYSROOT_PATH_H
#define PISDK_SYSROOT_PATH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

// "./lib/x" -> "usr/lib/x", "./" -> "". ERR_VERIFY for an absolute path, or one with "..".
int sysroot_path_of_member(const char *member, char **out, struct err *err) ERR_MUST_CHECK;

// The text that a symbolic link gets: one that works wherever the sysroot is. `member` is the
// link's path in the package, `target` its target there. Absolute targets become relative.
// ERR_VERIFY when it leaves the sysroot.
int sysroot_path_of_link(const char *member, const char *target, char **out,
                         struct err *err) ERR_MUST_CHECK;

// Does one of the patterns (fnmatch(3); * matches / too) fit the path?
bool sysroot_path_matches(const struct strv *patterns, const char *path);

// The way from the folder that holds `from` to `to`, both paths inside the sysroot.
char *sysroot_path_relative(const char *from, const char *to);

#endif
