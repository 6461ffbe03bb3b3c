// SPDX-License-Identifier: MIT
#include "deploy/differences.h"

#include <string.h>

// A line of find(1): "- f 755 bin/heat", where a link has its target behind the name. Which blank
// is between the two cannot be told from the line, so names are compared with the target.
struct entry {
    char sign, kind;
    struct slice mode, rest;
};

static bool read_entry(const char *line, struct entry *out)
{
    struct slice rest = {line + 1, strlen(line) - 1};
    struct slice kind;
    *out = (struct entry){.sign = line[0]};
    if ((line[0] != '-' && line[0] != '+') || !slice_word(&rest, &kind) || kind.n != 1 ||
        !slice_word(&rest, &out->mode)) {
        return false;
    }
    out->kind = kind.p[0];
    out->rest = slice_trim(rest);
    return out->rest.n > 0;
}

static void add(struct differences *d, char *file, char *what)
{
    VEC_GROW(d->items, d->n);
    d->items[d->n++] = (struct difference){file, what};
}

static bool is_same(struct slice a, struct slice b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

// The other half of what is the same file with another mode; NULL: there is none.
static const char *find_half(const struct strv *lines, const struct entry *e, struct entry *half)
{
    for (size_t i = 0; i < lines->n; i++) {
        if (read_entry(lines->items[i], half) && half->sign != e->sign && half->kind == e->kind &&
            is_same(half->rest, e->rest)) {
            return lines->items[i];
        }
    }
    return NULL;
}

static const char *kind_name(char kind)
{
    return kind == 'd' ? "folder" : kind == 'l' ? "link" : "file";
}

static void add_entry(struct differences *d, const struct strv *lines, const struct entry *e)
{
    struct entry half;
    bool has_half = find_half(lines, e, &half) != NULL;
    if (e->sign == '-' && has_half) {
        add(d, slice_dup(e->rest),
            xasprintf("has mode %.*s instead of %.*s", (int)half.mode.n, half.mode.p,
                      (int)e->mode.n, e->mode.p));
    } else if (e->sign == '-') {
        add(d, slice_dup(e->rest), xasprintf("is missing: a %s", kind_name(e->kind)));
    } else if (!has_half) {
        add(d, slice_dup(e->rest), xasprintf("was added: a %s", kind_name(e->kind)));
    }
}

void differences_read(const struct strv *lines, struct differences *out)
{
    struct entry e;
    *out = (struct differences){0};
    for (size_t i = 0; i < lines->n; i++) {
        const char *line = lines->items[i];
        if (str_starts(line, "c ") && line[2]) {
            add(out, xstrdup(line + 2), xstrdup("has other content"));
        } else if (read_entry(line, &e)) {
            add_entry(out, lines, &e);
        }
    }
}

void differences_release(struct differences *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->items[i].file);
        free(d->items[i].what);
    }
    free(d->items);
    *d = (struct differences){0};
}
