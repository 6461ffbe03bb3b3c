// SPDX-License-Identifier: MIT
// What to build for and run on: what is asked for, else the project's, else the defaults.
#ifndef PISDK_WORKSPACE_TARGET_CHOICE_H
#define PISDK_WORKSPACE_TARGET_CHOICE_H

#include "debug/subject.h"
#include "project/build.h"
#include "sysroot/store.h"
#include "target/board.h"
#include "target/toolset.h"
#include "target/variant.h"
#include "workspace/workspace.h"

// Opens the sysroot of this name; when there is none, the hint is a command that can work.
int target_open_sysroot(const struct workspace *w, const char *name, struct sysroot *out,
                        struct err *err) ERR_MUST_CHECK;

// Opens the sysroot of the project: the one of pisdk.lock, else the one that pisdk.ini names.
int target_open_project_sysroot(const struct workspace *w, struct sysroot *out,
                                struct err *err) ERR_MUST_CHECK;

// The sysroot of this name; NULL: the project's, else the default one.
int target_open_named(const struct workspace *w, const char *name, struct sysroot *out,
                      struct err *err) ERR_MUST_CHECK;

// Reads the project's pisdk.lock. 1: there is none. ERR_USAGE when it is for another sysroot than
// pisdk.ini wants.
int target_read_lock(const struct workspace *w, struct lock *out, struct err *err) ERR_MUST_CHECK;

// Tells `pisdk run`, which tests call, which variant was built: its name, as the build folder has
// it.
#define TARGET_OF_TESTS "PISDK_TEST_VARIANT"

// What --sysroot, --board and the options of a variant ask for.
struct target_request {
    const char *sysroot; // NULL: the project's, else the default one
    const char *board;   // NULL: the same
    bool debug, lto, coverage;
    const char *sanitize; // a list of names, or NULL
};

struct target {
    struct sysroot sysroot;
    struct board board;
    struct variant variant;
    char *type; // the variant's name: "release", "debug-undefined", …
    bool fixed; // somebody chose the sysroot: nothing is added to it
};

// The board that is asked for (or NULL), else the project's, where `auto` is the weakest of its
// nodes, else the default. The caller releases it.
int target_choose_board(const struct workspace *w, const char *asked, struct board *out,
                        struct err *err) ERR_MUST_CHECK;

int target_choose(const struct workspace *w, const struct target_request *request,
                  struct target *out, struct err *err) ERR_MUST_CHECK;
void target_release(struct target *t);

// As debugging needs to know it; nothing of it is owned.
struct debug_subject target_debug_subject(const struct workspace *w, const struct target *t);

// The toolset for what is asked for, without what only the project's own builds have.
int target_make_toolset(const struct workspace *w, const struct target_request *request,
                        struct toolset *out, struct err *err) ERR_MUST_CHECK;

// The toolset that the project is built with. A package that the variant needs is added to the
// project's sysroot, which `t` has then.
int target_make_build_toolset(const struct workspace *w, struct target *t, struct toolset *out,
                              struct err *err) ERR_MUST_CHECK;

// Builds the project for it. Of the options, what belongs to the target and the log is set here.
// Returns the exit status of the build, or -1.
int target_build_with(const struct workspace *w, struct target *t,
                      struct project_build_options *options, struct err *err);

// A status of target_build: the project has no such program.
enum { TARGET_UNKNOWN = PROJECT_UNKNOWN_PROGRAM };

// Builds one program of the project, or all of it when `program` is NULL, for a command whose own
// output counts: what the build prints shows only when it fails.
int target_build(const struct workspace *w, struct target *t, const char *program, struct err *err);

#endif
