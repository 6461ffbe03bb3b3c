// Running programs as jobs of Slurm: `--on slurm`, and `pisdk submit`.
#ifndef PISDK_ON_SLURM_H
#define PISDK_ON_SLURM_H

#include "pisdk/app.h"
#include "pisdk/project/on_nodes.h"
#include "pisdk/project/slurm_place.h"

// Deploys the project, unless it is asked not to, and submits the program to Slurm. `id` is the
// job's number.
int slurm_submit(struct app *app, const struct slurm_place *place, const struct nodes_job *job,
                 long *id, struct err *err) ERR_MUST_CHECK;

// The same, and stays until the job is over: its output and its status are the program's. However
// this ends, the job does as well.
int slurm_run(struct app *app, const struct nodes_job *job, int *status,
              struct err *err) ERR_MUST_CHECK;

#endif
