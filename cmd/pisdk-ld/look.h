// What the linker made, compared with what was asked for.
#ifndef PISDK_LD_LOOK_H
#define PISDK_LD_LOOK_H

#include "base/str.h"
#include "target/toolset.h"

// Looks at `output`, which lld made of the files that it lists in `trace`. Prints what is wrong
// with it, and removes it when that is an error. Returns the linker's exit status.
int look_at(const struct toolset *t, const char *output, const struct strbuf *trace);

#endif
