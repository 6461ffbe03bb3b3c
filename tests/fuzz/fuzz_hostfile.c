// Lists of boards: hostfiles and inventories, and the ranges in them.

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of just this size, so that reading beyond it is seen.
    _cleanup_free_ char *text = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)data[i];
    }
    const char *const groups[] = {NULL, "pis"};
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        _cleanup_(remotes_release) struct remotes r = {0};
        struct err err = ERR_INIT;
        (void)!hostfile_parse("hosts", text, size, groups[i], &r, &err);
        check(&r);
    }
    return 0;
}
