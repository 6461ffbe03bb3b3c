// SPDX-License-Identifier: MIT
// Which boards a command means.
#ifndef PISDK_WORKSPACE_NODE_CHOICE_H
#define PISDK_WORKSPACE_NODE_CHOICE_H

#include <stdbool.h>

#include "remote/remotes.h"
#include "workspace/workspace.h"

// What --nodes and --ssh-config ask for.
struct nodes_request {
    const char *nodes;      // NULL: the project's
    bool slots;             // names in it may have slots, as mpirun's: pi1:4
    const char *ssh_config; // a file, or NULL
};

// The nodes for a command. `where` is "cluster" or "cluster:NAME", the boards of an emulated
// cluster that is up, whatever is wrong with them; "nodes" or NULL: those that are asked for, else
// the project's. ERR_NOT_FOUND when there are none, ERR_USAGE when there is no such place. The
// caller releases the list, also when this fails.
int nodes_choose(const struct workspace *w, const char *where, const struct nodes_request *request,
                 struct remotes *out, struct err *err) ERR_MUST_CHECK;

// The project's nodes: those of the file that it names, then its own. It may have none, and there
// may be no project. The caller releases the list, also when this fails.
int nodes_of_project(const struct workspace *w, struct remotes *out,
                     struct err *err) ERR_MUST_CHECK;

// Reads a script for boards, of the folder toolchain/remote.
int nodes_read_script(const struct workspace *w, const char *name, struct strbuf *out,
                      struct err *err) ERR_MUST_CHECK;

#endif
