// SPDX-License-Identifier: MIT
// Where Slurm is, and questions to it (toolchain/remote/slurm.sh).
#ifndef PISDK_RUN_SLURM_LOGIN_H
#define PISDK_RUN_SLURM_LOGIN_H

#include "remote/remotes.h"
#include "workspace/node_choice.h"

struct slurm_login {
    struct remotes node;  // the one node where jobs are submitted
    struct remotes nodes; // those of the project; may be none when all see the same files
};

struct slurm_request {
    struct nodes_request nodes;
    const char *host, *partition, *time; // NULL: as pisdk.ini says
    const struct strv *sbatch;           // lists of words; or NULL
};

// From what is asked for, and [slurm]. The caller releases it, also when this fails.
int slurm_login_choose(const struct workspace *w, const struct slurm_request *request,
                       struct slurm_login *out, struct err *err) ERR_MUST_CHECK;
void slurm_login_release(struct slurm_login *login);

// Runs slurm.sh on the login node with these arguments and gives the lines that it answers, without
// their mark. What a command of Slurm says against it becomes the error.
int slurm_ask(const struct workspace *w, const struct slurm_login *login, const struct strv *args,
              struct strv *lines, struct err *err) ERR_MUST_CHECK;

// For those that talk with slurm.sh themselves: the error when there is no Slurm; and what a
// command of Slurm says against it, "sbatch: error: invalid partition", of which the last such line
// counts, or else the first line, which "Try sbatch --help" may follow.
int slurm_missing(const struct slurm_login *login, struct err *err);
void slurm_note_error(char **said, const char *line);

#endif
