// SPDX-License-Identifier: MIT
#include "deploy/runtime_parts.h"

#include <string.h>

#include "base/ini.h"

#define KNOWN_KEYS                                                                                 \
    "when.libraries when.files files.add files.libraries files.plugins files.leave_out"

static void pairs_add(struct runtime_pairs *p, const char *name, const char *value)
{
    p->n = p->items ? p->n : 0;
    struct runtime_pair *last = p->n ? &p->items[p->n - 1] : NULL;
    if (last && strcmp(last->name, name) == 0) { // the value goes on in the next line
        char *longer = xasprintf("%s %s", last->value, value);
        free(last->value);
        last->value = longer;
        return;
    }
    VEC_GROW(p->items, p->n);
    p->items[p->n++] = (struct runtime_pair){xstrdup(name), xstrdup(value)};
}

static void pairs_release(struct runtime_pairs *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->items[i].name);
        free(p->items[i].value);
    }
    free(p->items);
}

void runtime_parts_release(struct runtime_parts *p)
{
    strv_release(&p->when);
    strv_release(&p->when_files);
    strv_release(&p->add);
    strv_release(&p->libraries);
    strv_release(&p->plugins);
    strv_release(&p->leave_out);
    strv_release(&p->leave_out_of_bundles);
    pairs_release(&p->programs);
    pairs_release(&p->called);
    pairs_release(&p->links);
    pairs_release(&p->arguments);
    pairs_release(&p->scripts);
    pairs_release(&p->texts);
    pairs_release(&p->environment);
    pairs_release(&p->without_ssh);
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    struct runtime_parts *p = user;
    const struct {
        const char *section;
        struct runtime_pairs *to;
    } named[] = {
        {"programs", &p->programs},       {"called", &p->called},          {"links", &p->links},
        {"arguments", &p->arguments},     {"scripts", &p->scripts},        {"texts", &p->texts},
        {"environment", &p->environment}, {"without_ssh", &p->without_ssh}};
    const struct {
        const char *section, *key;
        struct strv *to;
    } lists[] = {{"when", "libraries", &p->when},
                 {"when", "files", &p->when_files},
                 {"files", "add", &p->add},
                 {"files", "libraries", &p->libraries},
                 {"files", "plugins", &p->plugins},
                 {"files", "leave_out", &p->leave_out},
                 {"bundle", "leave_out", &p->leave_out_of_bundles}};
    for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
        if (strcmp(section, named[i].section) == 0) {
            pairs_add(named[i].to, key, value);
            return 0;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        if (strcmp(section, lists[i].section) == 0 && strcmp(key, lists[i].key) == 0) {
            strv_add_words(lists[i].to, value);
            return 0;
        }
    }
    return ini_unknown(section, key, KNOWN_KEYS, err);
}

int runtime_parts_read(const char *folder, const char *name, struct runtime_parts *out,
                       struct err *err)
{
    _cleanup_free_ char *file = xasprintf("%s/%s.ini", folder, name);
    *out = (struct runtime_parts){0};
    return ini_read(file, on_key, out, err);
}
