// What the tests execute: counters that emulated programs write, and the reports made of them.
//
// Each program of each rank leaves a file in BUILD/coverage/raw; `run` names them, since the
// numbers of processes repeat from run to run. Reports: BUILD/coverage/html/index.html and
// BUILD/coverage/lcov.info.
#ifndef PISDK_COVERAGE_H
#define PISDK_COVERAGE_H

#include "pisdk/app.h"
#include "pisdk/project/target_choice.h"

struct coverage {
    char *dir;            // BUILD/coverage
    char *programs;       // the folder that has what is tested
    char *profdata, *cov; // LLVM's programs
};

// Removes the counters of an earlier run, and sees that the reports can be made. ERR_NOT_FOUND with
// what to install.
int coverage_begin(struct app *app, const struct target *t, struct coverage *out,
                   struct err *err) ERR_MUST_CHECK;
// Makes the reports, and prints a table of files.
int coverage_report(struct app *app, const struct coverage *c, struct err *err) ERR_MUST_CHECK;
void coverage_release(struct coverage *c);

// Tells `pisdk run`, which tests call, where counters go.
#define COVERAGE_FOLDER "PISDK_COVERAGE_DIR"

// NAME=VALUE: where a program that runs now is to write its counters, for its environment; NULL
// when it has none. The caller frees it.
char *coverage_variable(struct app *app, const struct target *t);

#endif
