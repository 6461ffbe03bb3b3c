// SPDX-License-Identifier: MIT
// What is to run, and where.
#ifndef PISDK_RUN_REQUEST_H
#define PISDK_RUN_REQUEST_H

#include <stdint.h>

#include "run/kernel.h"
#include "run/mpirun.h"
#include "run/slurm_login.h"
#include "workspace/project_deploy.h"

// As much memory as the board has.
#define RUN_MEMORY_OF_BOARD UINT64_MAX

struct run_place;

struct run_request {
    const struct run_place *place;
    const char *which;            // see run_place_find
    struct deploy_request deploy; // its target is what the program is built for
    const struct deploy_watcher *watcher;
    struct slurm_request slurm;
    struct mpirun_request mpirun;
    const char *program;          // as program_find has it; NULL: the project's
    const struct strv *args;      // of the program
    long ranks;                   // 0: without mpirun
    const struct strv *variables; // NAME or NAME=VALUE, besides those of pisdk.ini
    const struct strv *mounts;    // HOST or HOST:BOARD: folders for an emulated board
    double timeout;               // seconds, or 0
    uint64_t memory;              // of an emulated board, bytes; 0: no limit
    const char *trace;            // the folder that a trace is recorded to, absolute; or NULL
    bool backtrace;               // show where programs crashed
    bool keep_core;
    const struct kernel *kernel; // of Jupyter, which the program is; or NULL
};

#endif
