// SPDX-License-Identifier: MIT
// SimGrid's SMPI (https://simgrid.org), as a toolset that projects are built with: compilers that
// make programs for the simulator, under the names that builds use.
#ifndef PISDK_PREDICT_SIMULATOR_H
#define PISDK_PREDICT_SIMULATOR_H

#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "target/toolset.h"

// The board's part of the name of its build folder: build/smpi-release.
#define SIMULATOR_BOARD "smpi"

// ERR_NOT_FOUND with the package when SimGrid is not installed. The folder is in the cache, like
// those of target/toolset_make.h; one that is there is used. The caller releases the toolset.
int simulator_make_toolset(const struct paths *paths, struct log *log, struct toolset *out,
                           struct err *err) ERR_MUST_CHECK;

// A build that failed printed `text`: if that is for a function of MPI that SMPI has not, says
// which ones.
int simulator_explain_build(const char *text, struct err *err);

#endif
