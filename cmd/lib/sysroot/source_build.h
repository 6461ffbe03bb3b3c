// Packages that are built from their source, against the sysroot that they are for.
//
// What comes out is kept among the unpacked packages (sysroot/packages.h), so each is built once
// for the same source, script, compiler and C library. It does not depend on where it is built, by
// whom, or when; it does depend on the compiler. While it is built, CACHE/build has the work
// folder; after a failure, its log only.
#ifndef PISDK_SYSROOT_SOURCE_BUILD_H
#define PISDK_SYSROOT_SOURCE_BUILD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "deb/lock.h"
#include "sysroot/tree.h"

struct source_build_options {
    const char *data, *cache;    // the user's folders, see base/paths.h
    const char *share;           // pisdk's own: scripts and boards
    const struct recipe *recipe; // where a user's own scripts are; may be NULL
    const char *root_path;       // the sysroot's root: what is built against,
    int root;                    // and the same, open: what it is put into
    struct log *log;
};

// Builds all source packages of the lock and adds them to the sysroot and to `tree`. For those that
// the lock does not know the result of, it is filled in; `differs` tells whether one was built
// otherwise than the lock says (another compiler, another version of pisdk).
// ERR_FAILED with the place of the log when a step fails; its last lines go to `log`.
int source_build_all(const struct source_build_options *o, struct lock *lock, struct tree *tree,
                     bool *differs, struct err *err) ERR_MUST_CHECK;

// The key of the built package, as the lock describes it.
void source_build_key(const struct lock *lock, const struct package *p, char key[HASH_HEX + 1]);

#endif
