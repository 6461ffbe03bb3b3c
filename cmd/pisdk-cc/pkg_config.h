// SPDX-License-Identifier: MIT
// pkg-config(1) for the board.
#ifndef PISDK_CC_PKG_CONFIG_H
#define PISDK_CC_PKG_CONFIG_H

#include "target/toolset.h"

// Finds the sysroot's packages, and those of libraries that the user built for the board, in
// folders of PKG_CONFIG_PATH. Paths have the sysroot in front, but for those of the user's own, and
// for variables that say where a program is to be installed (systemdsystemunitdir). Returns the
// exit status.
int pkg_config_run(const struct toolset *t, char **args);

#endif
