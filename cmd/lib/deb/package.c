// SPDX-License-Identifier: MIT
#include "deb/package.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void package_drop_files(struct package *p)
{
    for (size_t i = 0; i < p->n_files; i++) {
        free(p->files[i].filename);
    }
    free(p->files);
    p->files = NULL;
    p->n_files = 0;
}

void package_release(struct package *p)
{
    free(p->name);
    free(p->version);
    free(p->arch);
    free(p->origin);
    free(p->suite);
    free(p->source);
    free(p->script);
    free(p->script_sha256);
    free(p->built_with);
    package_drop_files(p);
    *p = (struct package){0};
}

void package_list_release(struct package_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        package_release(&list->items[i]);
    }
    free(list->items);
    *list = (struct package_list){0};
}

static int compare_names(const void *a, const void *b)
{
    const struct package *x = a;
    const struct package *y = b;
    return strcmp(x->name, y->name);
}

void package_list_sort(struct package_list *list)
{
    if (list->n > 1) {
        qsort(list->items, list->n, sizeof(*list->items), compare_names);
    }
}

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

void package_copy(struct package *to, const struct package *from)
{
    *to = *from;
    to->name = copy(from->name);
    to->version = copy(from->version);
    to->arch = copy(from->arch);
    to->origin = copy(from->origin);
    to->suite = copy(from->suite);
    to->source = copy(from->source);
    to->script = copy(from->script);
    to->script_sha256 = copy(from->script_sha256);
    to->built_with = copy(from->built_with);
    to->files = NULL;
    to->n_files = 0;
    for (size_t i = 0; i < from->n_files; i++) {
        struct package_file *file = package_add_file(to);
        *file = from->files[i];
        file->filename = xstrdup(from->files[i].filename);
    }
}

struct package *package_list_find(const struct package_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

struct package_file *package_add_file(struct package *p)
{
    VEC_GROW(p->files, p->n_files);
    p->files[p->n_files] = (struct package_file){0};
    return &p->files[p->n_files++];
}

uint64_t package_size(const struct package *p)
{
    uint64_t size = 0;
    for (size_t i = 0; i < p->n_files; i++) {
        size += p->files[i].size;
    }
    return size;
}
