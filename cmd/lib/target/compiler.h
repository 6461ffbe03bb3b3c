// SPDX-License-Identifier: MIT
// The compilers of this desktop: the newest Clang that has its linker beside it.
#ifndef PISDK_TARGET_COMPILER_H
#define PISDK_TARGET_COMPILER_H

#include <stdbool.h>

#include "base/err.h"

enum {
    COMPILER_VERSION_MIN = 14, // older ones do not know the boards' processors
    COMPILER_VERSION_MAX = 40, // the highest clang-N that is looked for
};

struct compiler {
    char *clang, *lld; // absolute
    int version;
};

// The same search as toolchain/pisdk.cmake: clang-N with ld.lld-N, highest N first, then clang with
// ld.lld. ERR_NOT_FOUND with what to install.
int compiler_find(struct compiler *out, struct err *err) ERR_MUST_CHECK;
// What it calls itself: "Debian clang version 14.0.6". The caller frees it.
int compiler_describe(const struct compiler *c, char **out, struct err *err) ERR_MUST_CHECK;
// A tool of the same version, such as "llvm-ar", or else one without a version in its name. NULL
// when there is none; the caller frees it.
char *compiler_find_tool(const struct compiler *c, const char *name);
// A program of the desktop: the first of this name in PATH that is not a command of a toolset
// (target/toolset.h), whose folder is there within builds. The caller frees it; NULL: none.
char *compiler_find_desktops(const char *name);
// The first for which `fits` is true as well; NULL: any.
char *compiler_find_desktops_that(const char *name, bool (*fits)(const char *path));

void compiler_release(struct compiler *c);

#endif
