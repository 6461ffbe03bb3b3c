// SPDX-License-Identifier: MIT
// What is said of a run that is over. Internal to this folder.
#ifndef PISDK_RUN_TELL_H
#define PISDK_RUN_TELL_H

#include <time.h>

#include "run/place.h"

// Says what ended it, in the order of what explains most. `status` is that of the program; returns
// the one for the user.
int run_tell(const struct run *run, time_t began, int status);

#endif
