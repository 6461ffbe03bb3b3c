// SPDX-License-Identifier: MIT
// Files that pisdk offers to a project: what they are made of is in the folder toolchain/KIND, as
// KIND/PATH. What the user has is never overwritten: JSON is added to, other files are left alone.
#ifndef PISDK_COMMAND_OFFER_H
#define PISDK_COMMAND_OFFER_H

#include "pisdk/app.h"

enum { OFFER_VARIABLES_MAX = 16 };

struct offer {
    struct app *app;
    struct strv paths; // in the project
    struct strv texts; // of them
    struct str_pair known[OFFER_VARIABLES_MAX];
    size_t n_known;
};

// Is there such a folder in toolchain/GROUP? ERR_USAGE with those that there are; `what` is what
// they are for, and `word` may be NULL.
int offer_check(struct app *app, const char *group, const char *what, const char *word,
                struct err *err) ERR_MUST_CHECK;

// What replaces a variable "@NAME@" in the files that are added from now on. The texts are not
// copied.
void offer_know(struct offer *o, const char *mark, const char *value);
// Adds the files of a kind; nothing when there are none. Files with the same path are put together.
int offer_add(struct offer *o, const char *kind, struct err *err) ERR_MUST_CHECK;
void offer_print(const struct offer *o);
// Says what it writes, and warns of each file that is left as it is. ERR_FAILED when there is one.
int offer_write(struct offer *o, struct err *err);
void offer_release(struct offer *o);

#endif
