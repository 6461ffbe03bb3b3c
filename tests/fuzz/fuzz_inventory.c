// SPDX-License-Identifier: MIT
// What ansible-inventory prints.

#include <string.h>

#include "fuzz.h"
#include "remote/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const groups[] = {NULL, "pis"};
    _cleanup_free_ char *text = xmalloc(size); // of just this size, so that reading beyond is seen
    if (size > 0) {
        memcpy(text, data, size);
    }
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        _cleanup_(remotes_release) struct remotes r = {0};
        struct err err = ERR_INIT;
        (void)!inventory_parse("d/hosts", text, size, groups[i], &r, &err);
        for (size_t k = 0; k < r.n; k++) { // what a command line would read otherwise is not there
            if (r.items[k].host[0] == '-' || strpbrk(r.items[k].host, " '\"\\$`;&|<>()*?{}[]\n")) {
                abort();
            }
        }
    }
    return 0;
}
