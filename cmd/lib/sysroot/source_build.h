// SPDX-License-Identifier: MIT
// Packages that are built from their source.
//
// A build sees the C and C++ libraries of the sysroot and nothing else of it, so that what comes
// out is the same whatever else is there. It is kept among the unpacked packages
// (sysroot/packages.h): it is built once for the same source, script, compiler and libraries. It
// does not depend on where it is built, by whom, or when; it does depend on the compiler. While it
// is built, CACHE/build has the work folder; after a failure, its log only.
#ifndef PISDK_SYSROOT_SOURCE_BUILD_H
#define PISDK_SYSROOT_SOURCE_BUILD_H

#include <stdbool.h>

#include "base/err.h"
#include "deb/lock.h"
#include "sysroot/mirror.h"
#include "sysroot/tree.h"

struct source_build_options {
    const char *data;                    // the user's folder, see base/paths.h
    const char *share;                   // pisdk's own: scripts and boards
    const struct mirror_options *mirror; // where the sources come from; its cache and log
    const struct recipe *recipe;         // where a user's own scripts are; may be NULL
    int root;                            // of the sysroot, open: what it is put into
};

// Builds all source packages of the lock and adds them to the sysroot and to `tree`. For those that
// the lock does not know the result of, it is filled in; `differs` tells whether one came out
// otherwise than the lock says: another compiler, another version of pisdk.
// ERR_FAILED with the place of the log when a step fails; its last lines go to the log.
int source_build_all(const struct source_build_options *o, struct lock *lock, struct tree *tree,
                     bool *differs, struct err *err) ERR_MUST_CHECK;

#endif
