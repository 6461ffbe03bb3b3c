// Where Slurm is, and questions to it (toolchain/remote/slurm.sh).
#ifndef PISDK_SLURM_PLACE_H
#define PISDK_SLURM_PLACE_H

#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "remote/remotes.h"

struct slurm_place {
    struct remotes login; // the one node where jobs are submitted
    struct remotes nodes; // those of the project; may be none when all see the same files
};

// From what is asked for, and [slurm]. The caller releases it, also when this fails.
int slurm_place_choose(struct app *app, const struct slurm_request *request,
                       struct slurm_place *out, struct err *err) ERR_MUST_CHECK;
void slurm_place_release(struct slurm_place *place);

// Runs slurm.sh on the login node with these arguments and gives the lines that it answers, without
// their mark. What a command of Slurm says against it becomes the error.
int slurm_ask(struct app *app, const struct slurm_place *place, const struct strv *args,
              struct strv *lines, struct err *err) ERR_MUST_CHECK;

// For those that talk with slurm.sh themselves: the error when there is no Slurm; and what a
// command of Slurm says against it, "sbatch: error: invalid partition", of which the last such line
// counts, or else the first line, which "Try sbatch --help" may follow.
int slurm_missing(const struct slurm_place *place, struct err *err);
void slurm_note_error(char **said, const char *line);

#endif
