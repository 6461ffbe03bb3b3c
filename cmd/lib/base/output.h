// SPDX-License-Identifier: MIT
// Standard output and error of a program that holds signals back while it works.
//
// A pipe that nobody reads, or a terminal that was stopped, makes write(2) wait for ever; with
// SIGINT and SIGTERM blocked only SIGKILL would end that. Here a write waits for room instead, and
// is given up, with all that would follow it, when such a signal is there.
#ifndef PISDK_BASE_OUTPUT_H
#define PISDK_BASE_OUTPUT_H

#include <stdbool.h>

// From now on, `stdout` and `stderr` are such streams, buffered as they always are.
void output_begin(void);

// Was output given up? Then that is not an error of its own.
bool output_is_given_up(void);

// A signal that asks to stop was taken: from now on a write waits a second for room and no longer.
void output_hurry(void);

#endif
