// SPDX-License-Identifier: MIT
// A project: the folder with pisdk.ini in it.
//
//     [project] name
//     [target]  sysroot, board, glibc
//     [build]   system, configure, args, command, test, prefixes, python
//     [run]     ranks, program, environment
//     [emulation]  pure
//     [nodes]   file, group
//     [node N]  host, slots, board, identity, port, peer
//     [deploy]  files, keep, runtime
//     [slurm]   host, place, folder, partition, time, options
#ifndef PISDK_PROJECT_PROJECT_H
#define PISDK_PROJECT_PROJECT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "remote/remotes.h"

#define PROJECT_FILE            "pisdk.ini"
#define PROJECT_DEFAULT_SYSROOT "bookworm"
#define PROJECT_DEFAULT_BOARD   "armv7"

enum { PROJECT_RANKS_MAX = 1024 };

// How a project is built. Texts are NULL, and lists empty, when they are not given.
struct project_build_settings {
    char *system;          // "cmake", "meson", …; NULL: guessed from the files
    struct strv configure; // further arguments of the configure step
    struct strv args;      // further arguments of the build step
    struct strv command;   // system = command: what builds it
    struct strv test;      // what tests it, where the build system does not say so itself
    struct strv prefixes;  // libraries that were built for the board before, absolute
    bool boards_python;    // python3 of builds is the sysroot's own, emulated
};

// A section [node NAME]: boards of the cluster that the program is for. Texts may have ranges, see
// remote/remotes.h, and are NULL when they are not given.
struct project_node {
    char *name;
    int line;   // in pisdk.ini
    char *host; // as ssh understands it; NULL: the name
    char *peer;
    char *board;
    char *identity;
    long slots, port; // 0: not given
};

struct project {
    char *dir; // absolute, links resolved
    char *name;
    char *sysroot;
    char *board; // a board's name, or "auto": the weakest of the nodes
    char *glibc; // the newest version that programs may need, or NULL: the sysroot's
    struct project_build_settings build;
    bool pure;          // emulated boards emulate all programs, see sandbox/native.h
    char *nodes_file;   // a hostfile or an inventory, absolute; NULL: none
    char *nodes_group;  // of the inventory; NULL: all of it
    long login_timeout; // seconds for a login to a board; 0: the default
    struct project_node *nodes;
    size_t n_nodes;
    struct strv deploy_files;           // what else goes to the boards
    long deploy_keep;                   // how many releases stay there
    bool deploy_runtime;                // the sysroot's MPI and libraries go along
    char *slurm_host;                   // where jobs are handed in; NULL: the first of the nodes
    bool slurm_local;                   // each node has files of its own
    char *slurm_folder;                 // which all see at this path; NULL: their homes are one
    char *slurm_partition, *slurm_time; // NULL: Slurm's own
    struct strv slurm_options;          // further words for sbatch
    char *program;                      // what `pisdk run` runs; the project's name when not given
    long ranks;                         // 0: not given, run without mpirun
    struct strv run_environment;        // variables for it: NAME, as it is here, or NAME=VALUE
};

// Reads pisdk.ini in this folder or the nearest one above. ERR_NOT_FOUND when there is none,
// ERR_USAGE with file, line and key when it is broken.
int project_find(struct project *out, struct err *err) ERR_MUST_CHECK;
int project_read(const char *dir, struct project *out, struct err *err) ERR_MUST_CHECK;
// The same for text that may become the file in `dir`.
int project_read_text(const char *dir, const char *text, struct project *out,
                      struct err *err) ERR_MUST_CHECK;
void project_release(struct project *p);

// Adds the nodes that pisdk.ini names itself, in [node NAME]. A section without `host` adds to what
// is known of a node that is in the list already. ERR_USAGE with file and line.
int project_nodes(const struct project *p, struct remotes *out, struct err *err) ERR_MUST_CHECK;

// Letters, digits, "_" and "-", starting with a letter, and not a target that CMake or Ninja has
// already ("test", "all", …): fit for a folder and for a program.
bool project_name_is_valid(const char *name);

// build/BOARD-TYPE in the project, `type` being "release" or "debug".
char *project_build_dir(const struct project *p, const char *board, const char *type);

#endif
