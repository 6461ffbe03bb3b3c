// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// The character at `p`, and how many bytes it has: 0 when it is not valid (RFC 3629).
static size_t decode(const unsigned char *p, uint32_t *character)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    enum { TAIL_BITS = 6, TAIL_MASK = 0x3f, TAIL_LEAD = 0x80, LEAD_MASK = 0xc0 };
    const uint32_t surrogates = 0xd800;
    const uint32_t behind_surrogates = 0xdfff;
    const uint32_t last = 0x10ffff;

    for (size_t n = 0; n < ARRAY_SIZE(forms); n++) {
        if ((p[0] & forms[n].mask) != forms[n].lead) {
            continue;
        }
        uint32_t c = p[0] & (unsigned char)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((p[i] & LEAD_MASK) != TAIL_LEAD) { // the NUL at the end, for one
                return 0;
            }
            c = c << TAIL_BITS | (p[i] & TAIL_MASK);
        }
        *character = c;
        return c < forms[n].least || c > last || (c >= surrogates && c <= behind_surrogates)
                   ? 0
                   : n + 1;
    }
    return 0;
}

static bool stays(uint32_t c, enum printable_kind kind)
{
    static const struct {
        uint32_t first, last;
    } obeyed[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}};
    if (kind == PRINTABLE_UTF8 || (kind == PRINTABLE_TEXT && (c == '\n' || c == '\t'))) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(obeyed); i++) {
        if (c >= obeyed[i].first && c <= obeyed[i].last) {
            return false;
        }
    }
    return true;
}

char *printable(const char *text, enum printable_kind kind)
{
    struct strbuf out = {0};
    while (*text) {
        uint32_t character = 0;
        size_t n = decode((const unsigned char *)text, &character);
        bool good = n > 0 && stays(character, kind);
        n = n > 0 ? n : 1;
        for (size_t i = 0; i < n; i++) {
            strbuf_addf(&out, good ? "%c" : "\\x%02x", (unsigned char)text[i]);
        }
        text += n;
    }
    return strbuf_take(&out);
}
