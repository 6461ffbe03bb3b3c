// SPDX-License-Identifier: MIT
// Python's byte code, which packages' scripts make on a board: without it, each process compiles
// every module that it imports again, as nobody may write into a sysroot.
//
// It is made by the desktop's Python where that has the version of the sysroot's, else by the
// sysroot's own, emulated; the bytes are the same (sysroot-scripts/generated/bytecode.py). What was
// made is kept among the unpacked packages, a folder of modules (numpy, …) each.
#ifndef PISDK_SYSROOT_BYTECODE_H
#define PISDK_SYSROOT_BYTECODE_H

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "deb/lock.h"
#include "sysroot/tree.h"

struct bytecode_options {
    const char *data;  // the user's data folder
    const char *share; // pisdk's own data, see base/paths.h
    int root;          // the sysroot's root, open
    const char *path;  // and its path
    struct log *log;
};

// Adds the byte code of all files that lock->bytecode names, to the root and to the tree; nothing
// when the sysroot has no Python. ERR_NOT_FOUND when neither Python of that version nor QEMU is
// installed.
int bytecode_add(const struct bytecode_options *o, const struct lock *lock, struct tree *tree,
                 struct err *err) ERR_MUST_CHECK;

// The keys among the unpacked packages (sysroot/packages.h) that a sysroot with this tree uses.
void bytecode_keys(const struct lock *lock, const struct tree *tree, struct strv *keys);

#endif
