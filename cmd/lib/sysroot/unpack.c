// SPDX-License-Identifier: MIT
#include "sysroot/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "deb/archive.h"
#include "sysroot/path.h"

// What a package may expand to: bytes, holes included, since they are read, hashed and deployed;
// members.
#define UNPACKED_MAX (UINT64_C(4) << 30)

enum { MEMBERS_MAX = 1000000 };

enum { WRITING_MODE = 0600, ANY_EXEC = 0111 };

struct unpack {
    const struct unpack_target *t;
    struct debfile *deb;
    struct tree *result;
    uint64_t bytes; // of this package
    size_t members;
    char *parent_path; // the folder of the last member, kept open since members come in order
    int parent;
};

static bool left_out(const struct unpack_target *t, const char *path)
{
    return sysroot_path_matches(t->leave_out, path) && !sysroot_path_matches(t->keep, path);
}

static int refuse_path(const char *path, struct err *err)
{
    if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV) {
        return err_set(err, ERR_VERIFY, "member `%s` passes through a symbolic link or a file",
                       path);
    }
    return err_sys(err, "cannot write %s", path);
}

static int enter_parent(struct unpack *u, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
    if (str_eq(parent, u->parent_path)) {
        return 0;
    }
    int fd = fs_open_folder_beneath(u->t->root, parent, TREE_FOLDER_MODE);
    if (fd < 0) {
        return refuse_path(path, err);
    }
    if (u->parent >= 0) {
        close(u->parent);
    }
    free(u->parent_path);
    tree_add_parents(u->result, path);
    u->parent = fd;
    u->parent_path = TAKE_PTR(parent);
    return 0;
}

static int clash(const char *path, struct err *err)
{
    if (errno == EEXIST) {
        return err_set(err, ERR_VERIFY, "`%s` is in the package twice", path);
    }
    return refuse_path(path, err);
}

static int write_content(struct unpack *u, int fd, struct err *err)
{
    const void *block;
    size_t n;
    int64_t offset;
    int64_t end = 0;

    for (;;) {
        int more = debfile_read(u->deb, &block, &n, &offset, err);
        if (more < 0) {
            return -1;
        }
        if (more == 0) {
            return ftruncate(fd, end) == 0 ? 0
                                           : err_sys(err, "cannot write"); // it may end in a hole
        }
        int64_t most = (int64_t)(UNPACKED_MAX - u->bytes) + end;
        if (offset < end || offset > most || (int64_t)n > most - offset) {
            return err_set(err, ERR_VERIFY, "the package expands to more than 4 GB");
        }
        u->bytes += (uint64_t)(offset - end) + n;
        if (offset != end && lseek(fd, offset, SEEK_SET) < 0) {
            return err_sys(err, "cannot write");
        }
        if (fs_write_all(fd, block, n, err) != 0) {
            return -1;
        }
        end = offset + (int64_t)n;
    }
}

// Nothing is older than 1970 in the list of files; and what is too new was refused.
static int64_t member_time(const struct deb_member *m)
{
    return m->mtime > 0 ? m->mtime : 0;
}

// Read back and hashed: it is in memory still, and a sparse file has its holes.
static int write_file(struct unpack *u, const struct deb_member *m, const char *path,
                      struct err *err)
{
    _cleanup_close_ int fd = openat(
        u->parent, fs_base(path), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, WRITING_MODE);
    if (fd < 0) {
        return clash(path, err);
    }
    struct tree_entry *e = tree_add(u->result, TREE_FILE, path);
    e->time = member_time(m);
    e->mode = m->mode & ANY_EXEC ? TREE_PROGRAM_MODE : TREE_FILE_MODE;
    if (write_content(u, fd, err) != 0) {
        return err_wrap(err, "%s", path);
    }
    const struct timespec times[2] = {{.tv_sec = e->time}, {.tv_sec = e->time}};
    if (lseek(fd, 0, SEEK_SET) != 0 || tree_read_file(fd, e, err) != 0 ||
        fchmod(fd, e->mode) != 0 || futimens(fd, times) != 0) {
        return err_sys(err, "cannot write %s", path);
    }
    return 0;
}

static int write_symlink(struct unpack *u, const struct deb_member *m, const char *path,
                         struct err *err)
{
    _cleanup_free_ char *target = NULL;
    if (sysroot_path_of_link(m->path, m->link, &target, err) != 0) {
        return -1;
    }
    if (strcmp(target, fs_base(path)) == 0) {
        return 0; // bin -> usr/bin, as base-files has it: both are the same place here
    }
    if (symlinkat(target, u->parent, fs_base(path)) != 0) {
        return clash(path, err);
    }
    struct tree_entry *e = tree_add(u->result, TREE_LINK, path);
    e->target = TAKE_PTR(target);
    e->time = member_time(m);
    const struct timespec times[2] = {{.tv_sec = e->time}, {.tv_sec = e->time}};
    if (utimensat(u->parent, fs_base(path), times, AT_SYMLINK_NOFOLLOW) != 0) {
        return err_sys(err, "cannot set the time of %s", path);
    }
    return 0;
}

