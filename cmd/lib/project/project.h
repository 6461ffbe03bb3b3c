// A project: the folder with pisdk.ini in it.
//
//     [project] name
//     [target]  sysroot, board, glibc
//     [build]   system, configure, args, command, test
//     [run]     ranks, program
//     [node N]  host, slots, board
#ifndef PISDK_PROJECT_PROJECT_H
#define PISDK_PROJECT_PROJECT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

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
};

// A board of the cluster that the program is for.
struct project_node {
    char *name;
    char *host; // as ssh understands it; NULL: the name
    char *board;
    long slots; // 0: not given
};

struct project {
    char *dir; // absolute, links resolved
    char *name;
    char *sysroot;
    char *board; // a board's name, or "auto": the weakest of the nodes
    char *glibc; // the newest version that programs may need, or NULL: the sysroot's
    struct project_build_settings build;
    struct project_node *nodes;
    size_t n_nodes;
    struct strv deploy_files; // patterns of glob(7), in the project
    long deploy_keep;         // releases that stay on the boards
    char *program; // what `pisdk run` runs; the project's name when not given
    long ranks;    // 0: not given, run without mpirun
};

// Reads pisdk.ini in this folder or the nearest one above. ERR_NOT_FOUND when there is none,
// ERR_USAGE with file, line and key when it is broken.
int project_find(struct project *out, struct err *err) ERR_MUST_CHECK;
int project_read(const char *dir, struct project *out, struct err *err) ERR_MUST_CHECK;
void project_release(struct project *p);

// Letters, digits, "_" and "-", starting with a letter, and not a target that CMake or Ninja has
// already ("test", "all", …): fit for a folder and for a program.
bool project_name_is_valid(const char *name);

// build/BOARD-TYPE in the project, `type` being "release" or "debug".
char *project_build_dir(const struct project *p, const char *board, const char *type);

#endif
