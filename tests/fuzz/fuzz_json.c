// SPDX-License-Identifier: MIT
// Settings of an editor that are added to: whatever the file has in it, what comes out has all of
// it, and nothing is left to add.

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "project/json_merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char wanted[] =
        "{\"version\": \"2.0.0\", \"tasks\": [{\"label\": \"a\", \"args\": [1]}],"
        " \"o\": {\"p\": {\"q\": true}}, \"list\": [\"x\", {\"id\": 1}]}";
    char *merged = NULL;
    char *again = NULL;
    struct err err = ERR_INIT;

    if (json_merge((const char *)data, size, wanted, &merged, &err) == 0 && merged) {
        if (json_merge(merged, strlen(merged), wanted, &again, &err) != 0 || again) {
            abort();
        }
    }
    free(merged);
    return 0;
}
