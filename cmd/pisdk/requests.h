// SPDX-License-Identifier: MIT
// What the options that several commands share ask for. A command reads them once; what it calls
// knows no command line. Strings and lists point into the command line.
#ifndef PISDK_REQUESTS_H
#define PISDK_REQUESTS_H

#include "pisdk/options.h"
#include "run/run.h"

// MIRROR_OPTIONS.
struct mirror_request {
    const struct strv *mirrors; // empty: from the environment
    bool offline;
    long timeout; // seconds, or 0
};

// Options that the command does not have were not given.
int target_request_read(const struct input *in, struct target_request *out,
                        struct err *err) ERR_MUST_CHECK;
int mirror_request_read(const struct input *in, struct mirror_request *out,
                        struct err *err) ERR_MUST_CHECK;
struct nodes_request nodes_request_read(const struct input *in);
int deploy_request_read(const struct input *in, struct deploy_request *out,
                        struct err *err) ERR_MUST_CHECK;
struct mpirun_request mpirun_request_read(const struct input *in);
struct slurm_request slurm_request_read(const struct input *in);
// What `run` and `submit` have in common: the program, its ranks and variables, mpirun, Slurm, the
// deploy. `ranks` is for the project's own program. The arguments are copied to `args`, which the
// caller releases.
int run_request_read(const struct input *in, long ranks, struct strv *args, struct run_request *out,
                     struct err *err) ERR_MUST_CHECK;

#endif
