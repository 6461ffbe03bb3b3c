// SPDX-License-Identifier: MIT
// What the commands that make sysroots share: where packages come from, and which recipe is meant.
#ifndef PISDK_BUILDER_H
#define PISDK_BUILDER_H

#include "deb/recipe.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "sysroot/build.h"

struct builder {
    struct sysroot_build_options options;
    char *scripts; // pisdk's own recipes
};

void builder_init(struct builder *m, struct app *app, const struct mirror_request *request);
void builder_release(struct builder *m);

// The recipe called `name`, as `pisdk sysroot build` understands it; `flavour` of MPI may be NULL,
// and `addition` too (see deb/recipe.h).
int builder_find_recipe(struct builder *m, struct app *app, const char *name, const char *flavour,
                        const char *addition, struct recipe *out, struct err *err) ERR_MUST_CHECK;

// Makes the sysroot of the lock, and says so.
int builder_build_locked(struct builder *m, struct app *app, struct lock *lock,
                         const struct recipe *recipe, struct err *err) ERR_MUST_CHECK;

// Says what was done for the sysroot `name`.
void builder_tell(struct app *app, const char *name, const struct sysroot_build_report *report);

// Runs a piece of work that Ctrl-C interrupts only where it can clean up.
int builder_run(struct app *app, const struct mirror_request *request,
                int (*work)(struct app *app, struct builder *m, struct err *err),
                struct err *err) ERR_MUST_CHECK;

#endif
