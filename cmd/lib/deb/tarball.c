// SPDX-License-Identifier: MIT
#include "deb/tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "base/str.h"

// Half of the size of level 3 is saved already, and more takes several times as long.
#define ZSTD_LEVEL "9"

enum { BLOCK = 1 << 17 };

struct tarball {
    struct archive *archive;
    struct archive_entry *entry;
};

static int failed(const struct tarball *t, struct err *err)
{
    const char *why = archive_error_string(t->archive);
    return err_set(err, ERR_FAILED, "cannot write the archive: %s", why ? why : "unknown reason");
}

struct tarball *tarball_create(const char *path, struct err *err)
{
    struct tarball *t = xcalloc(1, sizeof(*t));
    t->archive = archive_write_new();
    t->entry = archive_entry_new();
    // Names are bytes: nothing of them depends on the locale.
    if (archive_write_set_format_pax_restricted(t->archive) != ARCHIVE_OK ||
        archive_write_set_format_option(t->archive, "pax", "hdrcharset", "BINARY") != ARCHIVE_OK ||
        archive_write_add_filter_zstd(t->archive) != ARCHIVE_OK ||
        archive_write_set_filter_option(t->archive, "zstd", "compression-level", ZSTD_LEVEL) !=
            ARCHIVE_OK ||
        archive_write_open_filename(t->archive, path) != ARCHIVE_OK) {
        (void)failed(t, err);
        tarball_abandon(t);
        return NULL;
    }
    return t;
}

static int add_header(struct tarball *t, const char *path, unsigned type, mode_t mode, int64_t time,
                      const char *target, uint64_t size, struct err *err)
{
    archive_entry_clear(t->entry);
    archive_entry_set_pathname(t->entry, path);
    archive_entry_set_filetype(t->entry, type);
    archive_entry_set_perm(t->entry, mode);
    archive_entry_set_mtime(t->entry, time, 0);
    archive_entry_set_uid(t->entry, 0);
    archive_entry_set_gid(t->entry, 0);
    archive_entry_set_size(t->entry, (la_int64_t)size);
    if (target) {
        archive_entry_set_symlink(t->entry, target);
    }
    return archive_write_header(t->archive, t->entry) == ARCHIVE_OK ? 0 : failed(t, err);
}

int tarball_add_folder(struct tarball *t, const char *path, mode_t mode, int64_t time,
                       struct err *err)
{
    return add_header(t, path, AE_IFDIR, mode, time, NULL, 0, err);
}

int tarball_add_link(struct tarball *t, const char *path, const char *target, int64_t time,
                     struct err *err)
{
    return add_header(t, path, AE_IFLNK, 0777, time, target, 0, err);
}

static int add_data(struct tarball *t, const void *data, size_t n, struct err *err)
{
    return archive_write_data(t->archive, data, n) == (la_ssize_t)n ? 0 : failed(t, err);
}

int tarball_add_text(struct tarball *t, const char *path, mode_t mode, int64_t time,
                     const void *data, size_t n, struct err *err)
{
    if (add_header(t, path, AE_IFREG, mode, time, NULL, n, err) != 0) {
        return -1;
    }
    return add_data(t, data, n, err);
}

int tarball_add_file(struct tarball *t, const char *path, mode_t mode, int64_t time, int fd,
                     uint64_t size, struct err *err)
{
    _cleanup_free_ char *block = xmalloc(BLOCK);
    uint64_t left = size;

    if (add_header(t, path, AE_IFREG, mode, time, NULL, size, err) != 0) {
        return -1;
    }
    while (left > 0) {
        ssize_t n = read(fd, block, left < BLOCK ? (size_t)left : BLOCK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? err_sys(err, "cannot read %s", path)
                         : err_set(err, ERR_FAILED, "%s shrank while it was read", path);
        }
        if (add_data(t, block, (size_t)n, err) != 0) {
            return -1;
        }
        left -= (uint64_t)n;
    }
    return 0;
}

int tarball_close(struct tarball *t, struct err *err)
{
    int r = archive_write_close(t->archive) == ARCHIVE_OK ? 0 : failed(t, err);
    tarball_abandon(t);
    return r;
}

void tarball_abandon(struct tarball *t)
{
    if (t) {
        archive_write_free(t->archive);
        archive_entry_free(t->entry);
        free(t);
    }
}
