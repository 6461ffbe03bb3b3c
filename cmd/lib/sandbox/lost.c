// SPDX-License-Identifier: MIT
#include "sandbox/lost.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 32, FILES_MAX = 10000 };

struct walk {
    void (*found)(struct walk *w, const char *path);
    const struct strv *before;
    struct strv *list;
    struct sandbox_outcome *outcome;
    unsigned seen;
    dev_t device; // not into what is mounted: that is the desktop's
};

static bool is_nobodys(const char *name)
{
    static const char *const starts[] = {".",    "__pycache__", "ompi.", "openmpi-sessions",
                                         "pmix", "qemu_"};
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        if (str_starts(name, starts[i])) {
            return true;
        }
    }
    return false;
}

static void walk(struct walk *w, int fd, const char *path, int depth)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) && w->seen++ < FILES_MAX) {
        struct stat st;
        if (is_nobodys(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        _cleanup_free_ char *child = xasprintf("%s/%s", path, entry->d_name);
        if (S_ISDIR(st.st_mode) && st.st_dev == w->device && depth < DEPTH_MAX) {
            walk(w,
                 openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                 child, depth + 1);
        } else if (S_ISREG(st.st_mode)) {
            w->found(w, child);
        }
    }
    closedir(dir);
}

static void keep(struct walk *w, const char *path)
{
    strv_add(w->list, path);
}

static void tell(struct walk *w, const char *path)
{
    if (strv_has(w->before, path)) {
        return;
    }
    if (w->outcome->lost < SANDBOX_LOST_TOLD) {
        char *to = w->outcome->lost_names[w->outcome->lost];
        snprintf(to, sizeof(w->outcome->lost_names[0]), "%s", path);
    }
    w->outcome->lost++;
}

static void walk_tree(struct walk *w, int fd, const char *path)
{
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        w->device = st.st_dev;
    }
    walk(w, fd, path, 0);
}

static void walk_all(struct walk *w, const struct lost *l)
{
    if (l->upper >= 0) {
        walk_tree(w, openat(l->upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "");
    }
    if (l->tmp) {
        walk_tree(w, open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/tmp");
    }
}

void lost_begin(struct lost *l, int upper, bool tmp)
{
    *l = (struct lost){.upper = upper, .tmp = tmp};
    struct walk w = {.found = keep, .list = &l->before};
    walk_all(&w, l);
}

void lost_look(struct lost *l, struct sandbox_outcome *outcome)
{
    struct walk w = {.found = tell, .before = &l->before, .outcome = outcome};
    walk_all(&w, l);
    strv_release(&l->before);
    if (l->upper >= 0) {
        close(l->upper);
    }
}
