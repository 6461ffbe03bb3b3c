// SPDX-License-Identifier: MIT
// Text that others chose, for a terminal or for JSON: of packages, boards, files, programs'
// answers.
#ifndef PISDK_BASE_PRINTABLE_H
#define PISDK_BASE_PRINTABLE_H

#include "base/str.h"

enum printable_kind {
    PRINTABLE_LINE, // no control character at all, as in a table
    PRINTABLE_TEXT, // newlines and tabs stay, as in a message
    PRINTABLE_UTF8, // all that is valid UTF-8 stays: JSON has its own escapes
};

// A copy, the caller's to free, in which a byte of what a terminal would obey is shown as \xNN:
// control characters (C0, DEL, C1), those that change the direction of writing (U+202A to U+202E,
// U+2066 to U+2069), and bytes that are no UTF-8.
char *printable(const char *text, enum printable_kind kind);

#endif
