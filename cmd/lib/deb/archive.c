// SPDX-License-Identifier: MIT
#include "deb/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include "base/fs.h"

enum { BLOCK = 1 << 16 };

static int damaged(struct archive *a, struct err *err)
{
    const char *why = archive_error_string(a);
    return err_set(err, ERR_VERIFY, "damaged archive: %s", why ? why : "unknown reason");
}

static void support_filters(struct archive *a)
{
    archive_read_support_filter_none(a);
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
}

// A file that cannot be opened is not a damaged archive.
static int open_file(struct archive *a, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_sys(err, "cannot open %s", path);
    } else if (archive_read_open_fd(a, fd, BLOCK) != ARCHIVE_OK) {
        damaged(a, err);
        close(fd);
        fd = -1;
    }
    return fd;
}

static int expand(struct archive *a, size_t max, struct strbuf *out, struct err *err)
{
    struct archive_entry *entry;
    int r = archive_read_next_header(a, &entry);
    if (r == ARCHIVE_EOF) { // nothing at all in it
        strbuf_adds(out, "");
        return 0;
    }
    if (r != ARCHIVE_OK) {
        return damaged(a, err);
    }
    for (;;) {
        la_ssize_t n = archive_read_data(a, strbuf_reserve(out, BLOCK), BLOCK);
        if (n < 0) {
            return damaged(a, err);
        }
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        if (n == 0) {
            return 0;
        }
        if (out->len > max) {
            return err_set(err, ERR_VERIFY, "expands to more than %zu bytes", max);
        }
    }
}

int archive_expand_file(const char *path, size_t max, struct strbuf *out, struct err *err)
{
    struct archive *a = archive_read_new();
    support_filters(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    _cleanup_close_ int fd = open_file(a, path, err);
    int r = fd < 0 ? -1 : expand(a, max, out, err);
    archive_read_free(a);
    return r == 0 ? 0 : err_wrap(err, "%s", fs_base(path));
}

struct debfile {
    struct archive *ar;   // the .deb
    struct archive *data; // data.tar.* in it
    int fd;
};

static la_ssize_t read_inner(struct archive *inner, void *user, const void **block)
{
    const struct debfile *d = user;
    size_t n = 0;
    la_int64_t offset;
    int r = archive_read_data_block(d->ar, block, &n, &offset);
    if (r == ARCHIVE_EOF) {
        return 0;
    }
    if (r != ARCHIVE_OK) {
        archive_set_error(inner, archive_errno(d->ar), "%s", archive_error_string(d->ar));
        return -1;
    }
    return (la_ssize_t)n;
}

static int open_data(struct debfile *d, const char *path, struct err *err)
{
    struct archive_entry *entry;
    d->fd = open_file(d->ar, path, err);
    if (d->fd < 0) {
        return -1;
    }
    for (;;) {
        int r = archive_read_next_header(d->ar, &entry);
        if (r == ARCHIVE_EOF) {
            return err_set(err, ERR_VERIFY, "no data.tar in it: not a Debian package");
        }
        if (r != ARCHIVE_OK) {
            return damaged(d->ar, err);
        }
        const char *name = archive_entry_pathname(entry);
        if (name && str_starts(name, "data.tar")) {
            break;
        }
    }
    if (archive_read_open(d->data, d, NULL, read_inner, NULL) != ARCHIVE_OK) {
        return damaged(d->data, err);
    }
    return 0;
}

struct debfile *debfile_open_tar(const char *path, struct err *err)
{
    struct debfile *d = xcalloc(1, sizeof(*d));
    d->data = archive_read_new();
    support_filters(d->data);
    archive_read_support_format_tar(d->data);
    d->fd = open_file(d->data, path, err);
    if (d->fd < 0) {
        debfile_close(d);
        return NULL;
    }
    return d;
}

struct debfile *debfile_open(const char *path, struct err *err)
{
    struct debfile *d = xcalloc(1, sizeof(*d));
    d->fd = -1;
    d->ar = archive_read_new();
    d->data = archive_read_new();
    archive_read_support_filter_none(d->ar);
    archive_read_support_format_ar(d->ar);
    support_filters(d->data);
    archive_read_support_format_tar(d->data);
    archive_read_support_format_empty(d->data);
    if (open_data(d, path, err) != 0) {
        debfile_close(d);
        return NULL;
    }
    return d;
}

static enum deb_member_type member_type(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry)) {
        return DEB_HARDLINK;
    }
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return DEB_FILE;
    case AE_IFDIR:
        return DEB_FOLDER;
    case AE_IFLNK:
        return DEB_SYMLINK;
    default:
        return DEB_SPECIAL;
    }
}

int debfile_next(struct debfile *d, struct deb_member *m, struct err *err)
{
    struct archive_entry *entry;
    int r = archive_read_next_header(d->data, &entry);
    if (r == ARCHIVE_EOF) {
        return 0;
    }
    if (r != ARCHIVE_OK) {
        return damaged(d->data, err);
    }
    m->path = archive_entry_pathname(entry);
    m->type = member_type(entry);
    m->link = m->type == DEB_HARDLINK  ? archive_entry_hardlink(entry)
              : m->type == DEB_SYMLINK ? archive_entry_symlink(entry)
                                       : NULL;
    m->mode = archive_entry_perm(entry);
    m->mtime = archive_entry_mtime(entry);
    bool needs_link = m->type == DEB_HARDLINK || m->type == DEB_SYMLINK;
    if (!m->path || (needs_link && !m->link)) {
        return err_set(err, ERR_VERIFY, "a member's name is not valid text");
    }
    return 1;
}

int debfile_read(struct debfile *d, const void **block, size_t *n, int64_t *offset, struct err *err)
{
    int r = archive_read_data_block(d->data, block, n, offset);
    if (r == ARCHIVE_EOF) {
        return 0;
    }
    return r == ARCHIVE_OK ? 1 : damaged(d->data, err);
}

static int read_text(struct debfile *d, const char *pattern, size_t max, struct strbuf *out,
                     struct err *err)
{
    struct deb_member m = {0};
    int more;
    while ((more = debfile_next(d, &m, err)) > 0) {
        if (m.type == DEB_FILE && fnmatch(pattern, m.path, 0) == 0) {
            break;
        }
    }
    if (more <= 0) {
        return more < 0 ? -1 : err_set(err, ERR_VERIFY, "it has no %s", pattern);
    }
    const void *block;
    size_t n;
    int64_t offset;
    while ((more = debfile_read(d, &block, &n, &offset, err)) > 0) {
        if (out->len + n > max) {
            return err_set(err, ERR_VERIFY, "%s in it is too large", pattern);
        }
        strbuf_add(out, block, n);
    }
    return more < 0 ? -1 : 0;
}

int archive_read_text(const char *path, const char *pattern, size_t max, struct strbuf *out,
                      struct err *err)
{
    struct debfile *d = debfile_open_tar(path, err);
    strbuf_adds(out, "");
    int r = d ? read_text(d, pattern, max, out, err) : -1;
    debfile_close(d);
    return r == 0 || !d ? r : err_wrap(err, "%s", path);
}

void debfile_close(struct debfile *d)
{
    if (d) {
        archive_read_free(d->data);
        if (d->ar) {
            archive_read_free(d->ar);
        }
        if (d->fd >= 0) {
            close(d->fd);
        }
        free(d);
    }
}
