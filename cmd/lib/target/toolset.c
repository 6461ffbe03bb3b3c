// SPDX-License-Identifier: MIT
#include "target/toolset.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"

enum { TOOLSET_MAX = 1 << 20 };

// The file's keys. A text has one line, a list any number of them.
static const struct {
    const char *key;
    size_t offset;
    bool is_list;
} fields[] = {
#define TEXT(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct toolset, name), false                                               \
    }
#define LIST(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct toolset, name), true                                                \
    }
    TEXT(triple),      TEXT(root),       TEXT(sysroot),     TEXT(board),      TEXT(pisdk),
    TEXT(clang),       TEXT(clangxx),    TEXT(lld),         TEXT(gfortran),   TEXT(ccache),
    TEXT(pkg_config),  TEXT(mpi),        TEXT(glibc),       TEXT(glibc_from), TEXT(debug),
    TEXT(limit),       LIST(flags),      LIST(compile),     LIST(link),       LIST(fortran),
    LIST(mpi_include), LIST(mpi_libdir), LIST(mpi_c),       LIST(mpi_cxx),    LIST(mpi_fortran),
    LIST(mpi_modules), TEXT(desktop_cc), TEXT(desktop_cxx), TEXT(as),         TEXT(gcc),
    TEXT(openmp),      LIST(programs),   LIST(prefixes),    TEXT(python),     TEXT(python_desktops),
    TEXT(qemu),        TEXT(meson),
#undef TEXT
#undef LIST
};

static void *field(struct toolset *t, size_t i)
{
    return (char *)t + fields[i].offset;
}

static const void *const_field(const struct toolset *t, size_t i)
{
    return (const char *)t + fields[i].offset;
}

static int set(struct toolset *t, struct slice key, const char *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (!slice_is(key, fields[i].key)) {
            continue;
        }
        if (fields[i].is_list) {
            strv_add(field(t, i), value);
        } else {
            char **text = field(t, i);
            free(*text);
            *text = xstrdup(value);
        }
        return 0;
    }
    return -1;
}

int toolset_read(const char *dir, struct toolset *out, struct err *err)
{
    _cleanup_free_ char *path = fs_join(dir, TOOLSET_FILE);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;

    *out = (struct toolset){0};
    if (fs_read_file(path, TOOLSET_MAX, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        struct slice key;
        slice_cut(&line, ' ', &key);
        _cleanup_free_ char *value = slice_dup(line);
        if (set(out, key, value) != 0) {
            toolset_release(out);
            return err_set(err, ERR_FAILED, "%s was made by another version of pisdk", path);
        }
    }
    if (!out->triple || !out->root || !out->clang || !out->clangxx || !out->lld) {
        toolset_release(out);
        return err_set(err, ERR_FAILED, "%s is not complete", path);
    }
    out->dir = xstrdup(dir);
    return 0;
}

void toolset_format(const struct toolset *t, struct strbuf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (!fields[i].is_list) {
            char *const *text = const_field(t, i);
            if (*text) {
                strbuf_addf(out, "%s %s\n", fields[i].key, *text);
            }
            continue;
        }
        const struct strv *list = const_field(t, i);
        for (size_t j = 0; j < list->n; j++) {
            strbuf_addf(out, "%s %s\n", fields[i].key, list->items[j]);
        }
    }
}

void toolset_release(struct toolset *t)
{
    free(t->dir);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (fields[i].is_list) {
            strv_release(field(t, i));
        } else {
            free(*(char **)field(t, i));
        }
    }
    *t = (struct toolset){0};
}

char *toolset_folder_of(const char *argv0)
{
    _cleanup_free_ char *path = strchr(argv0, '/') ? xstrdup(argv0) : fs_find_program(argv0);
    _cleanup_free_ char *place = path ? fs_parent(path) : NULL;
    _cleanup_free_ char *real = place ? fs_real_path(place) : NULL;
    return real ? fs_parent(real) : NULL;
}

bool toolset_limit(const struct toolset *t, struct arm_needs *out)
{
    *out = (struct arm_needs){0};
    // NOLINTNEXTLINE(cert-err34-c): five numbers that pisdk wrote
    return t->limit && sscanf(t->limit, "%u %u %u %u %u", &out->arch, &out->fp, &out->simd,
                              &out->div, &out->half) == 5;
}
