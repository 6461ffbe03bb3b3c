// Which cluster a command means.
#ifndef PISDK_CLUSTER_CHOICE_H
#define PISDK_CLUSTER_CHOICE_H

#include "cluster/cluster.h"
#include "pisdk/app.h"

// The name of a new one: --name, else the project's name, else "default". The caller frees it; NULL
// with ERR_USAGE when it cannot be one.
char *cluster_choice_new(struct app *app, struct err *err);

// Opens the one that `name` means; NULL: that which cluster_choice_new would make.
int cluster_choose(struct app *app, const char *name, struct cluster *out,
                   struct err *err) ERR_MUST_CHECK;

// The one that the option --name means.
int cluster_choose_named(struct app *app, struct cluster *out, struct err *err) ERR_MUST_CHECK;

#endif
