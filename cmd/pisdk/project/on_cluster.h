// Running programs on an emulated cluster: `--on cluster`.
#ifndef PISDK_ON_CLUSTER_H
#define PISDK_ON_CLUSTER_H

#include "pisdk/app.h"
#include "sysroot/store.h"

// The environment variable that gives --on to every `pisdk run` that a test starts.
#define ON_VARIABLE "PISDK_ON"

// Where programs run, from --on, else from ON_VARIABLE: on one emulated board, on an emulated
// cluster, on boards, or wherever Slurm puts them.
struct place_to_run {
    bool cluster, nodes, slurm;
    const char *name; // of the cluster; NULL: not said. Points into the words
};

// `asked` is what --on says, or NULL.
int place_to_run_choose(const char *asked, struct place_to_run *out,
                        struct err *err) ERR_MUST_CHECK;

// Adds what makes the `pisdk run` of a test go there as well.
void place_to_run_add(const struct place_to_run *place, struct strv *env);

// A program and how it is started. Paths are absolute, and the same on the boards.
struct cluster_job {
    const struct sysroot *sysroot;
    const char *program;
    const char *const *args; // NULL at the end
    const char *cwd;
    const struct strv *exported; // see sandbox_user_environment
    const struct strv *words;    // further words for mpirun
    long ranks;                  // 0: on one board, without mpirun
    bool mpirun;                 // the program is mpirun itself, as tests start it
    double timeout;              // see cluster/cluster.h
    bool *timed_out;
    const char *run;   // marks its processes
    uint64_t core_max; // of a rank that says where it is; 0: none does
    int *signal;
};

// With mpirun, ranks go round the boards that are up; without, the program runs on one of them.
int cluster_job_run(struct app *app, const struct place_to_run *place,
                    const struct cluster_job *job, int *status, struct err *err) ERR_MUST_CHECK;

#endif
