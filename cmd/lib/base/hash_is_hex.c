// SPDX-License-Identifier: MIT
// Apart from hash.c, so that a program that only reads hashes needs no hash library.

#include <string.h>

#include "base/hash.h"

int hash_is_hex(const char *s)
{
    return strspn(s, "0123456789abcdef") == HASH_HEX && s[HASH_HEX] == '\0';
}
