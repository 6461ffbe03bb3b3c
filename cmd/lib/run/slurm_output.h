// SPDX-License-Identifier: MIT
// The output of a job, as it comes: it is a file on the node where the job's script runs.
#ifndef PISDK_RUN_SLURM_OUTPUT_H
#define PISDK_RUN_SLURM_OUTPUT_H

#include <stdbool.h>

#include "base/proc.h"
#include "remote/slurm.h"
#include "run/slurm_login.h"

struct slurm_output { // all zero: not begun
    bool begun;
    struct proc_child child; // pid 0: it has ended
    struct log *log;
    bool finishing;
};

// Has the log say so when it cannot.
void slurm_output_begin(struct slurm_output *o, const struct workspace *w,
                        const struct slurm_login *login, const struct slurm_job *job);
void slurm_output_take(struct slurm_output *o);   // prints what is there
void slurm_output_finish(struct slurm_output *o); // the job writes nothing more
bool slurm_output_is_done(const struct slurm_output *o);
void slurm_output_end(struct slurm_output *o); // at once

// Prints the output of a job as far as it got: of every node that has some, when each has files of
// its own. ERR_NOT_FOUND when there is none.
int slurm_print_output(const struct workspace *w, const struct slurm_login *login, long id,
                       struct err *err) ERR_MUST_CHECK;

#endif
