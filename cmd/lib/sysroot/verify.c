// SPDX-License-Identifier: MIT
#include "sysroot/verify.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "target/elf.h"

enum { NAMED_MAX = 5 }; // missing libraries named in the error; the others are counted

struct needed_check {
    int root;
    const char *triple;
    struct strv missing; // "libx.so.1 (needed by usr/bin/y)"
};

// Links of a sysroot are relative, so an ordinary lookup stays inside.
static bool is_library(const struct needed_check *c, const char *folder, const char *name)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    struct stat st;
    return fstatat(c->root, path, &st, 0) == 0 && S_ISREG(st.st_mode);
}

static bool in_default_folders(const struct needed_check *c, const char *name)
{
    _cleanup_free_ char *multiarch = xasprintf("usr/lib/%s", c->triple);
    return is_library(c, multiarch, name) || is_library(c, "usr/lib", name);
}

static bool in_runpath(const struct needed_check *c, const char *file, const char *runpath,
                       const char *name)
{
    struct slice rest = {runpath, strlen(runpath)};
    struct slice part;
    _cleanup_free_ char *origin = fs_parent(file);

    while (slice_cut(&rest, ':', &part)) {
        _cleanup_free_ char *folder = slice_dup(part);
        _cleanup_free_ char *place = NULL;
        if (str_starts(folder, "$ORIGIN")) {
            place = xasprintf("%s%s", origin, folder + strlen("$ORIGIN"));
        } else if (folder[0] == '/') {
            place = xstrdup(folder + 1);
        }
        if (place && is_library(c, place, name)) {
            return true;
        }
    }
    return false;
}

static void check_needed(struct needed_check *c, const char *file, const struct elf_info *info)
{
    for (size_t i = 0; i < info->needed.n; i++) {
        const char *name = info->needed.items[i];
        bool found = in_default_folders(c, name) ||
                     (info->runpath && in_runpath(c, file, info->runpath, name));
        if (!found) {
            strv_addf(&c->missing, "%s (needed by %s)", name, file);
        }
    }
}

static int report(const struct needed_check *c, struct err *err)
{
    struct strv named = {c->missing.items, c->missing.n < NAMED_MAX ? c->missing.n : NAMED_MAX};
    _cleanup_free_ char *text = strv_join(&named, ", ");
    err_set(err, ERR_VERIFY, "the sysroot lacks libraries that its own files need: %s%s", text,
            c->missing.n > NAMED_MAX ? ", …" : "");
    return err_hint(err, "in the recipe: take the package from `provided`, make the link that its "
                         "scripts would make ([links]), or leave the file out");
}

int sysroot_verify_needed(int root, const char *triple, bool only_arm, const struct strv *elf_files,
                          struct err *err)
{
    struct needed_check c = {.root = root, .triple = triple};
    int r = 0;

    for (size_t i = 0; i < elf_files->n && r == 0; i++) {
        const char *file = elf_files->items[i];
        _cleanup_close_ int fd = fs_open_beneath(root, file, O_RDONLY, 0);
        struct elf_info info;
        if (fd < 0) {
            r = err_sys(err, "cannot open %s", file);
        } else if (elf_read_fd(fd, &info, err) != 0) {
            r = err_wrap(err, "%s", file);
        } else {
            if (!only_arm || elf_is_arm(&info)) {
                check_needed(&c, file, &info);
            }
            elf_info_release(&info);
        }
    }
    if (r == 0 && c.missing.n > 0) {
        r = report(&c, err);
    }
    strv_release(&c.missing);
    return r;
}
