// SPDX-License-Identifier: MIT
// Results of tests in the form that build servers read, for build systems other than CMake (ctest
// writes its own).
#ifndef PISDK_TEST_REPORT_H
#define PISDK_TEST_REPORT_H

#include "base/err.h"

// The file that `meson test` has just written in the build folder.
int test_report_copy_meson(const char *build_dir, const char *file, struct err *err) ERR_MUST_CHECK;

// One test case: the whole test command.
int test_report_write(const char *project, const char *command, double seconds, int status,
                      const char *file, struct err *err) ERR_MUST_CHECK;

#endif
