// SPDX-License-Identifier: MIT
#include "deploy/libraries.h"

#include <string.h>

#include "base/fs.h"
#include "target/elf.h"

enum { LIBRARIES_MAX = 4096 };

// A file as the loader reads it.
struct user {
    const char *path;  // on the desktop
    const char *label; // for messages
};

static bool release_has(const struct payload *r, const char *soname)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->items[i].kind != PAYLOAD_FOLDER && strcmp(fs_base(r->items[i].path), soname) == 0) {
            return true;
        }
    }
    return false;
}

const struct library *libraries_find(const struct libraries *l, const char *soname)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->items[i].soname, soname) == 0) {
            return &l->items[i];
        }
    }
    return NULL;
}

// A folder of the sysroot that a RUNPATH names; NULL when it is not one.
static char *folder_of_runpath(const struct libraries *l, const char *user, struct slice entry)
{
    static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
    _cleanup_free_ char *text = slice_dup(entry);
    _cleanup_free_ char *at = text[0] == '/' ? xasprintf("%s%s", l->root, text) : NULL;
    for (size_t i = 0; i < ARRAY_SIZE(origins) && !at; i++) {
        if (str_starts(text, origins[i])) {
            _cleanup_free_ char *parent = fs_parent(user);
            at = xasprintf("%s%s", parent, text + strlen(origins[i]));
        }
    }
    _cleanup_free_ char *real = at ? fs_real_path(at) : NULL;
    return real && fs_is_below(real, l->root) && strlen(real) > strlen(l->root)
               ? xstrdup(real + strlen(l->root) + 1)
               : NULL;
}

// The folders that the loader would look into, in the sysroot.
static void search_folders(const struct libraries *l, const struct user *user, const char *runpath,
                           struct strv *out)
{
    struct slice rest = {runpath ? runpath : "", runpath ? strlen(runpath) : 0};
    struct slice entry;
    while (slice_cut(&rest, ':', &entry)) {
        char *folder = folder_of_runpath(l, user->path, entry);
        if (folder) {
            strv_take(out, folder);
        }
    }
    strv_addf(out, "usr/lib/%s", l->triple);
    strv_add(out, "usr/lib");
}

static int find(struct libraries *l, const struct user *user, const char *soname,
                const struct strv *folders, struct err *err)
{
    for (size_t i = 0; i < folders->n && !strchr(soname, '/'); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s/%s", l->root, folders->items[i], soname);
        _cleanup_free_ char *real = fs_real_path(path);
        if (real && fs_is_below(real, l->root) && l->n < LIBRARIES_MAX) {
            VEC_GROW(l->items, l->n);
            l->items[l->n++] =
                (struct library){xstrdup(soname), xstrdup(folders->items[i]), TAKE_PTR(real)};
            return 0;
        }
    }
    err_set(err, ERR_NOT_FOUND, "%s needs %s, which is neither in the release nor in the sysroot",
            user->label, soname);
    return err_hint(err, "name it in `files` of [deploy], or add its package with `pisdk sysroot "
                         "add`");
}

// What one file needs that is not known yet.
static int add_needed(struct libraries *l, const struct user *user, struct err *err)
{
    _cleanup_(elf_info_release) struct elf_info info = {0};
    _cleanup_strv_ struct strv folders = {0};
    int r = 0;
    if (elf_read(user->path, &info, err) != 0) {
        return -1;
    }
    search_folders(l, user, info.runpath, &folders);
    for (size_t i = 0; i < info.needed.n && r == 0; i++) {
        const char *soname = info.needed.items[i];
        if (!libraries_find(l, soname) && !release_has(l->release, soname)) {
            r = find(l, user, soname, &folders, err);
        }
    }
    return r;
}

static void drop(struct libraries *l, size_t n)
{
    while (l->n > n) {
        const struct library *last = &l->items[--l->n];
        free(last->soname);
        free(last->folder);
        free(last->source);
    }
}

int libraries_close_over(struct libraries *l, const char *path, const char *label, struct err *err)
{
    size_t begin = l->n;
    int r = add_needed(l, &(struct user){path, label}, err);
    for (size_t i = begin; i < l->n && r == 0; i++) {
        r = add_needed(l, &(struct user){l->items[i].source, l->items[i].soname}, err);
    }
    if (r != 0) {
        drop(l, begin);
    }
    return r;
}

int libraries_add_named(struct libraries *l, const char *soname, struct err *err)
{
    _cleanup_strv_ struct strv folders = {0};
    struct err ignored = ERR_INIT;
    const struct user user = {l->root, soname};
    size_t begin = l->n;
    if (libraries_find(l, soname) || release_has(l->release, soname)) {
        return 0;
    }
    search_folders(l, &user, NULL, &folders);
    if (find(l, &user, soname, &folders, &ignored) != 0) {
        return 0;
    }
    return libraries_close_over(l, l->items[begin].source, soname, err);
}

void libraries_release(struct libraries *l)
{
    drop(l, 0);
    free(l->items);
    l->items = NULL;
}
