// Where ranks on boards are. What runs there has no debug information, which stays on the desktop:
// gdb on the board gives addresses, and gdb here the lines of the source.
#ifndef PISDK_WHERE_NODES_H
#define PISDK_WHERE_NODES_H

#include "pisdk/app.h"
#include "pisdk/project/remote_run.h"
#include "pisdk/project/target_choice.h"

// Sorts the stacks by their ranks.
void where_nodes_tell(struct app *app, const struct target *target, const char *program,
                      struct remote_stack *stacks, size_t n);

#endif
