// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fs.h"
#include "base/held.h"
#include "sandbox/environment.h"
#include "sandbox/internal.h"

static bool is_tmpfs(const char *path)
{
    struct statfs st;
    return statfs(path, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
}

static int make_folder(struct sandbox *s, struct err *err)
{
    char shm[64];
    snprintf(shm, sizeof(shm), "/dev/shm/pisdk-%u", (unsigned)s->uid);
    const char *places[] = {s->o->runtime, shm};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        bool last = i + 1 == ARRAY_SIZE(places);
        err_clear(err);
        _cleanup_free_ char *parent = fs_parent(places[i]);
        if (fs_mkdir_all(parent, 0700, err) != 0 || (!last && !is_tmpfs(parent))) {
            continue;
        }
        s->scratch_lock = held_make(parent, ".pisdk-run-", 0700, &s->scratch, err);
        if (s->scratch_lock >= 0) {
            return 0;
        }
    }
    return -1;
}

// A folder on the tmpfs with a link to every entry of `path` in the sysroot.
static int make_flat(struct sandbox *s, const char *path, struct err *err)
{
    _cleanup_free_ char *source = xasprintf("%s/%s", s->root, path);
    _cleanup_free_ char *folder = environment_flat_folder(s, path);
    _cleanup_strv_ struct strv names = {0};

    if (fs_list_dir(source, &names, err) != 0) {
        return -1;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return err_sys(err, "cannot create folder %s", folder);
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *target = fs_join(source, names.items[i]);
        _cleanup_free_ char *link = fs_join(folder, names.items[i]);
        if (symlink(target, link) != 0 && errno != EEXIST) {
            return err_sys(err, "cannot create link %s", link);
        }
    }
    return 0;
}

int scratch_make(struct sandbox *s, struct err *err)
{
    _cleanup_strv_ struct strv paths = {0};

    if (make_folder(s, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *tmp = fs_join(s->scratch, "tmp");
    if (mkdir(tmp, 0700) != 0) {
        return err_sys(err, "cannot create folder %s", tmp);
    }
    environment_flat_paths(s, &paths);
    for (size_t i = 0; i < paths.n; i++) {
        if (make_flat(s, paths.items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

void scratch_remove(struct sandbox *s)
{
    struct err ignored = ERR_INIT;
    if (s->scratch) {
        (void)!fs_remove_tree(s->scratch, &ignored);
        free(TAKE_PTR(s->scratch));
    }
}
