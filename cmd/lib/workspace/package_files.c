// SPDX-License-Identifier: MIT
#include "workspace/package_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sysroot/packages.h"
#include "sysroot/tree.h"

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct package_file_owner *)a)->path,
                  ((const struct package_file_owner *)b)->path);
}

void package_files_read(const char *data, const struct sysroot *s, struct package_files *out)
{
    *out = (struct package_files){0};
    for (size_t i = 0; i < s->lock.packages.n; i++) {
        const struct package *p = &s->lock.packages.items[i];
        char key[HASH_HEX + 1];
        struct tree list = {0};
        if (p->kind == PACKAGE_SOURCE) {
            continue;
        }
        packages_key(&s->lock, NULL, p, key);
        (void)packages_list(data, key, &list);
        for (size_t k = 0; k < list.n; k++) {
            if (list.items[k].type == TREE_FOLDER) {
                continue;
            }
            VEC_GROW(out->items, out->n);
            out->items[out->n++] = (struct package_file_owner){TAKE_PTR(list.items[k].path), p};
            if (list.items[k].time > out->newest) {
                out->newest = list.items[k].time;
            }
        }
        tree_release(&list);
    }
    if (out->n > 0) {
        qsort(out->items, out->n, sizeof(*out->items), by_path);
    }
}

void package_files_release(struct package_files *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->items[i].path);
    }
    free(f->items);
    *f = (struct package_files){0};
}

const struct package *package_files_owner(const struct package_files *f, const char *path)
{
    _cleanup_free_ char *copy = xstrdup(path);
    const struct package_file_owner key = {.path = copy};
    const struct package_file_owner *found =
        f->n ? bsearch(&key, f->items, f->n, sizeof(key), by_path) : NULL;
    return found ? found->package : NULL;
}

// Without its version: "numpy (1:1.24.2-1)" is numpy.
static char *source_name(const struct package *p)
{
    const char *source = p->source ? p->source : p->name;
    return xstrndup(source, strcspn(source, " ("));
}

int package_files_of(const struct package_files *f, const struct sysroot *s,
                     const struct strv *names, struct strv *paths, struct err *err)
{
    _cleanup_strv_ struct strv sources = {0};
    for (size_t i = 0; i < names->n; i++) {
        const struct package *p = package_list_find(&s->lock.packages, names->items[i]);
        if (!p) {
            err_set(err, ERR_NOT_FOUND, "sysroot `%s` has no package %s", s->name, names->items[i]);
            return err_hint(err, "pisdk sysroot add %s", names->items[i]);
        }
        strv_take(&sources, source_name(p));
    }
    bool *wanted = xcalloc(s->lock.packages.n + 1, sizeof(*wanted));
    for (size_t i = 0; i < s->lock.packages.n; i++) {
        _cleanup_free_ char *source = source_name(&s->lock.packages.items[i]);
        wanted[i] = strv_has(&sources, source);
    }
    for (size_t i = 0; i < f->n; i++) {
        if (wanted[f->items[i].package - s->lock.packages.items]) {
            strv_add(paths, f->items[i].path);
        }
    }
    free(wanted);
    return 0;
}
