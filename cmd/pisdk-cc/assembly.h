// SPDX-License-Identifier: MIT
// Assembler files in GNU's dialect, which Clang does not know all of.
#ifndef PISDK_CC_ASSEMBLY_H
#define PISDK_CC_ASSEMBLY_H

#include <stdbool.h>

#include "target/toolset.h"

// Is one among the words?
bool assembly_has(const struct strv *words);

// Runs the compiler's command line; when Clang refuses it, again with GNU's assembler. Without one,
// what Clang said is shown, and how to get it. Returns the exit status.
int assembly_run(const struct toolset *t, struct strv *argv);

#endif
