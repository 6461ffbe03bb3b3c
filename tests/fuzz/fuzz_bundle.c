// SPDX-License-Identifier: MIT
// A file that says it is a bundle.
#include "deploy/bundle.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle_header h;
    if (bundle_header_read((const char *)data, size, &h) &&
        (h.script >= size || h.script + h.archive + HASH_HEX + 1 != size ||
         !payload_id_is_valid(h.id))) {
        abort();
    }
    return 0;
}
