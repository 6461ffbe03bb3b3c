// SPDX-License-Identifier: MIT
// Lists of boards that other tools read too: what is in such a file is added to a list of nodes.
//
//     Open MPI's hostfile    pi@pi1 slots=4 max_slots=8
//     MPICH's hostfile       pi1:4
//     Ansible's inventory    [pis], and below it: pi1 ansible_host=10.0.0.11 ansible_user=pi
//
// Inventories are Ansible's business (remote/inventory.h): a file with a [section] or an ansible_
// variable in it, one of YAML or JSON (by its name, or because it begins with ---), and a program
// (executable, and ELF or beginning with #!), which is run. Everything else is a hostfile, whose
// hosts may have ranges; what is not understood there is ERR_USAGE "FILE:LINE: …".
#ifndef PISDK_REMOTE_HOSTFILE_H
#define PISDK_REMOTE_HOSTFILE_H

#include "remote/remotes.h"

// `group` is the group of an inventory that is meant, with its children; NULL: all hosts. A
// hostfile has no groups. ERR_NOT_FOUND when there is no such file or group. The list may be longer
// than it was when this fails.
int hostfile_read(const char *path, const char *group, struct remotes *out,
                  struct err *err) ERR_MUST_CHECK;

// A hostfile, of which `n` bytes are in memory.
int hostfile_parse(const char *path, const char *text, size_t n, struct remotes *out,
                   struct err *err) ERR_MUST_CHECK;

#endif
