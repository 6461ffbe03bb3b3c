// SPDX-License-Identifier: MIT
#include "pisdk/cluster/rate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

int cluster_read_rate(const char *text, uint64_t *kbit, struct err *err)
{
    static const struct {
        const char *unit;
        uint64_t kbit;
    } units[] = {{"kbit", 1}, {"mbit", 1000}, {"gbit", 1000000}};
    enum { DIGITS_MAX = 9 };
    size_t digits = strspn(text, "0123456789");

    *kbit = 0;
    if (strcmp(text, "none") == 0) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units) && digits >= 1 && digits <= DIGITS_MAX; i++) {
        if (strcasecmp(text + digits, units[i].unit) == 0) {
            *kbit = strtoull(text, NULL, 10) * units[i].kbit;
        }
    }
    if (*kbit > 0) {
        return 0;
    }
    err_set(err, ERR_USAGE, "`%s` is not a valid rate", text);
    return err_hint(err, "for example 100mbit, 512kbit or 1gbit; none for no limit");
}
