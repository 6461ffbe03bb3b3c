// SPDX-License-Identifier: MIT
// What a makefile says about its compilers, and what to say instead.
//
// A makefile that assigns CC = gcc does not heed the environment's CC. Which variables it assigns
// is asked of make itself; those that name a compiler or tool of the desktop are set again on
// make's command line, where they count. CC = mpicc may stay: mpicc is the toolset's.
#ifndef PISDK_PROJECT_MAKEFILE_H
#define PISDK_PROJECT_MAKEFILE_H

#include "project/build_internal.h"

// Adds VARIABLE=VALUE words for make's command line.
int makefile_find_overrides(struct build *b, struct strv *words, struct err *err) ERR_MUST_CHECK;

// The value with the desktop's tool replaced by the toolset's, the rest as it was: "gcc -std=c99"
// becomes "arm-linux-gnueabihf-clang -std=c99". NULL when there is nothing to replace; the caller
// frees it.
char *makefile_replace_tool(const char *triple, const char *value);

#endif
