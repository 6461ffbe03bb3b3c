// SPDX-License-Identifier: MIT
// What each rank of an MPI test printed, by itself: ctest and the like show all ranks at once,
// mixed line by line.
//
// `pisdk test` names a folder in the environment; each `pisdk run` of a test lets mpirun write
// copies there, shows their last lines when the test failed, and removes them.
#ifndef PISDK_RUN_RANK_OUTPUT_H
#define PISDK_RUN_RANK_OUTPUT_H

#include <stdbool.h>

#include "base/log.h"
#include "base/str.h"

// The variable that `pisdk test` sets for `pisdk run`: that folder.
#define RUN_RANKS "PISDK_TEST_RANKS"

struct rank_output {
    char *folder; // NULL: not wanted
};

// Makes a folder, where one is wanted.
void rank_output_begin(struct rank_output *o);
// Adds the words for Open MPI's mpirun.
void rank_output_words(const struct rank_output *o, struct strv *argv);
// Shows the ranks when there are two or more, and removes the files.
void rank_output_end(struct rank_output *o, struct log *log, bool show);

#endif
