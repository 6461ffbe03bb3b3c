// SPDX-License-Identifier: MIT
// What boards say of a release that is not what was deployed.
#include <string.h>

#include "deploy/differences.h"
#include "fuzz.h"

enum { INPUT_MAX = 1 << 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_strv_ struct strv lines = {0};
    struct differences found;
    struct slice rest = {(const char *)data, size < INPUT_MAX ? size : INPUT_MAX};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        strv_take(&lines, slice_dup(line));
    }
    differences_read(&lines, &found);
    for (size_t i = 0; i < found.n; i++) {
        if (strlen(found.items[i].file) == 0 || strlen(found.items[i].what) == 0) {
            abort();
        }
    }
    differences_release(&found);
    return 0;
}
