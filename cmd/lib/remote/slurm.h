// SPDX-License-Identifier: MIT
// What Slurm says of its jobs. All of it is foreign text.
#ifndef PISDK_REMOTE_SLURM_H
#define PISDK_REMOTE_SLURM_H

#include <stdbool.h>

#include "base/err.h"

enum { SLURM_ID_MAX = 0x3ffffff }; // MaxJobId of Slurm, without the bits of federations

// A job. Texts are never NULL; "" is what Slurm does not say (yet).
struct slurm_job {
    long id;
    char *state;  // "PENDING", "RUNNING", …: squeue(1), JOB STATE CODES
    char *reason; // why it waits, or ended; "None"
    char *time;   // that it ran, as DAYS-HH:MM:SS
    char *limit;  // that it may run
    char *nodes;  // where: "pi[1-4]"
    char *host;   // the node on which its script runs, which writes its output
    int status;   // of its script, -1: not said; see slurm_job_status
    int sig;      // that killed it, or 0
};

// The number of a job, as users write it. ERR_USAGE.
int slurm_read_id(const char *text, long *id, struct err *err) ERR_MUST_CHECK;

// What `sbatch --parsable` answers: ID or ID;CLUSTER. ERR_FAILED when it is not that.
int slurm_read_answer(const char *line, long *id, struct err *err) ERR_MUST_CHECK;

// A line of KEY=VALUE words, as of `scontrol --oneliner show job`; others are passed over, and the
// first of each counts. ERR_FAILED when it is not a job. The caller releases it.
int slurm_read_job(const char *line, struct slurm_job *out, struct err *err) ERR_MUST_CHECK;
void slurm_job_release(struct slurm_job *job);

// Has its script failed, while Slurm still waits for nodes? For one that died that takes minutes.
bool slurm_job_is_ending(const struct slurm_job *job);
// Is it at its end? False for a state that is not known.
bool slurm_job_is_over(const struct slurm_job *job);
// The exit status of its script, as a shell gives it, which says how the job went only when this is
// true: Slurm may have ended it for another reason.
bool slurm_job_status(const struct slurm_job *job, int *status);
// Did Slurm fail to start it, since the node has not the folder that its output goes to?
bool slurm_job_has_no_folder(const struct slurm_job *job);

#endif
