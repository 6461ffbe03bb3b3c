// SPDX-License-Identifier: MIT
// The folders that pisdk uses.
//
// The user's: PISDK_CACHE_DIR, PISDK_DATA_DIR, PISDK_RUNTIME_DIR, else the XDG base directories
// with "pisdk" appended, else those below HOME (XDG Base Directory Specification 0.8). pisdk's own
// data (toolchain, sysroot-scripts, templates): found by walking up from the running program, as
// PREFIX/share/pisdk when installed, as the source tree in a checkout.
#ifndef PISDK_BASE_PATHS_H
#define PISDK_BASE_PATHS_H

#include "base/err.h"

struct paths {
    char *cache;   // downloads, safe to delete
    char *data;    // sysroots
    char *runtime; // short-lived state, on a tmpfs where the system has one
    char *share;   // toolchain/, sysroot-scripts/, templates/
    char *program; // the running pisdk, absolute
};

// Every path in it is absolute; none is created. Fails when HOME is needed and not set, or when the
// program's data cannot be found.
int paths_init(struct paths *paths, struct err *err) ERR_MUST_CHECK;
// A program that is a part of pisdk and not for users: in a checkout beside pisdk, installed in
// libexec/pisdk. NULL with ERR_FAILED when it is not there; the caller frees it.
char *paths_find_part(const struct paths *paths, const char *name, struct err *err);
void paths_release(struct paths *paths);

#endif
