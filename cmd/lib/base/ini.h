// SPDX-License-Identifier: MIT
// INI files (libinih): recipes, boards, templates and a project's pisdk.ini.
#ifndef PISDK_BASE_INI_H
#define PISDK_BASE_INI_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

// A section's name ends at the first ], or at the second where it has a [: [node pi[1-64]]. Nothing
// but a comment may follow it.

// One key. A value on several lines (continuation lines are indented) comes in several calls with
// the same key. Returns -1 with the error set to refuse it; the file and line are added to it.
typedef int ini_key_handler(void *user, const char *section, const char *key, const char *value,
                            struct err *err);

// Reads the file; the first bad line is an ERR_USAGE error "FILE:LINE: …".
// ERR_NOT_FOUND when there is no such file.
int ini_read(const char *path, ini_key_handler *handler, void *user,
             struct err *err) ERR_MUST_CHECK;

// The same for text in memory, which `name` stands for in errors.
int ini_read_text(const char *name, const char *text, ini_key_handler *handler, void *user,
                  struct err *err) ERR_MUST_CHECK;

// The same file as text, for who changes it and keeps what else is there.
int ini_load(const char *path, struct strbuf *text, struct err *err) ERR_MUST_CHECK;

// The sections of a text in their order, also those without a key; one may be there again. They are
// from `begin` to `end`, which is behind the line of the last key: comments below that are left
// out.
struct ini_section {
    char *name;
    int line;
    size_t begin, end;
};
struct ini_sections {
    struct ini_section *items;
    size_t n;
};
int ini_find_sections(const char *name, const char *text, struct ini_sections *out,
                      struct err *err) ERR_MUST_CHECK;
void ini_sections_release(struct ini_sections *s);

// Refuses an unknown key in the words that all files share. Returns -1. `known` is a list of
// "section.key" separated by spaces; the nearest one becomes the hint.
int ini_unknown(const char *section, const char *key, const char *known, struct err *err);

// A whole number from `min` to `max`.
int ini_number(const char *key, const char *value, long min, long max, long *out,
               struct err *err) ERR_MUST_CHECK;

#endif
