// SPDX-License-Identifier: MIT
// The environment variables of an emulated program.
//
// The user's own pass, except those that describe the desktop (paths, session, a surrounding MPI
// job). A sysroot's recipe adds what its MPI needs. A value in its section [rootless] may contain
//   {root}       the sysroot as the host sees it
//   {tmp}        a folder on a tmpfs that is removed afterwards
//   {flat:PATH}  a folder on a tmpfs with links to all entries of PATH in the sysroot: 32-bit
//                programs cannot list a folder on ext4
#ifndef PISDK_SANDBOX_ENVIRONMENT_H
#define PISDK_SANDBOX_ENVIRONMENT_H

#include "sandbox/internal.h"

// Fills s->env. In the modes without a root of their own, scratch_make comes first.
int environment_make(struct sandbox *s, struct err *err) ERR_MUST_CHECK;

// Where scratch_make puts the links to the entries of `path`.
char *environment_flat_folder(const struct sandbox *s, const char *path);

// The paths of all {flat:PATH} in the recipe's variables.
void environment_flat_paths(const struct sandbox *s, struct strv *paths);

#endif
