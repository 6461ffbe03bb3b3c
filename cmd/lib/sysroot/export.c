// SPDX-License-Identifier: MIT
#include "sysroot/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deb/archive.h"
#include "deb/tarball.h"
#include "sysroot/build.h"
#include "sysroot/packages.h"
#include "sysroot/staging.h"
#include "sysroot/unpack.h"
#include "target/board.h"
#include "target/wrapper.h"

enum { TEXT_MODE = 0444, SCRIPT_MODE = 0555, FILE_MAX = 1 << 20 };

struct exporter {
    const struct sysroot *s;
    const char *share;
    struct tarball *tar;
    struct log *log;
};

static char *inner(const struct exporter *x, const char *path)
{
    return xasprintf("%s/%s", x->s->lock.name, path);
}

static int add_text(struct exporter *x, const char *path, mode_t mode, const char *text,
                    struct err *err)
{
    _cleanup_free_ char *name = inner(x, path);
    return tarball_add_text(x->tar, name, mode, TREE_TIME, text, strlen(text), err);
}

static int add_folder(struct exporter *x, const char *path, struct err *err)
{
    _cleanup_free_ char *name = inner(x, path);
    return tarball_add_folder(x->tar, name, TREE_FOLDER_MODE, TREE_TIME, err);
}

// A text file of pisdk's or of the sysroot's own.
static int add_copy(struct exporter *x, const char *from, const char *path, mode_t mode, size_t max,
                    struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    return fs_read_file(from, max, &text, err) == 0 ? add_text(x, path, mode, text.data, err) : -1;
}

static int add_own_file(struct exporter *x, const char *name, size_t max, struct err *err)
{
    _cleanup_free_ char *from = fs_join(x->s->dir, name);
    return add_copy(x, from, name, TEXT_MODE, max, err);
}

static int add_readme(struct exporter *x, struct err *err)
{
    const struct lock *lock = &x->s->lock;
    _cleanup_free_ char *text = xasprintf(
        "%s, for cross-compiling with Clang, lld and CMake. Made by pisdk; works without it,\n"
        "wherever this folder is.\n\n"
        "    cmake -B build -DCMAKE_TOOLCHAIN_FILE=/path/to/%s/toolchain/pisdk.cmake\n"
        "    /path/to/%s/bin/%s-clang hello.c\n\n"
        "pisdk.lock lists the packages; `files`, in the format mtree, all files below root.\n"
        "With pisdk: `pisdk sysroot build FILE" EXPORT_SUFFIX "`.\n",
        lock->title ? lock->title : lock->name, lock->name, lock->name, lock->triple);
    return add_text(x, "README", TEXT_MODE, text, err);
}

