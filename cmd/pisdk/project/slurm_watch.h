// A job of Slurm, from the desktop: asked for, or looked after until its end.
#ifndef PISDK_SLURM_WATCH_H
#define PISDK_SLURM_WATCH_H

#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "remote/fleet.h"
#include "remote/remotes.h"

// Where Slurm is, and what it has.
struct slurm_place {
    struct remotes login; // the one node where jobs are handed in
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

// Prints the output of a job as far as it got: of every node that has some, when each has files of
// its own. ERR_NOT_FOUND when there is none.
int slurm_print_output(struct app *app, const struct slurm_place *place, long id,
                       struct err *err) ERR_MUST_CHECK;

struct slurm_watch {
    struct app *app;
    const struct slurm_place *place;
    const struct strv *args; // of slurm.sh: run … or follow …
    bool owned;              // the job ends with us
    double timeout;          // seconds that it may run, or 0
    bool *timed_out;
};

// Waits for the end of the job, and prints its output meanwhile. `status` is its exit status. A
// signal cancels a job that is owned, and else just ends the watch; `status` says so then.
int slurm_watch(const struct slurm_watch *w, int *status, struct err *err) ERR_MUST_CHECK;

#endif
