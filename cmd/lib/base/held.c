#include "base/held.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/str.h"

static void sweep(const char *folder, const char *prefix)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(folder, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (!str_starts(names.items[i], prefix)) {
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

int held_make(const char *folder, const char *prefix, mode_t mode, char **path, struct err *err)
{
    // Nobody sweeps between the making of a folder and its lock.
    _cleanup_close_ int parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_free_ char *template = xasprintf("%s/%sXXXXXX", folder, prefix);

    if (parent < 0) {
        return err_sys(err, "cannot open folder %s", folder);
    }
    bool alone = flock(parent, LOCK_EX) == 0; // not on every file system
    if (alone) {
        sweep(folder, prefix);
    }
    if (!mkdtemp(template)) {
        return err_sys(err, "cannot create a folder in %s", folder);
    }
    _cleanup_close_ int fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (alone && flock(fd, LOCK_EX) != 0) || fchmod(fd, mode) != 0) {
        err_sys(err, "cannot use folder %s", template);
        (void)!rmdir(template);
        return -1;
    }
    *path = TAKE_PTR(template);
    return TAKE_FD(fd);
}
