// SPDX-License-Identifier: MIT
#include "remote/problems.h"

#include <stdlib.h>

struct problem *problem_add(struct examination *e, size_t node, const char *kind, const char *fmt,
                            ...)
{
    struct checkup *c = e->found;
    struct strbuf what = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vaddf(&what, fmt, ap);
    va_end(ap);
    VEC_GROW(c->items, c->n);
    c->items[c->n] = (struct problem){.node = node, .kind = kind, .what = strbuf_take(&what)};
    return &c->items[c->n++];
}

char *problem_ssh(const struct examination *e, size_t node)
{
    const struct remote *r = &e->nodes->items[node];
    struct strbuf words = {0};
    strbuf_adds(&words, "ssh -t ");
    if (e->nodes->ssh_config) {
        _cleanup_free_ char *file = str_quoted(e->nodes->ssh_config);
        strbuf_addf(&words, "-F %s ", file);
    }
    if (r->port) {
        strbuf_addf(&words, "-p %ld ", r->port);
    }
    strbuf_addf(&words, "%s ", r->host);
    return strbuf_take(&words);
}

void problem_mend(struct examination *e, struct problem *p, const char *fmt, ...)
{
    struct strbuf mend = {0};
    va_list ap;
    _cleanup_free_ char *ssh = problem_ssh(e, p->node);
    strbuf_adds(&mend, ssh);
    va_start(ap, fmt);
    strbuf_vaddf(&mend, fmt, ap);
    va_end(ap);
    free(p->mend);
    p->mend = strbuf_take(&mend);
}
