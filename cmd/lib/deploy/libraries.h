// SPDX-License-Identifier: MIT
// The libraries of a sysroot that the files of a release need, each once, looked for as the loader
// does on a board.
#ifndef PISDK_DEPLOY_LIBRARIES_H
#define PISDK_DEPLOY_LIBRARIES_H

#include "base/err.h"
#include "deploy/payload.h"

struct library {
    char *soname;
    char *folder; // in the sysroot
    char *source;
};

struct libraries {
    const struct payload *release; // what is in it already is not looked for
    const char *root;              // of the sysroot, without links in it
    const char *triple;            // "arm-linux-gnueabihf"
    struct library *items;
    size_t n;
};

// Adds all that the file `path` needs, and what that needs; or, when something is not there,
// nothing. ERR_NOT_FOUND then, for the file as `label` names it.
int libraries_close_over(struct libraries *l, const char *path, const char *label,
                         struct err *err) ERR_MUST_CHECK;
// Adds a library that is loaded by name, with what it needs, if the sysroot has it.
int libraries_add_named(struct libraries *l, const char *soname, struct err *err) ERR_MUST_CHECK;
// NULL when it is not among them.
const struct library *libraries_find(const struct libraries *l, const char *soname);
void libraries_release(struct libraries *l);

#endif
