// SPDX-License-Identifier: MIT
// What the network says of its boards: whatever it is, no name of a host has anything in it that a
// shell or a terminal would take for something else.

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "remote/discover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct discovery found = {0};
    discover_parse_browse((const char *)data, size, &found);
    discover_parse_neighbours((const char *)data, size, &found);
    for (size_t i = 0; i < found.n; i++) {
        const char *host = found.items[i].host;
        if (!*host || *host == '-' || strpbrk(host, " '\"\\$`;&|<>()\n\r\t\033")) {
            abort();
        }
    }
    discovery_release(&found);
    return 0;
}
