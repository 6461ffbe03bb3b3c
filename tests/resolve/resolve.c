// SPDX-License-Identifier: MIT
// Runs declarative cases of the resolver: resolve FILE.test…
//
// A case is deb822 text. Its first paragraph says what is wanted and expected, the others are the
// package index (fields that no case is about are filled in here):
//
//     Case: what it shows
//     Wanted: a b
//     Provided: c
//     Locked: a 1.0
//     Installs: a 1.0, b 2.0        or
//     Error: words of the message; more words
//     Hint: words of the hint

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "deb/deb822.h"
#include "deb/resolver.h"

enum { CASE_MAX = 1 << 20 };

#define ANY_SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct test_case {
    char *title, *installs, *error, *hint;
    struct strv wanted, provided;
    struct package_list locked;
    struct strbuf index;
};

static void add_words(const struct deb822 *p, const char *field, struct strv *to)
{
    _cleanup_free_ char *text = slice_dup(deb822_get(p, field));
    strv_add_words(to, text);
}

static void add_default(struct strbuf *b, const struct deb822 *p, const char *field,
                        const char *value)
{
    if (!deb822_get(p, field).p) {
        strbuf_addf(b, "%s: %s\n", field, value);
    }
}

static void add_package(struct strbuf *b, const struct deb822 *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct deb822_field *f = &p->fields[i];
        strbuf_addf(b, "%.*s: %.*s\n", (int)f->name.n, f->name.p, (int)f->value.n, f->value.p);
    }
    add_default(b, p, "Version", "1.0");
    add_default(b, p, "Architecture", "armhf");
    add_default(b, p, "Filename", "pool/x.deb");
    add_default(b, p, "Size", "1");
    add_default(b, p, "SHA256", ANY_SUM);
    strbuf_adds(b, "\n");
}

// The versions that were chosen before: "NAME VERSION NAME VERSION …".
static void add_locked(const struct deb822 *p, struct package_list *to)
{
    _cleanup_strv_ struct strv words = {0};
    add_words(p, "Locked", &words);
    for (size_t i = 0; i + 1 < words.n; i += 2) {
        VEC_GROW(to->items, to->n);
        to->items[to->n++] = (struct package){.name = xstrdup(words.items[i]),
                                              .version = xstrdup(words.items[i + 1])};
    }
}

static int read_case(const char *path, struct test_case *c, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct deb822_reader reader;
    struct deb822 p = {0};

    if (fs_read_file(path, CASE_MAX, &text, err) != 0) {
        return -1;
    }
    deb822_reader_init(&reader, text.data, text.len);
    if (!deb822_next(&reader, &p)) {
        return err_set(err, ERR_FAILED, "no case in it");
    }
    c->title = slice_dup(deb822_get(&p, "Case"));
    c->installs = slice_dup(deb822_get(&p, "Installs"));
    c->error = slice_dup(deb822_get(&p, "Error"));
    c->hint = slice_dup(deb822_get(&p, "Hint"));
    add_words(&p, "Wanted", &c->wanted);
    add_words(&p, "Provided", &c->provided);
    add_locked(&p, &c->locked);
    while (deb822_next(&reader, &p)) {
        add_package(&c->index, &p);
    }
    deb822_release(&p);
    return reader.bad ? err_set(err, ERR_FAILED, "line %d is malformed", reader.line) : 0;
}

static void release_case(struct test_case *c)
{
    free(c->title);
    free(c->installs);
    free(c->error);
    free(c->hint);
    strv_release(&c->wanted);
    strv_release(&c->provided);
    package_list_release(&c->locked);
    strbuf_release(&c->index);
}

static bool has_all(const char *text, const char *words)
{
    struct slice rest = {words, strlen(words)};
    struct slice part;
    while (slice_cut(&rest, ';', &part)) {
        _cleanup_free_ char *wanted = slice_dup(slice_trim(part));
        if (!strstr(text, wanted)) {
            return false;
        }
    }
    return true;
}

static bool check(const struct test_case *c, int r, const struct package_list *list,
                  const struct err *err)
{
    _cleanup_strbuf_ struct strbuf got = {0};
    for (size_t i = 0; i < list->n; i++) {
        strbuf_addf(&got, "%s%s %s", i ? ", " : "", list->items[i].name, list->items[i].version);
    }
    const char *text = r != 0 ? err->msg : got.data ? got.data : "";
    bool good = false;
    if (!c->installs || !c->hint) {
        return false;
    }
    if (r == 0) {
        good = str_eq(c->error, "") && strcmp(text, c->installs) == 0;
    } else {
        good = !str_eq(c->error, "") && err->code == ERR_RESOLVE && has_all(err->msg, c->error) &&
               has_all(err->hint, c->hint);
    }
    printf("%s: %s\n", good ? "ok" : "FAILED", c->title);
    if (!good) {
        printf("  expected: %s%s\n  got: %s (%s)\n", c->installs, c->error, text, err->hint);
    }
    return good;
}

static bool run_case(const char *path)
{
    struct test_case c = {0};
    struct err err = ERR_INIT;
    struct package_list list = {0};
    bool good = false;

    if (read_case(path, &c, &err) == 0) {
        struct resolver *resolver = resolver_new("armhf");
        int r = resolver_add_index(resolver, c.index.data, c.index.len, &err);
        if (r >= 0) {
            const struct resolver_request request = {&c.wanted, &c.provided, NULL, &c.locked};
            r = resolver_solve(resolver, &request, &list, &err);
        }
        good = check(&c, r, &list, &err);
        resolver_free(resolver);
    } else {
        printf("FAILED: %s: %s\n", path, err.msg);
    }
    package_list_release(&list);
    release_case(&c);
    return good;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed += !run_case(argv[i]);
    }
    printf("%d passed, %d failed\n", argc - 1 - failed, failed);
    return failed != 0;
}
