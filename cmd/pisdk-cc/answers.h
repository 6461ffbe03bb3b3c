// SPDX-License-Identifier: MIT
// Questions that scripts ask gcc, answered as the board's gcc answers them.
#ifndef PISDK_CC_ANSWERS_H
#define PISDK_CC_ANSWERS_H

#include <stdbool.h>

#include "command.h"

// Answers -dumpmachine, -print-multiarch, -print-sysroot, and, for names of gcc, -dumpversion,
// -dumpfullversion and a lone -v. True: it was one of them, and is answered.
bool answer_question(const struct toolset *t, bool of_gcc, const struct strv *words);

#endif
