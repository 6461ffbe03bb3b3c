// SPDX-License-Identifier: MIT
// Puts packages into a sysroot on all cores while others are still being downloaded.
//
// The caller's thread downloads and hands over each package as it arrives; worker threads unpack
// it, unless it is unpacked already, and link it into the sysroot. The first failure anywhere stops
// everything.
#ifndef PISDK_SYSROOT_PIPELINE_H
#define PISDK_SYSROOT_PIPELINE_H

#include "base/err.h"
#include "deb/lock.h"
#include "sysroot/mirror.h"
#include "sysroot/tree.h"

struct pipeline_options {
    const char *data;                    // the user's folder, see sysroot/packages.h
    const struct mirror_options *mirror; // where packages come from
    const struct recipe *recipe;         // its origins' own mirrors; may be NULL
};

struct pipeline_report {
    size_t downloaded; // packages that were neither unpacked nor in the cache
    uint64_t downloaded_bytes;
};

// All packages of the lock that are not built here are put into the sysroot whose root is open as
// `root`. `tree` is added to, unsorted.
// ERR_VERIFY, ERR_NOT_FOUND, ERR_NETWORK, ERR_INTERRUPTED …, naming the package.
int pipeline_run(const struct pipeline_options *o, const struct lock *lock, int root,
                 struct tree *tree, struct pipeline_report *report, struct err *err) ERR_MUST_CHECK;

#endif
