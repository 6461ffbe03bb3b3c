// SPDX-License-Identifier: MIT
// What mpirun on a board says when it cannot go on, in a line of ours: the cause, and what mends
// it.
//
// The texts are those of Open MPI 4.1 (orte/mca/plm/base/help-plm-base.txt,
// plm/rsh/help-plm-rsh.txt, rmaps/base/help-orte-rmaps-base.txt, errmgr), of MPICH's Hydra, and of
// what they start: ssh and the loader.
#ifndef PISDK_REMOTE_MPI_ERROR_H
#define PISDK_REMOTE_MPI_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct mpi_error {
    const char *text;    // a part of a line
    const char *meaning; // what it means
    const char *mend;    // a command, as it can be typed; NULL: none
    int weight;          // of several, the heaviest is told: general ones weigh least
};

// The one that a line of mpirun's (not of the program's own) is about; NULL: none is known.
const struct mpi_error *mpi_error_find(const char *line);

#endif
