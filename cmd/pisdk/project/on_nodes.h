// Running programs on boards that are reached by ssh: `--on nodes`.
#ifndef PISDK_ON_NODES_H
#define PISDK_ON_NODES_H

#include "pisdk/app.h"
#include "pisdk/project/target_choice.h"
#include "sysroot/store.h"

struct nodes_job {
    const struct sysroot *sysroot;
    const struct target *target;
    const struct deploy_request *deploy;
    const struct slurm_request *slurm; // for on_slurm.h only
    bool where;                        // say where ranks are at Ctrl-C and when the time is up
    const char *program;          // absolute; what was built, or a command that the boards have
    bool command;                 // it is such a command
    char *const *args;            // NULL at the end
    const struct strv *variables; // NAME=VALUE, that the program gets
    const struct strv *mpirun;    // further words for mpirun
    long ranks;                   // 0: on the first board, without mpirun
    double timeout;               // seconds, or 0
    bool *timed_out;
};

// Deploys the project, unless it is asked not to, and runs the program of it: with mpirun from
// the first board on, or just there. Standard streams, signals and the status are the program's
// own; when this returns, however the run ended, no process of it is left on a board that can be
// reached.
int nodes_job_run(struct app *app, const struct nodes_job *job, int *status,
                  struct err *err) ERR_MUST_CHECK;

struct exec_request {
    const char *where; // as nodes_choose has it
    struct nodes_request nodes;
    bool in_order; // print what each board printed when all are done
};

// Runs a command on every board at once. Returns the exit status: EXIT_NODES when it failed on
// some.
int nodes_exec(struct app *app, const struct exec_request *request, const struct strv *words,
               struct err *err);

#endif
