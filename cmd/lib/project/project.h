// A project: the folder with pisdk.ini in it.
//
//     [project] name
//     [target]  sysroot, board
//     [run]     ranks, program
#ifndef PISDK_PROJECT_PROJECT_H
#define PISDK_PROJECT_PROJECT_H

#include <stdbool.h>

#include "base/err.h"

#define PROJECT_FILE            "pisdk.ini"
#define PROJECT_DEFAULT_SYSROOT "bookworm"
#define PROJECT_DEFAULT_BOARD   "armv7"

enum { PROJECT_RANKS_MAX = 1024 };

struct project {
    char *dir; // absolute, links resolved
    char *name;
    char *sysroot;
    char *board;
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
