// SPDX-License-Identifier: MIT
// What a folder with code seems to be, from its files: what `pisdk init` writes into pisdk.ini.
#ifndef PISDK_PROJECT_GUESS_H
#define PISDK_PROJECT_GUESS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct project_guess {
    char *name;          // the folder's, made a valid one
    struct strv systems; // build systems that have files there; the first is the likeliest
    char *command;       // without one: what builds the only source there is; or NULL
    char *program;       // NULL: not seen
    bool mpi;
};

int project_guess(const char *dir, struct project_guess *out, struct err *err) ERR_MUST_CHECK;
void project_guess_release(struct project_guess *g);

#endif
