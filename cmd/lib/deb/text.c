// SPDX-License-Identifier: MIT
#include "deb/text.h"

#include <string.h>

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { DIGITS_MAX = 15, LENGTH_MAX = 1024 };

static bool has_only(const char *s, const char *allowed)
{
    size_t n = strlen(s);
    return n > 0 && n <= LENGTH_MAX && strspn(s, allowed) == n;
}

bool text_is_name(const char *s)
{
    return has_only(s, LETTERS DIGITS "._+-") && strspn(s, LETTERS DIGITS) > 0;
}

bool text_is_version(const char *s)
{
    return has_only(s, LETTERS DIGITS ".+~:_-");
}

bool text_is_flag(const char *s)
{
    if (!str_starts(s, "-D")) {
        return false;
    }
    const char *name = s + 2;
    size_t n = strspn(name, LETTERS DIGITS "_");
    return n > 0 && !strchr(DIGITS, name[0]) &&
           (name[n] == '\0' || (name[n] == '=' && has_only(name + n + 1, LETTERS DIGITS "_.")));
}

bool text_is_inner_path(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > LENGTH_MAX || s[0] == '/' || strchr(s, '\\')) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f) {
            return false;
        }
    }
    struct slice rest = {s, n};
    struct slice part;
    while (slice_cut(&rest, '/', &part)) {
        if (slice_is(part, "..")) {
            return false;
        }
    }
    return true;
}

bool text_number(struct slice s, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || i >= DIGITS_MAX) {
            return false;
        }
        *out = *out * 10 + (uint64_t)(s.p[i] - '0');
    }
    return s.n > 0;
}

bool text_hash(struct slice s, char out[HASH_HEX + 1])
{
    if (s.n != HASH_HEX) {
        return false;
    }
    memcpy(out, s.p, HASH_HEX);
    out[HASH_HEX] = '\0';
    return hash_is_hex(out);
}
