// SPDX-License-Identifier: MIT
#include "remote/mpi_error.h"

#include <string.h>

#include "base/str.h"

#define DOCTOR "pisdk nodes doctor"

static const struct mpi_error known[] = {
    {"not enough slots available", "the boards have too few slots for so many ranks",
     "pisdk run --on nodes --mpirun --oversubscribe", 3},
    {"Host key verification failed", "the first board does not know the host key of another one",
     DOCTOR, 3},
    {"Permission denied (", "the first board cannot log in to another one without a password",
     DOCTOR, 3},
    {"Could not resolve hostname", "the first board does not know another one by name", DOCTOR, 3},
    {"orted: command not found", "a board has no Open MPI, or not the sysroot's",
     "pisdk run --on nodes --with-runtime", 3},
    {"orted: not found", "a board has no Open MPI, or not the sysroot's",
     "pisdk run --on nodes --with-runtime", 3},
    {"orted: No such file or directory", "a board has no Open MPI, or not the sysroot's",
     "pisdk run --on nodes --with-runtime", 3},
    {"hydra_pmi_proxy: No such file", "a board has no MPICH", "pisdk run --on nodes --with-runtime",
     3},
    {"error while loading shared libraries", "a board lacks a library that the program needs",
     "pisdk run --on nodes --with-runtime", 2},
    {"Connection refused", "a board has no sshd, or refuses connections", DOCTOR, 2},
    {"No route to host", "a board is off, or not on the network of the others", DOCTOR, 2},
    {"Connection timed out", "a board does not answer the others", DOCTOR, 2},
    {"has lost communication with a remote daemon", "a board went away during the run", DOCTOR, 2},
    {"daemon has unexpectedly failed after launch", "mpirun ended on one of the boards", DOCTOR, 1},
    {"was unable to reliably start one or more daemons", "mpirun could not start on every board",
     DOCTOR, 1},
    {"unable to establish TCP connection", "ranks cannot reach each other", DOCTOR, 1},
    {"WARNING: Open MPI failed to TCP connect", "ranks cannot reach each other", DOCTOR, 1},
};

const struct mpi_error *mpi_error_find(const char *line)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strstr(line, known[i].text)) {
            return &known[i];
        }
    }
    return NULL;
}
