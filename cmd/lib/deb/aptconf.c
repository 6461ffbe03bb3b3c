// SPDX-License-Identifier: MIT
#include "deb/aptconf.h"

#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "deb/deb822.h"

enum { SOURCES_MAX = 1 << 20 };

// Code names from Debian's release history; stages move from one to the next.
static bool is_debian_suite(struct slice s, const char *ending)
{
    static const char *const names[] = {"bullseye", "bookworm", "trixie",      "forky",
                                        "duke",     "stable",   "oldstable",   "testing",
                                        "unstable", "sid",      "oldoldstable"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_free_ char *suite = xasprintf("%s%s", names[i], ending);
        if (slice_is(s, suite)) {
            return true;
        }
    }
    return false;
}

// Like slice_word, without the comments that may stand between the lines of a field.
static bool next_word(struct slice *rest, struct slice *word)
{
    while (slice_word(rest, word)) {
        if (word->p[0] != '#') {
            return true;
        }
        struct slice comment;
        (void)slice_cut(rest, '\n', &comment);
    }
    return false;
}

static bool has_debian_suite(struct slice suites, const char *ending)
{
    struct slice word;
    while (next_word(&suites, &word)) {
        if (is_debian_suite(word, ending)) {
            return true;
        }
    }
    return false;
}

static bool has_word(struct slice words, const char *wanted)
{
    struct slice word;
    while (next_word(&words, &word)) {
        if (slice_is(word, wanted)) {
            return true;
        }
    }
    return false;
}

static void add_mirror(struct strv *mirrors, struct slice uri)
{
    _cleanup_free_ char *s = slice_dup(uri);
    size_t n = strlen(s);
    if (!str_starts(s, "http://") && !str_starts(s, "https://") && !str_starts(s, "file:/")) {
        return;
    }
    while (n > 0 && s[n - 1] == '/') {
        s[--n] = '\0';
    }
    if (!strv_has(mirrors, s)) {
        strv_take(mirrors, TAKE_PTR(s));
    }
}

// deb [option=value …] URI SUITE COMPONENT…
static void parse_line(struct slice line, const char *ending, struct strv *mirrors)
{
    struct slice word;
    const char *comment = memchr(line.p, '#', line.n);
    if (comment) {
        line.n = (size_t)(comment - line.p);
    }
    if (!slice_word(&line, &word) || !slice_is(word, "deb")) {
        return;
    }
    line = slice_trim(line);
    if (line.n && line.p[0] == '[') {
        const char *end = memchr(line.p, ']', line.n);
        if (!end) {
            return;
        }
        line.n -= (size_t)(end + 1 - line.p);
        line.p = end + 1;
    }
    struct slice uri;
    struct slice suite;
    if (slice_word(&line, &uri) && slice_word(&line, &suite) && is_debian_suite(suite, ending) &&
        has_word(line, "main")) {
        add_mirror(mirrors, uri);
    }
}

void aptconf_parse_list(const char *text, size_t n, const char *ending, struct strv *mirrors)
{
    struct slice rest = {text, n};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        parse_line(line, ending, mirrors);
    }
}

static bool is_disabled(struct slice enabled)
{
    static const char *const words[] = {"no", "false", "off", "disable", "without"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (enabled.n == strlen(words[i]) && strncasecmp(enabled.p, words[i], enabled.n) == 0) {
            return true;
        }
    }
    return false;
}

void aptconf_parse_sources(const char *text, size_t n, const char *ending, struct strv *mirrors)
{
    struct deb822_reader reader;
    struct deb822 p = {0};

    deb822_reader_init(&reader, text, n);
    while (deb822_next(&reader, &p)) {
        if (is_disabled(deb822_get(&p, "Enabled")) || !has_word(deb822_get(&p, "Types"), "deb") ||
            !has_debian_suite(deb822_get(&p, "Suites"), ending) ||
            !has_word(deb822_get(&p, "Components"), "main")) {
            continue;
        }
        struct slice uris = deb822_get(&p, "URIs");
        struct slice uri;
        while (next_word(&uris, &uri)) {
            add_mirror(mirrors, uri);
        }
    }
    deb822_release(&p);
}

static void parse_file(const char *path, const char *ending, struct strv *mirrors)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(path, SOURCES_MAX, &text, &ignored) != 0) {
        return;
    }
    if (str_ends(path, ".sources")) {
        aptconf_parse_sources(text.data, text.len, ending, mirrors);
    } else {
        aptconf_parse_list(text.data, text.len, ending, mirrors);
    }
}

void aptconf_mirrors(const char *etc_apt, const char *ending, struct strv *mirrors)
{
    _cleanup_free_ char *parts = fs_join(etc_apt, "sources.list.d");
    _cleanup_free_ char *list = fs_join(etc_apt, "sources.list");
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    parse_file(list, ending, mirrors);
    if (fs_list_dir(parts, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (str_ends(names.items[i], ".sources") || str_ends(names.items[i], ".list")) {
            _cleanup_free_ char *path = fs_join(parts, names.items[i]);
            parse_file(path, ending, mirrors);
        }
    }
}
