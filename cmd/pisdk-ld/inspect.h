// SPDX-License-Identifier: MIT
// What the linker made, compared with what was asked for.
#ifndef PISDK_LD_INSPECT_H
#define PISDK_LD_INSPECT_H

#include "base/str.h"
#include "target/toolset.h"

// Looks at `output`, which lld made of the files that it lists in `trace`. Prints what is wrong
// with it, and removes it when that is an error. Returns the linker's exit status.
int inspect_output(const struct toolset *t, const char *output, const struct strbuf *trace);

#endif
