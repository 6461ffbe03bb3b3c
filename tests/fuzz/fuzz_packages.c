// SPDX-License-Identifier: MIT
// A Packages file, solved.

#include "base/str.h"
#include "deb/resolver.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolver *resolver = resolver_new("armhf");
    _cleanup_strv_ struct strv wanted = {0};
    _cleanup_strv_ struct strv provided = {0};
    struct package_list list = {0};
    struct err err = ERR_INIT;

    strv_add(&wanted, "a");
    strv_add(&provided, "tool");
    const struct resolver_request request = {&wanted, &provided, NULL, NULL};
    if (size > 0 && resolver_add_index(resolver, (const char *)data, size, &err) >= 0 &&
        resolver_solve(resolver, &request, &list, &err) == 0) {
        package_list_release(&list);
    }
    resolver_free(resolver);
    return 0;
}
