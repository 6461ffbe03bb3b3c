// SPDX-License-Identifier: MIT
// Builds a project with its own build system, cross-compiling with a toolset.
//
//     cmake      configured in the build folder, built with Ninja
//     meson      the same
//     autotools  configured in the build folder (made by autoreconf first where there is no
//                configure), built with make
//     make       built where its makefile is
//     command    what pisdk.ini says, in the project's folder
//     python     a package with pyproject.toml or setup.py, by pip
//     none       scripts: nothing is built
//
// What these print is passed on untouched.
#ifndef PISDK_PROJECT_BUILD_H
#define PISDK_PROJECT_BUILD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "project/project.h"
#include "target/toolset.h"
#include "target/variant.h"

struct project_build_options {
    const struct toolset *tools;
    const struct variant *variant;
    const char *board, *type;  // name the build folder
    long jobs;                 // 0: as many as the machine has processors
    bool clean;                // start from scratch
    bool aside;                // for pisdk itself: editors are not led to it
    bool no_ccache;            // without the compiler cache that the toolset has
    struct strbuf *output;     // where what the build prints goes; NULL: where ours goes
    const struct strv *extra;  // arguments of the build step, or NULL
    void (*enter)(void *user); // see struct proc_context; or NULL
    void *enter_user;
    const char *program; // build only this program, where the build system can; NULL: all
    struct log *log;
};

// A status of project_build: the project has no such program.
enum { PROJECT_UNKNOWN_PROGRAM = 256 };

// The status is the build's; 0 is success. ERR_NOT_FOUND when a tool is missing, or no build system
// is known.
int project_build(const struct project *p, const struct project_build_options *o, int *status,
                  struct err *err) ERR_MUST_CHECK;

// The name of the project's build system: what pisdk.ini says, else guessed from its files. It is
// one of the above. ERR_NOT_FOUND when there is none.
int project_build_system(const struct project *p, const char **name,
                         struct err *err) ERR_MUST_CHECK;

// Adds the names of all build systems that have files in the folder, the likeliest first.
void project_build_systems(const char *dir, struct strv *names);

// Is it built outside of its sources, in a folder a board and variant?
bool project_builds_apart(const char *system);

// The command that runs the project's tests, after a build: not for cmake, whose own is ctest.
// ERR_NOT_FOUND when none is known.
int project_test_command(const struct project *p, const struct project_build_options *o,
                         struct strv *argv, struct err *err) ERR_MUST_CHECK;

#endif
