// SPDX-License-Identifier: MIT
// Packets between pisdk and an emulated cluster.

#include "cluster/wire.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of just this size, so that reading beyond it is seen.
    _cleanup_free_ char *packet = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        packet[i] = (char)data[i];
    }
    _cleanup_strv_ struct strv words = {0};
    struct err err = ERR_INIT;

    if (wire_parse(packet, size, &words, &err) == 0 && words.n == 0) {
        abort(); // whoever takes a message looks at its first word
    }
    return 0;
}
