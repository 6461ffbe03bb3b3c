// SPDX-License-Identifier: MIT
// What a cluster's machines know each other by: keys, names, addresses. Not for others than this
// folder.
#ifndef PISDK_CLUSTER_IDENTITY_H
#define PISDK_CLUSTER_IDENTITY_H

#include "cluster/cluster.h"

// Makes the keys, `known_hosts` and `ssh_config` in the cluster's folder, with ssh-keygen(1).
int identity_make(const struct cluster_options *o, const char *dir, struct err *err) ERR_MUST_CHECK;

// Writes what all boards have in common below `root`, a folder: accounts, names, keys, settings of
// ssh and sshd. The keys come from the folder `dir`; `env` is what each login gets.
int identity_write_boards(const struct cluster_options *o, int dir, const struct strv *env,
                          const char *root, struct err *err) ERR_MUST_CHECK;

#endif
