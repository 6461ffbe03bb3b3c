// SPDX-License-Identifier: MIT
#include "base/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

enum {
    INI_FILE_MAX = 1 << 20,
    INI_LINE_LIMIT = 190, // libinih as distributions build it cuts a line after 200 bytes
    INI_NAME_LIMIT = 49,  // and the name of a section after so many
};

struct ini_run {
    ini_key_handler *handler;
    void *user;
    struct err *err;
    bool failed; // the handler refused a line; libinih goes on and reports the first bad line
};

// libinih ends the name of a section at the first ].
static char *whole_name(const char *section)
{
    return xasprintf("%s%s", section, strchr(section, '[') ? "]" : "");
}

static int on_key(void *user, const char *section, const char *key, const char *value)
{
    struct ini_run *run = user;
    if (run->failed) {
        return 1;
    }
    _cleanup_free_ char *whole = whole_name(section);
    if (run->handler(run->user, whole, key, value ? value : "", run->err) != 0) {
        run->failed = true;
        return 0;
    }
    return 1;
}

static bool is_comment(struct slice s)
{
    return s.n == 0 || s.p[0] == ';' || s.p[0] == '#';
}

// The name in a line that begins with [, or NULL when it is not one of those in ini.h, or libinih
// would see another one there.
static char *name_of_section(struct slice line)
{
    const char *end = memchr(line.p, ']', line.n);
    size_t n = end ? (size_t)(end - line.p - 1) : 0;
    _cleanup_free_ char *name = xstrndup(line.p + 1, n);
    const char *bracket = strchr(name, '[');

    if (!end || n > INI_NAME_LIMIT || strstr(name, " ;") || strstr(name, "\t;") ||
        (bracket && strchr(bracket + 1, '['))) {
        return NULL;
    }
    struct slice rest = {end + 1, line.n - n - 2};
    if (bracket) {
        if (rest.n == 0 || rest.p[0] != ']') {
            return NULL;
        }
        rest.p++;
        rest.n--;
    }
    return is_comment(slice_trim(rest)) ? whole_name(name) : NULL;
}

static int add_section(struct ini_sections *out, const char *file, int number, struct slice line,
                       size_t begin, struct err *err)
{
    char *name = name_of_section(line);
    if (!name) {
        err_set(err, ERR_USAGE, "%s:%d: `%.*s` is not a [section]", file, number, (int)line.n,
                line.p);
        return memchr(line.p + 1, '[', line.n - 1)
                   ? err_hint(err, "a range must end the name: [node pi[1-64]]")
                   : -1;
    }
    VEC_GROW(out->items, out->n);
    out->items[out->n++] = (struct ini_section){.name = name, .line = number, .begin = begin};
    return 0;
}

int ini_find_sections(const char *name, const char *text, struct ini_sections *out, struct err *err)
{
    struct slice rest = {text, strlen(text)};
    struct slice line;
    bool after_key = false; // an indented line goes on with its value then

    if (str_starts(text, BYTE_ORDER_MARK)) {
        (void)slice_cut(&rest, BYTE_ORDER_MARK[2], &line);
    }
    for (int number = 1; slice_cut(&rest, '\n', &line); number++) {
        if (line.n > INI_LINE_LIMIT) {
            err_set(err, ERR_USAGE, "%s:%d: the line is longer than %d bytes", name, number,
                    INI_LINE_LIMIT);
            return err_hint(err, "continue a long value on the next line, indented");
        }
        struct slice words = slice_trim(line);
        if (is_comment(words)) {
            continue;
        }
        bool section = words.p[0] == '[' && !(after_key && words.p > line.p);
        after_key = !section;
        if (section && add_section(out, name, number, words, (size_t)(line.p - text), err) != 0) {
            return -1;
        }
        if (out->n > 0) {
            out->items[out->n - 1].end = (size_t)(rest.p - text);
        }
    }
    return 0;
}

void ini_sections_release(struct ini_sections *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->items[i].name);
    }
    free(s->items);
    *s = (struct ini_sections){0};
}

int ini_read_text(const char *name, const char *text, ini_key_handler *handler, void *user,
                  struct err *err)
{
    _cleanup_(ini_sections_release) struct ini_sections sections = {0};
    struct ini_run run = {handler, user, err, false};
    if (ini_find_sections(name, text, &sections, err) != 0) {
        return -1;
    }
    int line = ini_parse_string(text, on_key, &run);
    if (line == 0) {
        return 0;
    }
    if (!run.failed) {
        return err_set(err, ERR_USAGE, "%s:%d: neither [section] nor key = value", name, line);
    }
    return err_wrap(err, "%s:%d", name, line);
}

int ini_load(const char *path, struct strbuf *text, struct err *err)
{
    if (fs_read_file(path, INI_FILE_MAX, text, err) != 0) {
        return -1;
    }
    if (strlen(text->data) != text->len) {
        return err_set(err, ERR_USAGE, "%s: contains a NUL byte", path);
    }
    return 0;
}

int ini_read(const char *path, ini_key_handler *handler, void *user, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    return ini_load(path, &text, err) == 0 ? ini_read_text(path, text.data, handler, user, err)
                                           : -1;
}

int ini_unknown(const char *section, const char *key, const char *known, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    _cleanup_free_ char *wanted = xasprintf("%s.%s", section, key);

    strv_add_words(&names, known);
    _cleanup_free_ char *prefix = xasprintf("%s.", section);
    bool known_section = false;
    for (size_t i = 0; i < names.n; i++) {
        known_section = known_section || str_starts(names.items[i], prefix);
    }
    if (section[0] == '\0') {
        return err_set(err, ERR_USAGE, "key `%s` is outside any section", key);
    }
    if (!known_section) {
        err_set(err, ERR_USAGE, "unknown section [%s]", section);
    } else {
        err_set(err, ERR_USAGE, "unknown key `%s` in section [%s]", key, section);
    }
    const char *nearest = str_nearest(wanted, &names);
    if (nearest) {
        const char *dot = strchr(nearest, '.');
        err_hint(err, "did you mean `%s` in [%.*s]?", dot + 1, (int)(dot - nearest), nearest);
    }
    return -1;
}

int ini_number(const char *key, const char *value, long min, long max, long *out, struct err *err)
{
    char *end;
    errno = 0;
    long n = strtol(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || n < min || n > max) {
        return err_set(err, ERR_USAGE, "`%s` must be a number from %ld to %ld, not `%s`", key, min,
                       max, value);
    }
    *out = n;
    return 0;
}
