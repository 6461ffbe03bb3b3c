// SPDX-License-Identifier: MIT
// Compilers under the names that build systems look for: arm-linux-gnueabihf-clang and so on.
//
// Small shell scripts around the desktop's Clang with the target, the sysroot and the board's flags
// in them, and links to LLVM's tools. For build systems that cannot be told more than a name.
#ifndef PISDK_TARGET_WRAPPER_H
#define PISDK_TARGET_WRAPPER_H

#include "base/err.h"
#include "base/str.h"
#include "target/compiler.h"

// The board whose flags serve every one that Debian's armhf runs on.
#define WRAPPER_BOARD "armv7"

struct wrapper_options {
    const char *triple;
    const char *sysroot; // as the scripts say it: a path, or one with $here in it, their own folder
    const char *flags;   // of the board, and of the release
    // NULL: the scripts look for the newest Clang themselves, wherever they are run, and no link to
    // LLVM's tools is made.
    const struct compiler *compiler;
};

// The script called TRIPLE-PROGRAM; `program` is "clang" or "clang++". The caller frees it.
char *wrapper_script(const struct wrapper_options *o, const char *program);

// Links to LLVM's tools in the folder, PREFIXar and so on. ERR_NOT_FOUND with what to install when
// one is missing.
int wrapper_link_tools(const char *folder, const char *prefix, const struct compiler *c,
                       struct err *err) ERR_MUST_CHECK;

// Writes them all into the folder, which is there.
int wrapper_write(const char *folder, const struct wrapper_options *o,
                  struct err *err) ERR_MUST_CHECK;

#endif
