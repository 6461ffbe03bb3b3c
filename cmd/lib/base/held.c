// SPDX-License-Identifier: MIT
#include "base/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/str.h"

// As mkdtemp(3) makes them.
static bool is_one(const char *name, const char *prefix)
{
    enum { RANDOM = 6 };
    size_t n = strlen(prefix);
    return str_starts(name, prefix) && strlen(name) == n + RANDOM &&
           strspn(name + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
               RANDOM;
}

static void sweep(const char *folder, const char *prefix)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(folder, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (!is_one(names.items[i], prefix)) {
            continue;
        }
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
            flock(fd, LOCK_EX | LOCK_NB) == 0) {
            (void)!fs_remove_tree(path, &ignored);
        }
    }
}

// Held, unless one that sweeps was faster. On a file system without such locks nobody sweeps.
static int hold(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat ours;
    struct stat there;
    if (fd < 0 || (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
        fstat(fd, &ours) != 0 || stat(path, &there) != 0 || ours.st_ino != there.st_ino) {
        return -1;
    }
    return TAKE_FD(fd);
}

int held_make(const char *folder, const char *prefix, mode_t mode, char **path, struct err *err)
{
    enum { ATTEMPTS = 10 };

    sweep(folder, prefix);
    for (int i = 0; i < ATTEMPTS; i++) {
        _cleanup_free_ char *made = xasprintf("%s/%sXXXXXX", folder, prefix);
        if (!mkdtemp(made)) {
            return err_sys(err, "cannot create a folder in %s", folder);
        }
        _cleanup_close_ int fd = hold(made);
        if (fd >= 0 && fchmod(fd, mode) == 0) {
            *path = TAKE_PTR(made);
            return TAKE_FD(fd);
        }
    }
    return err_set(err, ERR_FAILED, "cannot keep a folder in %s", folder);
}
