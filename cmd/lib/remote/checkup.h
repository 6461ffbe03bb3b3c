// SPDX-License-Identifier: MIT
// What is wrong with boards, of what remote/probe.h found, and the command that mends it.
#ifndef PISDK_REMOTE_CHECKUP_H
#define PISDK_REMOTE_CHECKUP_H

#include "remote/probe.h"

struct problem {
    size_t node;      // its number in the list
    const char *kind; // a word, the same for all problems of a kind
    bool note;        // worth knowing, but nothing is wrong
    char *what;       // about the node; without its name
    char *mend;       // a command for the desktop's shell, or what else helps; NULL: nothing known
};

struct checkup {
    struct problem *items; // in the nodes' order, notes last
    size_t n;
};

void checkup_run(const struct remotes *nodes, const struct probe *probe, struct checkup *out);
size_t checkup_count(const struct checkup *c); // without notes
void checkup_release(struct checkup *c);

#endif
