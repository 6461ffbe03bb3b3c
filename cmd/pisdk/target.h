// What to build for and run on: the command's --sysroot, --board and --debug, else the project's,
// else the defaults.
#ifndef PISDK_TARGET_CHOICE_H
#define PISDK_TARGET_CHOICE_H

#include "app.h"
#include "sysroot/store.h"
#include "target/board.h"

struct target {
    struct sysroot sysroot;
    struct board board;
    const char *type; // "release" or "debug"
};

int target_choose(struct app *app, struct target *out, struct err *err) ERR_MUST_CHECK;
void target_release(struct target *t);

// Builds the project for it. With `quiet`, output shows only when the build fails. Returns the
// exit status of the build, or -1.
int target_build(struct app *app, const struct target *t, bool quiet, struct err *err);

#endif
