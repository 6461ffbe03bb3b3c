// SPDX-License-Identifier: MIT
// The project of a bundle that is made outside of any: just packages, and a folder in the cache.
#ifndef PISDK_PROJECT_BUNDLE_PROJECT_H
#define PISDK_PROJECT_BUNDLE_PROJECT_H

#include "base/paths.h"
#include "base/str.h"

// What `pisdk bundle` was asked for; nothing of it is owned.
struct bundle_request {
    const struct strv *with, *packages;
    const char *name, *output, *sysroot, *sign; // or NULL
    bool refresh;                               // the newest packages
};

// Makes the project, adds to its sysroot what is asked for, and runs `pisdk bundle` in it. Returns
// the exit status.
int bundle_without_project(const struct paths *paths, const struct bundle_request *request,
                           struct err *err);

#endif
