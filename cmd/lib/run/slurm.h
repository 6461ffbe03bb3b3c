// SPDX-License-Identifier: MIT
// Programs as jobs of Slurm. Internal to this folder.
#ifndef PISDK_RUN_SLURM_H
#define PISDK_RUN_SLURM_H

#include "run/place.h"

// Deploys the project, unless it is asked not to, and submits the program. `id` is the job's
// number.
int slurm_submit(const struct run *run, const struct slurm_login *login, long *id,
                 struct err *err) ERR_MUST_CHECK;

#endif
