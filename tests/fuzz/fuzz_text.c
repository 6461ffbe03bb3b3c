// SPDX-License-Identifier: MIT
// Release files, apt's configuration, deb822 as such.

#include "base/str.h"
#include "deb/aptconf.h"
#include "deb/release.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of just this size, so that reading beyond it is seen.
    _cleanup_free_ char *text = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)data[i];
    }
    _cleanup_strv_ struct strv mirrors = {0};
    _cleanup_(release_release) struct release release = {0};
    struct err err = ERR_INIT;

    aptconf_parse_list(text, size, "", &mirrors);
    aptconf_parse_sources(text, size, "", &mirrors);
    if (release_parse(text, size, &release, &err) == 0) {
        (void)!release_check(&release, "bookworm", 0, &err);
        (void)release_find_index(&release, "main/binary-armhf/Packages");
    }
    return 0;
}
