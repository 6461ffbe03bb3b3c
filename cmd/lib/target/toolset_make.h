// SPDX-License-Identifier: MIT
// Makes toolsets (target/toolset.h), in the cache: CACHE/tools/BOARD-HASH/, where HASH is that of
// all that is in it. One that is there is used as it is.
#ifndef PISDK_TARGET_TOOLSET_MAKE_H
#define PISDK_TARGET_TOOLSET_MAKE_H

#include "target/toolset.h"
#include "target/toolset_options.h"

// ERR_NOT_FOUND with what to install when Clang, lld or LLVM's tools are missing.
int toolset_make(const struct toolset_options *o, struct toolset *out,
                 struct err *err) ERR_MUST_CHECK;

// The variables that build systems go by, as NAME=VALUE, and those that must not be set. PATH has
// the commands in front of what it had.
void toolset_environment(const struct toolset *t, struct strv *set, struct strv *unset);

// Our own environment with these changes: what to start a build with.
void toolset_whole_environment(const struct toolset *t, struct strv *out);

#endif
