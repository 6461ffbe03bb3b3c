// SPDX-License-Identifier: MIT
// A command on many boards at once: `exec --on`.
#ifndef PISDK_RUN_EVERYWHERE_H
#define PISDK_RUN_EVERYWHERE_H

#include "workspace/node_choice.h"

struct everywhere_request {
    const char *where; // as nodes_choose has it
    struct nodes_request nodes;
    bool in_order; // print what each board printed when all are done
};

// Runs it on every board, and prints what each says with its name in front. ERR_NODES when it
// failed on some.
int run_everywhere(const struct workspace *w, const struct everywhere_request *request,
                   const struct strv *words, struct err *err) ERR_MUST_CHECK;

#endif
