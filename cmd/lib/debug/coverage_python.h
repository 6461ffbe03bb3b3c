// SPDX-License-Identifier: MIT
// What Python executes, counted by coverage.py of the sysroot (python3-coverage). Each process of
// each rank leaves a file in BUILD/coverage/raw; reports are BUILD/coverage/python/index.html and
// BUILD/coverage/python.info, as lcov has it.
#ifndef PISDK_DEBUG_COVERAGE_PYTHON_H
#define PISDK_DEBUG_COVERAGE_PYTHON_H

#include "base/log.h"
#include "base/str.h"

// Makes what has Python count: `dir` is BUILD/coverage, and `project` the folder whose files count.
// So do the modules in BUILD/python, which are reported as the sources that they were copied from.
int coverage_python_begin(const char *dir, const char *project, struct err *err) ERR_MUST_CHECK;

// For a program that runs now: adds to its environment what has Python count. Returns the folder
// for PYTHONPATH, which the caller frees; NULL where Python's coverage was not begun.
char *coverage_python_environment(const char *dir, struct strv *environment);

// Has any Python counted?
bool coverage_python_has_data(const char *dir);

struct coverage_python {
    const char *dir;                // BUILD/coverage
    const char *pisdk;              // of the toolset
    const struct strv *environment; // of the project's commands
    const char *project;            // its folder
};

// Makes the reports; `table` gets one of files, for the user.
int coverage_python_report(const struct coverage_python *c, struct log *log, struct strbuf *table,
                           struct err *err) ERR_MUST_CHECK;

#endif
