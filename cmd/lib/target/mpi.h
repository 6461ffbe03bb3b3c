// SPDX-License-Identifier: MIT
// Where the MPI of a sysroot is, and what its compiler wrappers add to a command line.
//
// Found by the names that Debian's alternatives have, which sysroots have for every MPI, so that
// nothing of the target is run.
#ifndef PISDK_TARGET_MPI_H
#define PISDK_TARGET_MPI_H

#include "target/toolset.h"

// Fills the fields mpi and mpi_… of `t`, whose root and triple are set. Without MPI they stay
// empty.
void mpi_find(struct toolset *t);

#endif
