// SPDX-License-Identifier: MIT
// A run of a program on boards that are not there, in SimGrid's SMPI.
//
// The program really runs, all ranks one after the other in one process; what it computes is timed
// here and scaled to the board, and what it sends takes the time that the network would take.
#ifndef PISDK_PREDICT_SIMULATE_H
#define PISDK_PREDICT_SIMULATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "predict/figures.h"

enum { SIMULATE_RANKS_MAX = 4096 };

struct simulation {
    const char *program; // as simulator_make_toolset's compilers made it, absolute
    const struct strv *args;
    const struct strv *environment; // NAME=VALUE, or NAME as it is here, for the program; or NULL
    const struct predict_figures *figures;
    double speed; // of a board, of the desktop's (predict_speed)
    long ranks_per_board;
    const char *folder; // for files of the simulation; made, and removed after it
    const char *trace;  // the folder that the ranks' calls are recorded to, which must be there;
                        // NULL: only their totals, in `folder`
    bool shows_output;  // what the program prints goes to standard output
    struct log *log;
};

struct prediction {
    long boards, ranks;
    double seconds;       // from MPI_Init to MPI_Finalize
    double communicating; // share of the ranks' time in calls of MPI
    uint64_t sent;        // bytes that the program hands to MPI
    uint64_t any_source;  // messages that were taken of whichever rank came first
    bool has_threads;     // it starts threads, which are not simulated
};

// Runs the program on so many boards. ERR_FAILED when it fails there, ERR_UNSUPPORTED when the
// simulator cannot do it, both with what that was.
int simulate(const struct simulation *s, long boards, struct prediction *out,
             struct err *err) ERR_MUST_CHECK;

#endif
