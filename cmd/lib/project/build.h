// Configures and builds a project: CMake with Ninja, cross-compiling with toolchain/pisdk.cmake.
#ifndef PISDK_PROJECT_BUILD_H
#define PISDK_PROJECT_BUILD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "project/project.h"

struct project_build_options {
    const char *share;        // pisdk's own data, see base/paths.h
    const char *program;      // the running pisdk: what runs the tests
    const char *sysroot;      // its folder, for the compilers
    const char *board, *type; // "release" or "debug"
    long jobs;                // 0: Ninja's choice
    bool clean;               // remove the build folder first
    struct strbuf *output; // where what CMake and the compilers print goes; NULL: where ours goes
    const struct strv *extra; // arguments for Ninja, or NULL
    struct log *log;
};

// The status is the build's; 0 is success. ERR_NOT_FOUND when a tool is missing.
int project_build(const struct project *p, const struct project_build_options *o, int *status,
                  struct err *err) ERR_MUST_CHECK;

#endif
