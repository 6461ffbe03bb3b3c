// SPDX-License-Identifier: MIT
// What `nodes probe --json` prints.
#ifndef PISDK_PROBE_JSON_H
#define PISDK_PROBE_JSON_H

#include "remote/checkup.h"

// An array of objects, one a board, to standard output: all that is known, and what is wrong.
void probe_json_print(const struct remotes *nodes, const struct probe *probe,
                      const struct checkup *checkup);

#endif