static int add_boards(struct exporter *x, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(x->share, "toolchain/boards");
    _cleanup_strv_ struct strv names = {0};
    if (board_names(folder, &names, err) != 0 || add_folder(x, "toolchain/boards", err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *from = xasprintf("%s/%s.ini", folder, names.items[i]);
        _cleanup_free_ char *path = xasprintf("toolchain/boards/%s.ini", names.items[i]);
        if (add_copy(x, from, path, TEXT_MODE, FILE_MAX, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_toolchain(struct exporter *x, struct err *err)
{
    _cleanup_free_ char *from = fs_join(x->share, "toolchain/pisdk.cmake");
    if (add_folder(x, "toolchain", err) != 0) {
        return -1;
    }
    return add_copy(x, from, "toolchain/pisdk.cmake", TEXT_MODE, FILE_MAX, err) == 0
               ? add_boards(x, err)
               : -1;
}

// The compilers' scripts, which find their own place.
static int add_wrappers(struct exporter *x, struct err *err)
{
    static const char *const programs[] = {"clang", "clang++"};
    const struct lock *lock = &x->s->lock;
    _cleanup_free_ char *boards = fs_join(x->share, "toolchain/boards");
    _cleanup_free_ char *release = strv_join(&lock->flags, " ");
    struct board board;

    if (add_folder(x, "bin", err) != 0 ||
        board_read(boards, WRAPPER_BOARD, false, &board, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *flags = xasprintf("%s %s", board.flags, release);
    board_release(&board);
    const struct wrapper_options options = {lock->triple, "$here/../root", flags, NULL};
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        _cleanup_free_ char *text = wrapper_script(&options, programs[i]);
        _cleanup_free_ char *path = xasprintf("bin/%s-%s", lock->triple, programs[i]);
        if (add_text(x, path, SCRIPT_MODE, text, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_entry(struct exporter *x, int root, const struct tree_entry *e, struct err *err)
{
    _cleanup_free_ char *below = xasprintf("root/%s", e->path);
    _cleanup_free_ char *name = inner(x, below);
    if (e->type == TREE_FOLDER) {
        return tarball_add_folder(x->tar, name, e->mode, e->time, err);
    }
    if (e->type == TREE_LINK) {
        return tarball_add_link(x->tar, name, e->target, e->time, err);
    }
    _cleanup_close_ int fd = fs_open_beneath(root, e->path, O_RDONLY, 0);
    if (fd < 0) {
        return err_sys(err, "cannot read %s", e->path);
    }
    return tarball_add_file(x->tar, name, e->mode, e->time, fd, e->size, err);
}

static int add_root(struct exporter *x, int root, const struct tree *tree, struct err *err)
{
    uint64_t done = 0;
    if (add_folder(x, "root", err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < tree->n; i++) {
        if (add_entry(x, root, &tree->items[i], err) != 0) {
            return -1;
        }
        if (proc_stop_requested()) {
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        }
        done += tree->items[i].size;
        log_progress(x->log, "writing", done, x->s->lock.tree_size);
    }
    return 0;
}

static int write_all(struct exporter *x, struct err *err)
{
    _cleanup_(tree_release) struct tree tree = {0};
    _cleanup_close_ int root = open(x->s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char digest[HASH_HEX + 1];

    if (root < 0) {
        return err_sys(err, "cannot open %s", x->s->root);
    }
    if (tree_scan(root, &tree, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < tree.n; i++) { // every file that comes or goes changes these
        if (tree.items[i].type == TREE_FOLDER) {
            tree.items[i].time = TREE_TIME;
        }
    }
    tree_digest(&tree, digest);
    if (strcmp(digest, lock_tree_digest(&x->s->lock)) != 0) {
        err_set(err, ERR_VERIFY, "the sysroot `%s` has changed since it was built", x->s->name);
        return err_hint(err, "`pisdk sysroot verify` lists what has changed");
    }
    if (add_folder(x, "", err) != 0 || add_own_file(x, LOCK_FILE, LOCK_MAX, err) != 0 ||
        add_own_file(x, "files", TREE_TEXT_MAX, err) != 0 || add_readme(x, err) != 0 ||
        add_toolchain(x, err) != 0 || add_wrappers(x, err) != 0) {
        return -1;
    }
    return add_root(x, root, &tree, err);
}

int sysroot_export(const struct sysroot *s, const char *share, const char *file, struct log *log,
                   struct err *err)
{
    _cleanup_free_ char *part = xasprintf("%s.%d", file, (int)getpid());
    struct exporter x = {s, share, tarball_create(part, err), log};

    if (!x.tar) {
        return -1;
    }
    int r = write_all(&x, err);
    if (r == 0) {
        r = tarball_close(x.tar, err);
    } else {
        tarball_abandon(x.tar);
    }
    if (r == 0) {
        r = fs_sync(part, err);
    }
    if (r == 0 && rename(part, file) != 0) {
        r = err_sys(err, "cannot create %s", file);
    }
    if (r != 0) {
        unlink(part);
    }
    return r;
}

// --- And back ------------------------------------------------------------------------------------

// The lock of the file: NAME/pisdk.lock, one of the first members.
static int read_lock(const char *file, struct lock *lock, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    if (archive_read_text(file, "*/" LOCK_FILE, LOCK_MAX, &text, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *where = xasprintf("%s: " LOCK_FILE, fs_base(file));
    if (lock_parse(where, text.data, text.len, lock, err) != 0) {
        return -1;
    }
    if (!lock->tree_sha256[0] || !sysroot_name_is_valid(lock->name)) {
        lock_release(lock);
        return err_set(err, ERR_VERIFY, "%s: its lock has no digest or no usable name", file);
    }
    return 0;
}

static int fill(const char *data, const char *file, const struct lock *lock,
                const struct staging *staging, struct tree *tree, struct err *err)
{
    _cleanup_(tree_release) struct tree list = {0};
    _cleanup_free_ char *prefix = xasprintf("%s/root/", lock->name);
    const struct strv none = {0};
    struct packages_new fresh;
    char digest[HASH_HEX + 1];

    if (packages_begin(data, lock->tree_sha256, &fresh, err) != 0) {
        return -1;
    }
    const struct unpack_target target = {fresh.tree, &none, &none};
    int r = unpack_tar(&target, file, prefix, &list, err);
    r = r == 0 ? packages_link_tree(fresh.tree, &list, staging->root, err) : r;
    packages_end(&fresh);
    if (r != 0) {
        return -1;
    }
    tree_append(tree, &list);
    tree_sort(tree);
    tree_digest(tree, digest);
    if (strcmp(digest, lock_tree_digest(lock)) != 0) {
        return err_set(err, ERR_VERIFY,
                       "%s: its tree does not match its lock (digest %.12s…, expected %.12s…)",
                       file, digest, lock_tree_digest(lock));
    }
    return 0;
}

static int make(const char *data, const char *file, const struct lock *lock, const char *name,
                struct log *log, struct err *err)
{
    _cleanup_close_ int held = sysroot_wait_lock(data, name, log, err);
    _cleanup_(tree_release) struct tree tree = {0};
    struct staging staging;

    if (held < 0) {
        return -1;
    }
    int r = staging_begin(data, name, &staging, &tree, err);
    r = r == 0 ? fill(data, file, lock, &staging, &tree, err) : r;
    r = r == 0 ? staging_publish(&staging, lock, &tree, log, err) : r;
    staging_end(&staging);
    return r;
}

int sysroot_import_file(const char *data, const char *file, struct log *log, char **name,
                        bool *found, struct err *err)
{
    struct lock lock;
    struct sysroot s;
    struct err ignored = ERR_INIT;

    *name = NULL;
    *found = false;
    if (read_lock(file, &lock, err) != 0) {
        return -1;
    }
    if (sysroot_open_locked(data, &lock, &s, &ignored) == 0) {
        *name = xstrdup(s.name);
        *found = true;
        sysroot_release(&s);
        lock_release(&lock);
        return 0;
    }
    _cleanup_free_ char *place = xasprintf("%s/sysroots/%s", data, lock.name);
    *name = fs_exists(place) ? sysroot_locked_name(&lock) : xstrdup(lock.name);
    int r = make(data, file, &lock, *name, log, err);
    lock_release(&lock);
    return r;
}
