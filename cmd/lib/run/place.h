// SPDX-License-Identifier: MIT
// What a place that programs run in is made of. Internal to this folder.
#ifndef PISDK_RUN_PLACE_H
#define PISDK_RUN_PLACE_H

#include "run/request.h"
#include "sandbox/sandbox.h"

// A run that is prepared: what was asked for, made into a program and its arguments.
struct run {
    const struct workspace *w;
    const struct run_request *request;
    struct target target;
    char *program;                  // absolute; of the sysroot: as a board sees it
    char *script;                   // that it interprets, absolute; or NULL
    struct strv args;               // its arguments, with the script
    bool in_sysroot;                // then boards have a command of its name
    bool launcher;                  // it is mpirun itself
    bool mpich;                     // else Open MPI
    char *cwd;                      // absolute
    struct strv visible;            // folders of the desktop, see sandbox/sandbox.h
    struct strv mounts;             // in pairs, see there
    struct strv variables;          // NAME=VALUE, that it gets
    struct strv mpirun;             // further words for mpirun
    double timeout;                 // seconds, or 0
    double later;                   // than that: ctest comes first, which says "Timeout"
    uint64_t memory;                // bytes
    char *id;                       // marks its processes
    char *recorder;                 // for boards that do not see the desktop's folders; or NULL
    struct sandbox_outcome outcome; // what happened besides its status
};

struct run_place {
    const char *name;
    bool has_many;     // NAME:WHICH is one of them
    bool mounts;       // --mount works there
    bool sees_project; // its folder is there, at the same path
    bool for_tests;    // `pisdk test` may start many at once
    int (*start)(struct run *run, int *status, struct err *err); // until its end
};

extern const struct run_place run_emulator, run_cluster, run_nodes, run_slurm;

// Does mpirun start it, by us or by itself?
bool run_is_mpi(const struct run *run);
// Is a core file wanted of a process that crashes? Sanitizers tell themselves where a program
// crashed, and have much memory that would be written.
bool run_traces_crashes(const struct run *run);
// Boards have their own mpirun, which pisdk starts.
int run_refuse_launcher(const struct run *run, struct err *err);
// Adds the arguments of its program, the script as seen from the folder that programs of a deploy
// run in.
void run_add_deployed_args(const struct run *run, struct strv *argv);
// Its program as seen from the folder that programs of this deploy run in. The caller frees it;
// NULL: it was not deployed.
char *run_find_deployed(const struct run *run, const struct project_deploy *d, struct err *err);

#endif
