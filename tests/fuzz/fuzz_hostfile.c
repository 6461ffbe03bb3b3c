// SPDX-License-Identifier: MIT
// Lists of boards: hostfiles, and the ranges in them.

#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "remote/hostfile.h"

static void check(const struct remotes *r)
{
    if (r->n > REMOTES_MAX) {
        abort();
    }
    for (size_t i = 0; i < r->n; i++) { // what a command line would read otherwise is not there
        if (r->items[i].host[0] == '-' || strpbrk(r->items[i].host, " '\"\\$`;&|<>()*?{}[]\n")) {
            abort();
        }
    }
}

// Ranges of thousands of nodes take long and find nothing that those of dozens do not.
static bool has_large_range(const uint8_t *data, size_t size)
{
    enum { DIGITS = 2 };
    size_t begin = 0; // of a number
    for (size_t i = 0; i < size; i++) {
        if (data[i] < '0' || data[i] > '9') {
            begin = i + 1;
        } else if (i - begin == DIGITS && begin > 0 && strchr("-:", data[begin - 1])) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (has_large_range(data, size)) {
        return 0;
    }
    // A copy of just this size, so that reading beyond it is seen.
    _cleanup_free_ char *text = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)data[i];
    }
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    (void)!hostfile_parse("hosts", text, size, &r, &err);
    check(&r);
    return 0;
}
