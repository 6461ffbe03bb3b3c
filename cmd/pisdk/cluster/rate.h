// SPDX-License-Identifier: MIT
// Rates of links, as users write them.
#ifndef PISDK_RATE_H
#define PISDK_RATE_H

#include <stdint.h>

#include "base/err.h"

// Reads a rate as tc(8) writes it, 100mbit, 512kbit or 1gbit, in kbit/s; "none" is 0, no limit.
// ERR_USAGE for anything else.
int cluster_read_rate(const char *text, uint64_t *kbit, struct err *err) ERR_MUST_CHECK;

#endif
