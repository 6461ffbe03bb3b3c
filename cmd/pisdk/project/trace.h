// SPDX-License-Identifier: MIT
// Recorded runs: where they are, and what is made of them.
#ifndef PISDK_COMMAND_TRACE_H
#define PISDK_COMMAND_TRACE_H

#include "pisdk/app.h"

// What --trace means: the page, and the folder beside it that ranks write to. "" is the default
// name.
struct trace_place {
    char *page, *folder; // absolute
};
void trace_place_choose(const char *given, const char *program, struct trace_place *out);
void trace_place_release(struct trace_place *p);

// After a run: makes the page of what was recorded, and says what it found.
int trace_finish(struct app *app, const struct trace_place *place, struct err *err) ERR_MUST_CHECK;

#endif
