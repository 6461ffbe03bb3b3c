#include "base/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"

enum {
    INI_FILE_MAX = 1 << 20,
    INI_LINE_LIMIT = 190, // libinih as distributions build it cuts a line after 200 bytes
};

struct ini_run {
    ini_key_handler *handler;
    void *user;
    struct err *err;
    bool failed; // the handler refused a line; libinih goes on and reports the first bad line
};

static int on_key(void *user, const char *section, const char *key, const char *value)
{
    struct ini_run *run = user;
    if (run->failed) {
        return 1;
    }
    if (run->handler(run->user, section, key, value ? value : "", run->err) != 0) {
        run->failed = true;
        return 0;
    }
    return 1;
}

static int check_lines(const char *name, const char *text, struct err *err)
{
    struct slice rest = {text, strlen(text)};
    struct slice line;
    for (int number = 1; slice_cut(&rest, '\n', &line); number++) {
        if (line.n > INI_LINE_LIMIT) {
            err_set(err, ERR_USAGE, "%s:%d: the line is longer than %d bytes", name, number,
                    INI_LINE_LIMIT);
            return err_hint(err, "continue a long value on the next line, indented");
        }
    }
    return 0;
}

int ini_read_text(const char *name, const char *text, ini_key_handler *handler, void *user,
                  struct err *err)
{
    struct ini_run run = {handler, user, err, false};
    if (check_lines(name, text, err) != 0) {
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

int ini_read(const char *path, ini_key_handler *handler, void *user, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(path, INI_FILE_MAX, &text, err) != 0) {
        return -1;
    }
    if (strlen(text.data) != text.len) {
        return err_set(err, ERR_USAGE, "%s: contains a NUL byte", path);
    }
    return ini_read_text(path, text.data, handler, user, err);
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
        return err_set(err, ERR_USAGE, "key `%s` is in no section", key);
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
