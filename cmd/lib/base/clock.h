// SPDX-License-Identifier: MIT
// Time that only goes forward, for measuring how long something takes.
#ifndef PISDK_BASE_CLOCK_H
#define PISDK_BASE_CLOCK_H

// Seconds since some moment in the past (CLOCK_MONOTONIC).
double clock_seconds(void);

#endif
