// SPDX-License-Identifier: MIT
// Makes a sysroot: from a recipe, or just what a lock says.
//
// The new sysroot is made beside its place and appears under its name in one rename; a build that
// is killed leaves the old sysroot or none, and the next one goes on from the cache. A lock keeps
// two builds of the same name apart. Unpacked packages are shared with the other sysroots of this
// machine (sysroot/packages.h).
#ifndef PISDK_SYSROOT_BUILD_H
#define PISDK_SYSROOT_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "deb/lock.h"
#include "deb/recipe.h"
#include "sysroot/mirror.h"

struct sysroot_build_options {
    const char *data;             // the user's folder, see base/paths.h
    struct mirror_options mirror; // its cache, mirrors and log
    const char *share;            // pisdk's own files, see base/paths.h
    bool refresh;                 // ask the mirror even when the sysroot is up to date
};

struct sysroot_build_report {
    bool up_to_date; // nothing had to be done
    size_t packages, downloaded;
    uint64_t downloaded_bytes, bytes;
    double seconds;
};

// Makes the sysroot named after the recipe, of the newest packages. Without `refresh`, one that is
// there and was made from the same recipe is left as it is.
int sysroot_build(const struct recipe *recipe, const struct sysroot_build_options *o,
                  struct sysroot_build_report *report, struct err *err) ERR_MUST_CHECK;

// Makes the sysroot of this lock, unless there is one already; `name` is that of its folder, the
// caller's to free. The digest of the tree is filled in; ERR_VERIFY when the lock has one already
// and the tree is another. `recipe` gives mirrors, and may be NULL.
int sysroot_build_locked(struct lock *lock, const struct recipe *recipe,
                         const struct sysroot_build_options *o, char **name,
                         struct sysroot_build_report *report, struct err *err) ERR_MUST_CHECK;

// Makes the sysroot of this lock in the folder `name`, in the place of one that is there. Otherwise
// like sysroot_build_locked.
int sysroot_build_as(const char *name, struct lock *lock, const struct recipe *recipe,
                     const struct sysroot_build_options *o, struct sysroot_build_report *report,
                     struct err *err) ERR_MUST_CHECK;

// Takes the lock of a name, waiting for another pisdk, unless it is interrupted. The descriptor is
// the caller's.
int sysroot_wait_lock(const char *data, const char *name, struct log *log,
                      struct err *err) ERR_MUST_CHECK;

// The folder's name of a lock's sysroot, when the lock's own name is another one's: NAME-12345678.
// The digits come from what was asked for, not from what came out. The caller frees it.
char *sysroot_locked_name(const struct lock *lock);

#endif
