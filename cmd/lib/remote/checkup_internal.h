// SPDX-License-Identifier: MIT
// What the parts of a checkup share. Not for others than checkup*.c.
#ifndef PISDK_REMOTE_CHECKUP_INTERNAL_H
#define PISDK_REMOTE_CHECKUP_INTERNAL_H

#include "remote/problems.h"

// What is wrong between boards; nothing is looked at when just one answers.
void checkup_compare(struct examination *e);
void checkup_network(struct examination *e);

#endif
