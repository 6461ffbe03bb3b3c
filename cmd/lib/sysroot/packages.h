// SPDX-License-Identifier: MIT
// The unpacked packages on this machine: each is there once, whatever number of sysroots has it.
//
//     DATA/packages/ab/KEY/tree/    what is in the package, as sysroots have it
//                          files    the list of it (sysroot/tree.h)
//
// KEY is the SHA-256 of all that decides what is in it. Sysroots get hard links to the files, or
// copies where the file system has no hard links. A package appears under its key in one rename.
// Nothing here is believed: the files of a package are hashed each time it is used.
#ifndef PISDK_SYSROOT_PACKAGES_H
#define PISDK_SYSROOT_PACKAGES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"
#include "deb/lock.h"
#include "sysroot/tree.h"

// The key of a .deb as the lock has it unpacked. `native` is the part of the lock that it is in, or
// NULL: its own packages.
void packages_key(const struct lock *lock, const struct lock_native *native,
                  const struct package *p, char key[HASH_HEX + 1]);

// True when it is there and whole, with its list in `out`. One that is damaged is removed.
bool packages_load(const char *data, const char *key, struct tree *out);

// The list of what is in it, as it was made: the files themselves are not looked at. False when it
// is not there.
bool packages_list(const char *data, const char *key, struct tree *out);

// A package being made: a folder that nobody else sees.
struct packages_new {
    char *dir; // the folder that becomes KEY
    int held;  // see base/held.h
    int tree;  // tree/ in it, open
};

int packages_begin(const char *data, const char *key, struct packages_new *out,
                   struct err *err) ERR_MUST_CHECK;
// Puts it in its place, with its list. Fine when somebody else was faster.
int packages_commit(const char *data, const char *key, struct packages_new *p,
                    const struct tree *list, struct err *err) ERR_MUST_CHECK;
// Removes what was not committed, and releases it.
void packages_end(struct packages_new *p);

// Makes files that were not unpacked here like unpacked ones: modes, links that work anywhere, and,
// unless `keep_times`, times. `list` is what is below `root` then.
int packages_normalise(int root, bool keep_times, struct tree *list,
                       struct err *err) ERR_MUST_CHECK;

// Puts the package into the sysroot whose root is open as `root`. ERR_VERIFY when a file is there
// already.
int packages_link(const char *data, const char *key, const struct tree *list, int root,
                  struct err *err) ERR_MUST_CHECK;

// The same from a folder that is open as `from`.
int packages_link_tree(int from, const struct tree *list, int root, struct err *err) ERR_MUST_CHECK;

// Held while packages and downloads are used (shared) or removed. The descriptor is the caller's.
int packages_lock(const char *data, enum fs_lock_kind kind, struct err *err) ERR_MUST_CHECK;

#endif
