// SPDX-License-Identifier: MIT
// A job of Slurm, looked after until its end.
#ifndef PISDK_RUN_SLURM_WATCH_H
#define PISDK_RUN_SLURM_WATCH_H

#include "run/slurm_login.h"

struct slurm_watch {
    const struct workspace *w;
    const struct slurm_login *login;
    const struct strv *args; // of slurm.sh: run … or follow …
    bool owned;              // the job ends with us
    double timeout;          // seconds that it may run, or 0
    bool *timed_out;
};

// Waits for the end of the job, and prints its output meanwhile. `status` is its exit status. A
// signal cancels a job that is owned, and else just ends the watch; `status` says so then.
int slurm_watch(const struct slurm_watch *w, int *status, struct err *err) ERR_MUST_CHECK;

#endif
