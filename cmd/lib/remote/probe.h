// SPDX-License-Identifier: MIT
// Asks boards what they are and have, all at once, and how they get to one another.
#ifndef PISDK_REMOTE_PROBE_H
#define PISDK_REMOTE_PROBE_H

#include "remote/facts.h"

// Whether the first board that answers gets to this one by ssh, as mpirun there would.
enum probe_reach { REACH_NOT_TRIED, REACH_YES, REACH_NO };

struct probed {
    bool answered;
    struct err why; // when it did not; no name in it
    struct facts facts;
    enum probe_reach reach;
    char *reached_as; // the name or address that ssh took
    char *reach_said; // what ssh said otherwise, on one line; about the name that comes first
};

struct probe {
    struct probed *boards; // one a node, in the nodes' order
    size_t n;
    size_t first; // the first board that answered; n: none did
};

struct probe_options {
    const struct remotes *nodes;
    const char *scripts;                        // the folder toolchain/remote
    void (*on_answer)(void *user, size_t done); // or NULL
    void *user;
};

// A board that does not answer is not an error: the result says so. The caller holds signals back
// (base/proc.h), and releases the result, also when this fails.
int probe_nodes(const struct probe_options *options, struct probe *out,
                struct err *err) ERR_MUST_CHECK;
void probe_release(struct probe *p);

#endif
