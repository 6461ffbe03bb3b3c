// SPDX-License-Identifier: MIT
// A project built for the simulator, as one more variant: build/smpi-release.
#ifndef PISDK_PREDICT_BUILD_H
#define PISDK_PREDICT_BUILD_H

#include "predict/simulator.h"
#include "workspace/workspace.h"

// Builds the program (NULL: the one that pisdk.ini names) with the toolset, and gives its absolute
// path, which the caller frees. What the build prints shows only when it fails.
int predict_build(const struct workspace *w, const struct toolset *tools, const char *program,
                  char **path, struct err *err) ERR_MUST_CHECK;

#endif
