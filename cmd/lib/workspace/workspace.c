// SPDX-License-Identifier: MIT
#include "workspace/workspace.h"

#include <stdlib.h>
#include <string.h>

bool workspace_is_pure(const struct workspace *w)
{
    const char *value = getenv(WORKSPACE_PURE);
    return value && *value ? strcmp(value, "0") != 0 : w->project && w->project->pure;
}
