// SPDX-License-Identifier: MIT
// The folder that a sysroot is made in, beside its place, and how it gets there in one rename.
#ifndef PISDK_SYSROOT_STAGING_H
#define PISDK_SYSROOT_STAGING_H

#include "base/err.h"
#include "base/log.h"
#include "deb/lock.h"
#include "sysroot/tree.h"

struct staging {
    char *place; // DATA/sysroots/NAME
    char *dir;   // DATA/sysroots/.NAME.new
    char *old;   // DATA/sysroots/.NAME.old
    int root;    // dir/root, open
};

// Makes the folder, removing what a killed build left. `tree` gets what is in it already: the
// merged /usr, and the folders that a running system has. `root` is -1 when it failed.
int staging_begin(const char *data, const char *name, struct staging *out, struct tree *tree,
                  struct err *err) ERR_MUST_CHECK;

// Makes the links of a merged /usr at the root of a sysroot: bin, sbin and lib.
int staging_merge_usr(int root, struct tree *tree, struct err *err) ERR_MUST_CHECK;

// The links of the lock. ERR_SYS when a target is not there.
int staging_make_links(const struct staging *s, const struct lock *lock, struct tree *tree,
                       struct err *err) ERR_MUST_CHECK;

// Writes the list of files and the lock, and puts the sysroot in its place. `tree` is sorted.
int staging_publish(const struct staging *s, const struct lock *lock, const struct tree *tree,
                    struct log *log, struct err *err) ERR_MUST_CHECK;

// Removes what was not published, and releases it.
void staging_end(struct staging *s);

#endif
