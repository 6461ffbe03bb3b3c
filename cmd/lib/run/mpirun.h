// SPDX-License-Identifier: MIT
// Variables that a program gets, and options of mpirun that pisdk passes on.
#ifndef PISDK_RUN_MPIRUN_H
#define PISDK_RUN_MPIRUN_H

#include <stdbool.h>

#include "base/str.h"

// Options that mpirun gets.
struct mpirun_request {
    const char *map_by, *bind_to, *rank_by; // or NULL
    const struct strv *mca;                 // names and values in turns
    const struct strv *words;               // lists of words
};

// Those that are asked for (-x), then those of the project (may be NULL), as NAME=VALUE, each once:
// the first counts. A NAME that is not in our own environment is left out.
void mpirun_variables(const struct strv *asked, const struct strv *project, struct strv *out);

// Adds the options that are asked for, and those variables, in the words of this MPI, for ranks on
// other boards.
void mpirun_words(const struct mpirun_request *request, const struct strv *variables, bool mpich,
                  struct strv *argv);

// Adds what has mpirun set NAME=VALUE for the ranks alone.
void mpirun_add_variable(const char *variable, bool mpich, struct strv *argv);

#endif
