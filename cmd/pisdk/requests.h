// What the options that several commands share ask for. A command reads them once; what it calls
// knows no command line. Strings and lists point into the command line.
#ifndef PISDK_REQUESTS_H
#define PISDK_REQUESTS_H

#include "pisdk/options.h"

// TARGET_OPTIONS and VARIANT_OPTIONS.
struct target_request {
    const char *sysroot; // NULL: the project's, else the default one
    const char *board;   // NULL: the same
    bool debug, lto, coverage;
    const char *sanitize; // a list of names, or NULL
};

// NODES_OPTION and SSH_CONFIG_OPTION.
struct nodes_request {
    const char *nodes;      // NULL: the project's
    const char *ssh_config; // a file, or NULL
};

// What a deploy does, also one before a run.
struct deploy_request {
    struct target_request target;
    struct nodes_request nodes;
    bool with_runtime; // else as pisdk.ini says
    bool no_deploy;    // run what is there
    bool only_look;    // --list and --verify
};

// Options that mpirun gets.
struct mpirun_request {
    const char *map_by, *bind_to, *rank_by; // or NULL
    const struct strv *mca;                 // names and values in turns
    const struct strv *words;               // lists of words
};

struct slurm_request {
    struct nodes_request nodes;
    const char *host, *partition, *time; // NULL: as pisdk.ini says
    const struct strv *sbatch;           // lists of words; or NULL
};

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

#endif
