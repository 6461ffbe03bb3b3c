// SPDX-License-Identifier: MIT
#include "sysroot/packages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/held.h"
#include "sysroot/path.h"

// Changes when the same .deb gives another tree.
#define KEY_VERSION "1"

enum { FOLDER_MODE = 0755, ANY_EXEC = 0111 };

void packages_key(const struct lock *lock, const struct lock_native *native,
                  const struct package *p, char key[HASH_HEX + 1])
{
    _cleanup_free_ char *leave_out = native ? xstrdup("*") : strv_join(&lock->leave_out, " ");
    _cleanup_free_ char *keep = strv_join(native ? &native->files : &lock->keep, " ");
    if (p->kind == PACKAGE_COPIED) {
        memcpy(key, p->contents, HASH_HEX + 1);
        return;
    }
    _cleanup_free_ char *text =
        xasprintf(KEY_VERSION "\n%s\n%s\n%s\n", p->files[0].sha256, leave_out, keep);
    hash_bytes(text, strlen(text), key);
}

static char *package_path(const char *data, const char *key, const char *part)
{
    return xasprintf("%s/packages/%.2s/%s/%s", data, key, key, part);
}

static bool is_whole(const char *tree_path, const struct tree *list)
{
    _cleanup_close_ int root = open(tree_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct err ignored = ERR_INIT;
    for (size_t i = 0; root >= 0 && i < list->n; i++) {
        const struct tree_entry *e = &list->items[i];
        struct tree_entry now = {0};
        struct stat st;
        if (e->type != TREE_FILE) {
            continue;
        }
        _cleanup_close_ int fd = fs_open_beneath(root, e->path, O_RDONLY, 0);
        if (fd < 0 || fstat(fd, &st) != 0 || (uint64_t)st.st_size != e->size ||
            st.st_mtime != e->time || (st.st_mode & 07777) != e->mode ||
            tree_read_file(fd, &now, &ignored) != 0 || strcmp(now.sha256, e->sha256) != 0) {
            return false;
        }
    }
    return root >= 0;
}

bool packages_list(const char *data, const char *key, struct tree *out)
{
    _cleanup_free_ char *files = package_path(data, key, "files");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    *out = (struct tree){0};
    if (fs_read_file(files, TREE_TEXT_MAX, &text, &ignored) == 0 &&
        tree_parse(text.data, text.len, out, &ignored) == 0) {
        return true;
    }
    tree_release(out);
    return false;
}

bool packages_load(const char *data, const char *key, struct tree *out)
{
    _cleanup_free_ char *files = package_path(data, key, "files");
    _cleanup_free_ char *tree = package_path(data, key, "tree");
    struct err ignored = ERR_INIT;

    if (packages_list(data, key, out) && is_whole(tree, out)) {
        return true;
    }
    tree_release(out);
    if (fs_exists(files)) {
        _cleanup_free_ char *dir = fs_parent(files);
        (void)!fs_remove_tree(dir, &ignored);
    }
    return false;
}

int packages_begin(const char *data, const char *key, struct packages_new *out, struct err *err)
{
    _cleanup_free_ char *folder = xasprintf("%s/packages/%.2s", data, key);

    *out = (struct packages_new){.tree = -1, .held = -1};
    if (fs_mkdir_all(folder, FOLDER_MODE, err) != 0 ||
        (out->held = held_make(folder, ".new-", FOLDER_MODE, &out->dir, err)) < 0) {
        return -1;
    }
    _cleanup_free_ char *tree = fs_join(out->dir, "tree");
    if (mkdir(tree, FOLDER_MODE) != 0 ||
        (out->tree = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        err_sys(err, "cannot create %s", tree);
        packages_end(out);
        return -1;
    }
    return 0;
}

int packages_commit(const char *data, const char *key, struct packages_new *p,
                    const struct tree *list, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_free_ char *files = fs_join(p->dir, "files");
    _cleanup_free_ char *folder = xasprintf("%s/packages/%.2s", data, key);
    _cleanup_free_ char *place = fs_join(folder, key);
    if (fs_mkdir_all(folder, FOLDER_MODE, err) != 0) {
        return -1;
    }
    _cleanup_close_ int fd = open(files, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    tree_format(list, &text);
    if (fd < 0) {
        return err_sys(err, "cannot create %s", files);
    }
    if (fs_write_all(fd, text.data, text.len, err) != 0) {
        return -1;
    }
    if (rename(p->dir, place) != 0 && errno != ENOTEMPTY && errno != EEXIST) {
        return err_sys(err, "cannot create %s", place);
    }
    return 0;
}

void packages_end(struct packages_new *p)
{
    struct err ignored = ERR_INIT;
    if (p->tree >= 0) {
        close(p->tree);
    }
    if (p->held >= 0) {
        close(p->held);
    }
    if (p->dir) {
        (void)!fs_remove_tree(p->dir, &ignored); // not there when it was committed
    }
    free(p->dir);
    *p = (struct packages_new){.tree = -1, .held = -1};
}

static int normalise_link(int root, struct tree_entry *e, struct err *err)
{
    char *target = NULL;
    if (sysroot_path_of_link(e->path, e->target, &target, err) != 0) {
        return -1;
    }
    free(e->target);
    e->target = target;
    if (unlinkat(root, e->path, 0) != 0 || symlinkat(target, root, e->path) != 0) {
        return err_sys(err, "cannot create link %s", e->path);
    }
    return 0;
}

static int normalise_entry(int root, bool keep_times, struct tree_entry *e, struct err *err)
{
    if (e->type == TREE_LINK && normalise_link(root, e, err) != 0) {
        return -1;
    }
    if (e->type == TREE_FILE) {
        e->mode = e->mode & ANY_EXEC ? TREE_PROGRAM_MODE : TREE_FILE_MODE;
    } else if (e->type == TREE_FOLDER) {
        e->mode = TREE_FOLDER_MODE;
    }
    if (!keep_times || e->type == TREE_FOLDER || e->time < 0) {
        e->time = TREE_TIME;
    }
    const struct timespec times[2] = {{.tv_sec = e->time}, {.tv_sec = e->time}};
    if ((e->type != TREE_LINK && fchmodat(root, e->path, e->mode, 0) != 0) ||
        utimensat(root, e->path, times, AT_SYMLINK_NOFOLLOW) != 0) {
        return err_sys(err, "cannot set mode and time of %s", e->path);
    }
    return 0;
}

int packages_normalise(int root, bool keep_times, struct tree *list, struct err *err)
{
    if (tree_scan(root, list, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < list->n; i++) {
        if (normalise_entry(root, keep_times, &list->items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

// The folders of the package and of the sysroot that entries are linked between, kept open, since
// entries of one folder follow each other.
struct linking {
    int from_root, to_root;
    int from, to;
    char *parent; // path of both
};

static int enter_folder(struct linking *l, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
    if (str_eq(parent, l->parent)) {
        return 0;
    }
    _cleanup_close_ int from = fs_open_beneath(l->from_root, parent, O_PATH | O_DIRECTORY, 0);
    _cleanup_close_ int to = fs_open_folder_beneath(l->to_root, parent, FOLDER_MODE);
    if (from < 0 || to < 0) {
        if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV) {
            return err_set(err, ERR_VERIFY, "`%s` passes through a link or file of another package",
                           path);
        }
        return err_sys(err, "cannot open the folder of %s", path);
    }
    cleanup_close(&l->from);
    cleanup_close(&l->to);
    free(l->parent);
    l->from = TAKE_FD(from);
    l->to = TAKE_FD(to);
    l->parent = TAKE_PTR(parent);
    return 0;
}

static bool cannot_link(int code)
{
    return code == EXDEV || code == EPERM || code == EMLINK || code == EOPNOTSUPP || code == ENOSYS;
}

// The kernel's own copy does not work between any two file systems.
static int copy_content(int from, int to)
{
    enum { CHUNK = 1 << 16 };
    _cleanup_free_ char *chunk = NULL;
    struct err ignored = ERR_INIT;
    for (;;) {
        ssize_t n = chunk ? -1 : copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
        if (n < 0 && !chunk) {
            chunk = xmalloc(CHUNK);
        }
        if (n < 0) {
            n = read(from, chunk, CHUNK);
            n = n > 0 && fs_write_all(to, chunk, (size_t)n, &ignored) != 0 ? -1 : n;
        }
        if (n <= 0) {
            return (int)n;
        }
    }
}

// A file as a copy of its own (a reflink where the file system has them).
static int copy_entry(const struct linking *l, const struct tree_entry *e, struct err *err)
{
    const struct timespec times[2] = {{.tv_sec = e->time}, {.tv_sec = e->time}};
    const char *name = fs_base(e->path);
    if (e->type == TREE_LINK) {
        if (symlinkat(e->target, l->to, name) != 0 ||
            utimensat(l->to, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
            return err_sys(err, "cannot create link %s", e->path);
        }
        return 0;
    }
    _cleanup_close_ int from = openat(l->from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_close_ int to = openat(l->to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (from < 0 || to < 0 || copy_content(from, to) != 0 || fchmod(to, e->mode) != 0 ||
        futimens(to, times) != 0) {
        return err_sys(err, "cannot copy %s", e->path);
    }
    return 0;
}

static int link_entry(struct linking *l, const struct tree_entry *e, struct err *err)
{
    if (enter_folder(l, e->path, err) != 0) {
        return -1;
    }
    const char *name = fs_base(e->path);
    if (e->type == TREE_FOLDER) {
        return fs_mkdir_at(l->to, name, FOLDER_MODE) == 0
                   ? 0
                   : err_sys(err, "cannot create folder %s", e->path);
    }
    if (linkat(l->from, name, l->to, name, 0) == 0) {
        return 0;
    }
    if (errno == EEXIST) {
        return err_set(err, ERR_VERIFY, "`%s` is in two packages", e->path);
    }
    return cannot_link(errno) ? copy_entry(l, e, err) : err_sys(err, "cannot create %s", e->path);
}

int packages_link_tree(int from, const struct tree *list, int root, struct err *err)
{
    struct linking l = {.from_root = from, .to_root = root, .from = -1, .to = -1};
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->n; i++) {
        r = link_entry(&l, &list->items[i], err);
    }
    cleanup_close(&l.from);
    cleanup_close(&l.to);
    free(l.parent);
    return r;
}

int packages_link(const char *data, const char *key, const struct tree *list, int root,
                  struct err *err)
{
    _cleanup_free_ char *tree = package_path(data, key, "tree");
    _cleanup_close_ int from = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return from < 0 ? err_sys(err, "cannot open %s", tree)
                    : packages_link_tree(from, list, root, err);
}

int packages_lock(const char *data, enum fs_lock_kind kind, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(data, "packages");
    _cleanup_free_ char *path = fs_join(folder, ".lock");
    if (fs_mkdir_all(folder, FOLDER_MODE, err) != 0) {
        return -1;
    }
    return fs_lock(path, kind, err);
}
