// SPDX-License-Identifier: MIT
#include "deb/release.h"

#include <string.h>

#include "base/str.h"
#include "deb/deb822.h"
#include "deb/text.h"

// RFC 5322 with the zone always UTC: "Sat, 11 Jul 2026 10:16:37 UTC"
static time_t parse_date(struct slice text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    _cleanup_free_ char *s = slice_dup(text);
    char month[4] = "";
    struct tm tm = {0};

    if (sscanf(s, "%*3s, %d %3s %d %d:%d:%d", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec) != 6) {
        return 0;
    }
    const char *at = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!at || (at - months) % 3 != 0 || tm.tm_year < 1970 || tm.tm_year > 9999) {
        return 0;
    }
    tm.tm_mon = (int)(at - months) / 3;
    tm.tm_year -= 1900;
    return timegm(&tm);
}

static void parse_sums(struct slice sums, struct release *out)
{
    struct slice line;
    while (slice_cut(&sums, '\n', &line)) {
        struct slice hash;
        struct slice size;
        struct slice path;
        struct release_file f = {0};
        if (!slice_word(&line, &hash) || !slice_word(&line, &size) || !slice_word(&line, &path) ||
            !text_hash(hash, f.sha256) || !text_number(size, &f.size)) {
            continue;
        }
        f.path = slice_dup(path);
        VEC_GROW(out->files, out->n_files);
        out->files[out->n_files++] = f;
    }
}

int release_parse(const char *text, size_t n, struct release *out, struct err *err)
{
    struct deb822_reader reader;
    struct deb822 p = {0};

    *out = (struct release){0};
    deb822_reader_init(&reader, text, n);
    if (!deb822_next(&reader, &p)) {
        deb822_release(&p);
        return err_set(err, ERR_VERIFY, "not a Release file (line %d)", reader.line);
    }
    out->suite = slice_dup(deb822_get(&p, "Suite"));
    out->codename = slice_dup(deb822_get(&p, "Codename"));
    out->by_hash = slice_is(deb822_get(&p, "Acquire-By-Hash"), "yes");
    out->date = parse_date(deb822_get(&p, "Date"));
    struct slice until = deb822_get(&p, "Valid-Until");
    out->valid_until = parse_date(until);
    parse_sums(deb822_get(&p, "SHA256"), out);
    deb822_release(&p);
    if (until.p && out->valid_until == 0) {
        return err_set(err, ERR_VERIFY, "Valid-Until is not a date: %.*s", (int)until.n, until.p);
    }
    if (out->n_files == 0) {
        return err_set(err, ERR_VERIFY, "the Release file has no SHA256 sums");
    }
    return 0;
}

int release_check(const struct release *r, const char *suite, time_t now, struct err *err)
{
    if (strcmp(r->suite, suite) != 0 && strcmp(r->codename, suite) != 0) {
        return err_set(err, ERR_VERIFY, "the Release file is for suite `%s` (%s), not for `%s`",
                       r->suite, r->codename, suite);
    }
    if (r->valid_until && r->valid_until < now) {
        char day[32];
        struct tm tm;
        gmtime_r(&r->valid_until, &tm);
        strftime(day, sizeof(day), "%Y-%m-%d %H:%M", &tm);
        err_set(err, ERR_VERIFY, "the Release file expired on %s UTC", day);
        return err_hint(err, "the mirror is out of date, or this machine's clock is wrong; try "
                             "another with --mirror URL");
    }
    return 0;
}

const struct release_file *release_find_index(const struct release *r, const char *path)
{
    static const char *const endings[] = {".xz", ".gz", ""};
    for (size_t e = 0; e < ARRAY_SIZE(endings); e++) {
        _cleanup_free_ char *name = xasprintf("%s%s", path, endings[e]);
        for (size_t i = 0; i < r->n_files; i++) {
            if (strcmp(r->files[i].path, name) == 0) {
                return &r->files[i];
            }
        }
    }
    return NULL;
}

void release_release(struct release *r)
{
    for (size_t i = 0; i < r->n_files; i++) {
        free(r->files[i].path);
    }
    free(r->files);
    free(r->suite);
    free(r->codename);
    *r = (struct release){0};
}
