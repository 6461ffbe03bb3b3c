// SPDX-License-Identifier: MIT
// What the values of Debian's files look like: one place that says what a name, a version, a path
// below a mirror, a number and a hash are. All of them may come from strangers.
#ifndef PISDK_DEB_TEXT_H
#define PISDK_DEB_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"

// A package, an architecture, a suite: letters, digits and . _ + -, beginning with a letter or
// digit (Debian Policy 5.6.1, and capitals). Never a path.
bool text_is_name(const char *s);
// Letters, digits and . + - ~ : (Debian Policy 5.6.12).
bool text_is_version(const char *s);
// A compiler flag that a lock may have: -DNAME or -DNAME=VALUE with letters, digits, _ and . only,
// since build systems and shells get it.
bool text_is_flag(const char *s);
// A relative path without "..", control characters and backslashes.
bool text_is_inner_path(const char *s);

// Decimal digits, at most 15 of them. False when it is anything else.
bool text_number(struct slice s, uint64_t *out);
// 64 lower-case hexadecimal digits.
bool text_hash(struct slice s, char out[HASH_HEX + 1]);

#endif
