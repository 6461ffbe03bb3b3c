// INI files (libinih): recipes, boards, templates and a project's pisdk.ini.
#ifndef PISDK_BASE_INI_H
#define PISDK_BASE_INI_H

#include "base/err.h"

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

// Refuses an unknown key in the words that all files share. Returns -1. `known` is a list of
// "section.key" separated by spaces; the nearest one becomes the hint.
int ini_unknown(const char *section, const char *key, const char *known, struct err *err);

// A whole number from `min` to `max`.
int ini_number(const char *key, const char *value, long min, long max, long *out,
               struct err *err) ERR_MUST_CHECK;

#endif
