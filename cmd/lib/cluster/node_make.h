// SPDX-License-Identifier: MIT
// Makes a board, from within: its file system, its network, its user. Not for others than this
// folder.
#ifndef PISDK_CLUSTER_NODE_MAKE_H
#define PISDK_CLUSTER_NODE_MAKE_H

#include "cluster/node.h"
#include "sandbox/namespace.h"

// In a process with new namespaces, process 1 of the board. Fills in w->listening; sends
// `storage`, waits for `go`, and sends `ready` at the end, when we are the user `pi`.
int node_make(struct supervisor *s, const struct node *node, struct node_world *w,
              struct err *err) ERR_MUST_CHECK;

#endif
