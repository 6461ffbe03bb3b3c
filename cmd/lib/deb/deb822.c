// SPDX-License-Identifier: MIT
#include "deb/deb822.h"

#include <string.h>
#include <strings.h>

void deb822_reader_init(struct deb822_reader *r, const char *text, size_t n)
{
    *r = (struct deb822_reader){.rest = {text, n}};
}

static void extend(struct deb822_field *field, struct slice line)
{
    // The lines are neighbours in the text, so the value only grows to the end of this one.
    if (field->value.n == 0) {
        field->value.p = line.p;
    }
    field->value.n = (size_t)(line.p + line.n - field->value.p);
}

static bool add_field(struct deb822 *p, struct slice line)
{
    const char *colon = memchr(line.p, ':', line.n);
    if (!colon || colon == line.p) {
        return false;
    }
    struct slice name = {line.p, (size_t)(colon - line.p)};
    struct slice value = {colon + 1, line.n - name.n - 1};
    VEC_GROW(p->fields, p->n);
    p->fields[p->n++] = (struct deb822_field){slice_trim(name), slice_trim(value)};
    return true;
}

bool deb822_next(struct deb822_reader *r, struct deb822 *p)
{
    struct slice line;

    p->n = 0;
    while (!r->bad && slice_cut(&r->rest, '\n', &line)) {
        r->line++;
        if (line.n && line.p[0] == '#') {
            continue;
        }
        if (slice_trim(line).n == 0) {
            if (p->n) {
                return true;
            }
            continue;
        }
        if (line.p[0] == ' ' || line.p[0] == '\t') {
            if (p->n == 0) {
                r->bad = true;
            } else {
                extend(&p->fields[p->n - 1], line);
            }
        } else if (!add_field(p, line)) {
            r->bad = true;
        }
    }
    return !r->bad && p->n > 0;
}

struct slice deb822_get(const struct deb822 *p, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < p->n; i++) {
        const struct deb822_field *f = &p->fields[i];
        if (f->name.n == n && strncasecmp(f->name.p, name, n) == 0) {
            return f->value;
        }
    }
    return (struct slice){NULL, 0};
}

void deb822_release(struct deb822 *p)
{
    free(p->fields);
    *p = (struct deb822){0};
}
