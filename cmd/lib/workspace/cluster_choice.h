// SPDX-License-Identifier: MIT
// Which cluster a command means.
#ifndef PISDK_WORKSPACE_CLUSTER_CHOICE_H
#define PISDK_WORKSPACE_CLUSTER_CHOICE_H

#include "cluster/cluster.h"
#include "workspace/workspace.h"

// The name of a new one: the one that is asked for, else the project's, else "default". The caller
// frees it; NULL with ERR_USAGE when it is not valid.
char *cluster_choice_new(const struct workspace *w, const char *asked, struct err *err);

// Opens the one of this name; NULL: of the name that a new one would get.
int cluster_choose(const struct workspace *w, const char *name, struct cluster *out,
                   struct err *err) ERR_MUST_CHECK;

// The folder of the image of boards for this sysroot; NULL: the project's, else the default one. It
// is made where it has to be. The caller frees it; NULL with the error set.
char *cluster_choose_image(const struct workspace *w, const char *sysroot, struct err *err);

#endif
