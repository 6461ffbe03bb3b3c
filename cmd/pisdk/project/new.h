// SPDX-License-Identifier: MIT
// What `pisdk new` and `pisdk init` have in common.
#ifndef PISDK_COMMAND_NEW_H
#define PISDK_COMMAND_NEW_H

#include "pisdk/app.h"

// Can a project have this name, sysroot and board? ERR_USAGE with what is wrong.
int project_check_words(struct app *app, const char *name, const char *sysroot, const char *board,
                        struct err *err) ERR_MUST_CHECK;

#endif
