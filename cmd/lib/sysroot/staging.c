// SPDX-License-Identifier: MIT
#include "sysroot/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "sysroot/native.h"
#include "sysroot/store.h"

enum { FOLDER_MODE = 0755 };

static int add_link(int dir, const char *target, const char *path, struct tree *tree,
                    struct err *err)
{
    const struct timespec times[2] = {{.tv_sec = TREE_TIME}, {.tv_sec = TREE_TIME}};
    const char *name = fs_base(path);
    if (symlinkat(target, dir, name) != 0 ||
        utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
        return err_sys(err, "cannot create link %s", path);
    }
    tree_add(tree, TREE_LINK, path)->target = xstrdup(target);
    return 0;
}

int staging_merge_usr(int root, struct tree *tree, struct err *err)
{
    static const char *const merged[] = {"bin", "sbin", "lib"};

    for (size_t i = 0; i < ARRAY_SIZE(merged); i++) {
        _cleanup_free_ char *target = xasprintf("usr/%s", merged[i]);
        if (add_link(root, target, merged[i], tree, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// What the packages of a sysroot do not bring themselves.
static int make_skeleton(const struct staging *s, struct tree *tree, struct err *err)
{
    static const char *const folders[] = {
        "usr", "usr/bin", "usr/sbin", "usr/lib", "dev", "etc", "home", "media", "mnt",
        "opt", "proc",    "root",     "run",     "srv", "sys", "tmp",  "var",   "var/tmp"};

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_close_ int fd = fs_open_folder_beneath(s->root, folders[i], FOLDER_MODE);
        if (fd < 0) {
            return err_sys(err, "cannot create folder %s in the sysroot", folders[i]);
        }
        tree_add(tree, TREE_FOLDER, folders[i]);
    }
    return staging_merge_usr(s->root, tree, err);
}

static int make_folder(const char *path, struct err *err)
{
    if (fs_mkdir_all(path, FOLDER_MODE, err) != 0) {
        return -1;
    }
    return chmod(path, FOLDER_MODE) == 0 ? 0 : err_sys(err, "cannot set the mode of %s", path);
}

int staging_begin(const char *data, const char *name, struct staging *out, struct tree *tree,
                  struct err *err)
{
    static const char *const parts[] = {"", "root", "folders", "mnt"};

    *out = (struct staging){
        .place = xasprintf("%s/sysroots/%s", data, name),
        .dir = sysroot_side_path(data, name, "new"),
        .old = sysroot_side_path(data, name, "old"),
        .root = -1,
    };
    if (fs_remove_tree(out->dir, err) != 0 || fs_remove_tree(out->old, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        _cleanup_free_ char *path = fs_join(out->dir, parts[i]);
        if (make_folder(path, err) != 0) {
            return -1;
        }
    }
    _cleanup_free_ char *root = fs_join(out->dir, "root");
    out->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->root < 0) {
        return err_sys(err, "cannot open %s", root);
    }
    return make_skeleton(out, tree, err);
}

static int make_link(const struct staging *s, const struct recipe_link *link, struct tree *tree,
                     struct err *err)
{
    struct stat st;
    _cleanup_free_ char *parent = fs_parent(link->path);
    _cleanup_close_ int dir = link->optional
                                  ? fs_open_beneath(s->root, parent, O_PATH | O_DIRECTORY, 0)
                                  : fs_open_folder_beneath(s->root, parent, FOLDER_MODE);
    if (dir < 0) {
        return link->optional ? 0 : err_sys(err, "cannot create the folder of link %s", link->path);
    }
    if (fstatat(dir, link->target, &st, 0) != 0) {
        return link->optional ? 0
                              : err_sys(err, "link %s: its target %s", link->path, link->target);
    }
    if (link->optional && fstatat(dir, fs_base(link->path), &st, AT_SYMLINK_NOFOLLOW) == 0) {
        return 0;
    }
    tree_add_parents(tree, link->path);
    return add_link(dir, link->target, link->path, tree, err);
}

int staging_make_links(const struct staging *s, const struct lock *lock, struct tree *tree,
                       struct err *err)
{
    for (size_t i = 0; i < lock->n_links; i++) {
        if (make_link(s, &lock->links[i], tree, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int make_folders_layer(const struct staging *s, const struct tree *tree, struct err *err)
{
    _cleanup_free_ char *folders = fs_join(s->dir, "folders");
    _cleanup_close_ int to = open(folders, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0) {
        return err_sys(err, "cannot open %s", folders);
    }
    for (size_t i = 0; i < tree->n; i++) { // sorted: the outer ones come first
        const struct tree_entry *e = &tree->items[i];
        if (e->type == TREE_FOLDER && fs_mkdir_at(to, e->path, FOLDER_MODE) != 0) {
            return err_sys(err, "cannot copy folder %s", e->path);
        }
    }
    return 0;
}

// The projects that use the sysroot which this one replaces.
static void keep_projects(const struct staging *s)
{
    _cleanup_free_ char *from = fs_join(s->place, SYSROOT_PROJECTS);
    _cleanup_free_ char *to = fs_join(s->dir, SYSROOT_PROJECTS);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(from, SYSROOT_PROJECTS_MAX, &text, &ignored) == 0) {
        (void)!fs_write_file(to, text.data, text.len, 0644, &ignored);
    }
}

static int write_files(const struct staging *s, const struct lock *lock, const struct tree *tree,
                       struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_free_ char *files = fs_join(s->dir, "files");
    _cleanup_free_ char *lock_path = fs_join(s->dir, LOCK_FILE);
    tree_format(tree, &text);
    if (fs_write_file(files, text.data, text.len, 0644, err) != 0 ||
        lock_write(lock_path, lock, err) != 0) {
        return -1;
    }
    keep_projects(s);
    struct lock again; // what cannot be read back must not be published
    if (lock_read(lock_path, &again, err) != 0) {
        return -1;
    }
    lock_release(&again);
    return 0;
}

// The new sysroot is in its place; that the old one cannot be removed does not change that.
static int discard(const char *path, struct log *log)
{
    struct err err = ERR_INIT;
    if (fs_remove_tree(path, &err) != 0) {
        log_warning(log, "the old sysroot: %s", err.msg);
    }
    return 0;
}

static int put_in_place(const struct staging *s, struct log *log, struct err *err)
{
    if (rename(s->dir, s->place) == 0) {
        return 0;
    }
    if (renameat2(AT_FDCWD, s->dir, AT_FDCWD, s->place, RENAME_EXCHANGE) == 0) {
        return discard(s->dir, log);
    }
    // A file system that cannot exchange: for a moment there is none.
    if (rename(s->place, s->old) != 0) {
        return err_sys(err, "cannot replace %s", s->place);
    }
    if (rename(s->dir, s->place) != 0) {
        err_sys(err, "cannot move the sysroot to %s", s->place);
        (void)!rename(s->old, s->place);
        return -1;
    }
    return discard(s->old, log);
}

int staging_publish(const struct staging *s, const struct lock *lock, const struct tree *tree,
                    struct log *log, struct err *err)
{
    if (make_folders_layer(s, tree, err) != 0 ||
        native_make_layers(lock, s->dir, s->root, tree, err) != 0 ||
        tree_set_folder_times(s->root, tree, err) != 0 || write_files(s, lock, tree, err) != 0) {
        return -1;
    }
    _cleanup_close_ int dir = openat(s->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || syncfs(dir) != 0) {
        return err_sys(err, "cannot write the sysroot to disk");
    }
    return put_in_place(s, log, err);
}

void staging_end(struct staging *s)
{
    struct err ignored = ERR_INIT;
    if (s->root >= 0) {
        close(s->root);
    }
    (void)!fs_remove_tree(s->dir, &ignored); // not there when it was published
    free(s->place);
    free(s->dir);
    free(s->old);
    *s = (struct staging){.root = -1};
}
