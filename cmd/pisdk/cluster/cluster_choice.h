// Which cluster a command means.
#ifndef PISDK_CLUSTER_CHOICE_H
#define PISDK_CLUSTER_CHOICE_H

#include "cluster/cluster.h"
#include "pisdk/app.h"

// The name of a new one: the one that is asked for, else the project's, else "default". The caller
// frees it; NULL with ERR_USAGE when it is not valid.
char *cluster_choice_new(struct app *app, const char *asked, struct err *err);

// Opens the one of this name; NULL: of the name that a new one would get.
int cluster_choose(struct app *app, const char *name, struct cluster *out,
                   struct err *err) ERR_MUST_CHECK;

#endif
