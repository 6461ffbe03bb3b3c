// SPDX-License-Identifier: MIT
// What the files that know build systems share. Not for others.
#ifndef PISDK_PROJECT_BUILD_INTERNAL_H
#define PISDK_PROJECT_BUILD_INTERNAL_H

#include "project/build.h"

// One build, as it goes from one step to the next.
struct build {
    const struct project *p;
    const struct project_build_options *o;
    char *dir;       // build/BOARD-TYPE
    struct strv env; // of all programs that are run
};

// A build system. Each function's status is that of the program it runs.
struct build_system {
    const char *name;
    const char *const *files; // any of them in the project's folder tells that it is this one
    bool apart;               // builds outside of the sources
    int (*configure)(struct build *b, int *status, struct err *err);
    int (*compile)(struct build *b, int *status, struct err *err);
    // Its words into `argv`; NULL for one that is not run like this.
    int (*test)(struct build *b, struct strv *argv, struct err *err);
};

extern const struct build_system build_cmake, build_meson, build_autotools, build_make,
    build_command, build_python, build_none;

// Python's own tests (unittest) in tests/, on one, two and four ranks where pisdk.ini gives ranks.
int build_test_scripts(struct build *b, struct strv *argv, struct err *err) ERR_MUST_CHECK;

// Runs a step in `folder`; its output goes where that of the build goes.
int build_run(struct build *b, const char *folder, const struct strv *argv, int *status,
              struct err *err) ERR_MUST_CHECK;
// The same, and all that it prints to standard output into `out`.
int build_ask(struct build *b, const char *folder, const struct strv *argv, struct strbuf *out,
              int *status, struct err *err) ERR_MUST_CHECK;

// Was it configured with just these words, and did that work (the file `result` is there)?
bool build_is_configured(const struct build *b, const struct strv *words, const char *result);
int build_note_configured(const struct build *b, const struct strv *words,
                          struct err *err) ERR_MUST_CHECK;

// ERR_NOT_FOUND with the package to install.
int build_need_program(const char *program, const char *package, struct err *err) ERR_MUST_CHECK;

// How many things are done at once.
long build_jobs(const struct build *b);

// "-O2 -g", for build systems that have no build types of their own. The caller frees it.
char *build_cflags(const struct build *b);

#endif
