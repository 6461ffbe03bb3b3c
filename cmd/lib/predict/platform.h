// SPDX-License-Identifier: MIT
// Boards in a network, as SimGrid reads them: its platform file
// (https://simgrid.org/doc/latest/Platform.html) and a hostfile.
//
// Each board has a link of its own, both ways at once, to a switch that is never too slow.
#ifndef PISDK_PREDICT_PLATFORM_H
#define PISDK_PREDICT_PLATFORM_H

#include "base/str.h"
#include "predict/figures.h"

// The desktop's speed in the platform's operations a second; what SMPI is told it is.
#define PLATFORM_DESKTOP_SPEED 1e9

// `speed` is a board's, of the desktop's.
void platform_format(const struct predict_figures *f, double speed, long boards,
                     struct strbuf *out);
// A line a rank: pi1, pi1, …, pi2, ….
void platform_format_hosts(long boards, long ranks_per_board, struct strbuf *out);

#endif
