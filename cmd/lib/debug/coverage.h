// SPDX-License-Identifier: MIT
// What the tests execute: counters that emulated programs write, and the reports made of them.
//
// Each program of each rank leaves a file in BUILD/coverage/raw; `run` names them, since the
// numbers of processes repeat from run to run. Reports: BUILD/coverage/html/index.html and
// BUILD/coverage/lcov.info.
#ifndef PISDK_DEBUG_COVERAGE_H
#define PISDK_DEBUG_COVERAGE_H

#include <stdbool.h>

#include "base/log.h"
#include "base/str.h"

struct coverage {
    char *dir;            // BUILD/coverage
    char *programs;       // the folder that has what is tested
    char *ignored;        // a regular expression: the sysroot's headers
    char *profdata, *cov; // LLVM's programs
};

// Removes the counters of an earlier run from the build folder, and sees that reports can be made
// of the programs in `programs`; what they have from the sysroot, `root`, does not count.
// ERR_NOT_FOUND with what to install.
int coverage_begin(const char *build, const char *programs, const char *root, struct coverage *out,
                   struct err *err) ERR_MUST_CHECK;
// Has any program counted, or failed to?
bool coverage_has_data(const struct coverage *c);
// Makes the reports; `table` gets one of files, for the user.
int coverage_report(const struct coverage *c, struct log *log, struct strbuf *table,
                    struct err *err) ERR_MUST_CHECK;
void coverage_release(struct coverage *c);

// Tells `pisdk run`, which tests call, where counters go.
#define COVERAGE_FOLDER "PISDK_COVERAGE_DIR"

// NAME=VALUE: where a program that runs now is to write its counters, for its environment: where
// `pisdk test` says, else in the build folder; NULL when there is neither. The caller frees it.
char *coverage_variable(const char *build);

#endif
