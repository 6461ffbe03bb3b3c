// SPDX-License-Identifier: MIT
// sysroot-scripts/runtime/NAME.ini: see deploy/runtime.h, for which this is.
#ifndef PISDK_DEPLOY_RUNTIME_PARTS_H
#define PISDK_DEPLOY_RUNTIME_PARTS_H

#include "base/err.h"
#include "base/str.h"

struct runtime_pair {
    char *name, *value;
};

struct runtime_pairs {
    struct runtime_pair *items;
    size_t n;
};

struct runtime_parts {
    struct strv when, when_files, add, libraries, plugins, leave_out, leave_out_of_bundles;
    struct runtime_pairs programs, called, links, arguments, scripts, texts, environment,
        without_ssh;
};

// Reads the file of that name in the folder. ERR_NOT_FOUND when there is none.
int runtime_parts_read(const char *folder, const char *name, struct runtime_parts *out,
                       struct err *err) ERR_MUST_CHECK;
void runtime_parts_release(struct runtime_parts *p);

#endif
