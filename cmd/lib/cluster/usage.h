// SPDX-License-Identifier: MIT
// What the boards of a cluster use. Not for others than this folder.
#ifndef PISDK_CLUSTER_USAGE_H
#define PISDK_CLUSTER_USAGE_H

#include "cluster/supervisor.h"

struct usage {
    size_t processes;          // without process 1, which a board of metal has not
    unsigned long long memory; // bytes, see proc_own_memory
};

// One for each board, the caller's to free.
struct usage *usage_read(const struct supervisor *s, struct err *err);

#endif
