// SPDX-License-Identifier: MIT
// Ansible's inventories, which ansible-inventory(1) reads for us: INI, YAML, and programs that
// print one, with the variables in group_vars and host_vars beside them.
//
// Ansible's own configuration counts as it does for Ansible, but for what would change the answer.
// No other way of reading is tried than that which was asked for, so a file that is not a program
// is not run, whatever its mode is.
#ifndef PISDK_REMOTE_INVENTORY_H
#define PISDK_REMOTE_INVENTORY_H

#include "remote/remotes.h"

// `plugins` is how Ansible is to read it: "ini", "yaml,auto" or "script". For the rest see
// hostfile_read. ERR_NOT_FOUND also when Ansible is not installed.
int inventory_read(const char *path, const char *plugins, const char *group, struct remotes *out,
                   struct err *err) ERR_MUST_CHECK;

// What `ansible-inventory --list` printed of the inventory `path`.
int inventory_parse(const char *path, const char *json, size_t n, const char *group,
                    struct remotes *out, struct err *err) ERR_MUST_CHECK;

#endif