// A second name of a file that is in the list already.
static int add_copy(struct unpack *u, const char *original, const char *path, struct err *err)
{
    for (size_t i = 0; i < u->result->n; i++) {
        if (u->result->items[i].type == TREE_FILE &&
            strcmp(u->result->items[i].path, original) == 0) {
            struct tree_entry *e = tree_add(u->result, TREE_FILE, path);
            const struct tree_entry from = u->result->items[i]; // its place may have moved
            e->mode = from.mode;
            e->time = from.time;
            e->size = from.size;
            e->elf = from.elf;
            memcpy(e->sha256, from.sha256, sizeof(e->sha256));
            return 0;
        }
    }
    return err_set(err, ERR_VERIFY, "hard link `%s` points to no file of the package", path);
}

static int write_hardlink(struct unpack *u, const struct deb_member *m, const char *path,
                          struct err *err)
{
    _cleanup_free_ char *target = NULL;
    if (sysroot_path_of_member(m->link, &target, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *folder = fs_parent(target);
    _cleanup_close_ int from = fs_open_beneath(u->t->root, strcmp(folder, ".") == 0 ? "" : folder,
                                               O_PATH | O_DIRECTORY, 0);
    if (from < 0) {
        return refuse_path(target, err);
    }
    if (linkat(from, fs_base(target), u->parent, fs_base(path), 0) != 0) {
        return clash(path, err);
    }
    return add_copy(u, target, path, err);
}

static int make_folder(struct unpack *u, const char *path, struct err *err)
{
    _cleanup_close_ int fd = fs_open_folder_beneath(u->t->root, path, TREE_FOLDER_MODE);
    if (fd < 0) {
        return refuse_path(path, err);
    }
    tree_add_parents(u->result, path);
    tree_add(u->result, TREE_FOLDER, path);
    return 0;
}

static int write_member(struct unpack *u, const struct deb_member *m, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    if (sysroot_path_of_member(m->path, &path, err) != 0) {
        return -1;
    }
    if (m->type == DEB_SPECIAL) {
        return err_set(err, ERR_VERIFY, "member `%s` is a device, fifo or socket", m->path);
    }
    if (++u->members > MEMBERS_MAX) {
        return err_set(err, ERR_VERIFY, "the package has more than %d members", MEMBERS_MAX);
    }
    // What is later does not fit into time_t of a 32-bit board, for which stat(2) fails then.
    if (m->mtime > INT32_MAX) {
        return err_set(err, ERR_VERIFY, "member `%s` is dated after January 2038", m->path);
    }
    if (path[0] == '\0' || left_out(u->t, path)) {
        return 0;
    }
    if (m->type == DEB_FOLDER) {
        return make_folder(u, path, err);
    }
    if (enter_parent(u, path, err) != 0) {
        return -1;
    }
    switch (m->type) {
    case DEB_FILE:
        return write_file(u, m, path, err);
    case DEB_SYMLINK:
        return write_symlink(u, m, path, err);
    default:
        return write_hardlink(u, m, path, err);
    }
}

// Takes the prefix off. False for a member that is not wanted.
static bool strip(const char *prefix, struct deb_member *m)
{
    size_t n = strlen(prefix);
    if (strncmp(m->path, prefix, n) != 0 || m->path[n] == '\0') {
        return false;
    }
    m->path += n;
    if (m->type == DEB_HARDLINK && strncmp(m->link, prefix, n) == 0) {
        m->link += n;
    }
    return true;
}

// Takes the open archive.
static int unpack(const struct unpack_target *t, struct debfile *archive, const char *prefix,
                  struct tree *result, struct err *err)
{
    struct unpack u = {.t = t, .deb = archive, .result = result, .parent = -1};
    struct deb_member m;
    int more;

    while ((more = debfile_next(archive, &m, err)) > 0) {
        if ((!prefix || strip(prefix, &m)) && write_member(&u, &m, err) != 0) {
            more = -1;
            break;
        }
    }
    debfile_close(archive);
    free(u.parent_path);
    if (u.parent >= 0) {
        close(u.parent);
    }
    tree_sort(result);
    return more;
}

int unpack_deb(const struct unpack_target *t, const char *debfile, struct tree *result,
               struct err *err)
{
    struct debfile *archive = debfile_open(debfile, err);
    return archive ? unpack(t, archive, NULL, result, err) : -1;
}

int unpack_tar(const struct unpack_target *t, const char *file, const char *prefix,
               struct tree *result, struct err *err)
{
    struct debfile *archive = debfile_open_tar(file, err);
    return archive ? unpack(t, archive, prefix, result, err) : -1;
}
