// Which boards a command means.
#ifndef PISDK_NODE_CHOICE_H
#define PISDK_NODE_CHOICE_H

#include "app.h"
#include "remote/remotes.h"

int nodes_choose(struct app *app, const char *where, struct remotes *out,
                 struct err *err) ERR_MUST_CHECK;

#endif
