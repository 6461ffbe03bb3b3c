// SPDX-License-Identifier: MIT
// Compressed and packed files (libarchive): package indexes, and the members of a .deb.
//
// The bytes are foreign. This module checks that an archive is well-formed; whether a member's
// path, type and mode are acceptable is for the caller to judge (sysroot/unpack).
#ifndef PISDK_DEB_ARCHIVE_H
#define PISDK_DEB_ARCHIVE_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"

// The content of an xz, gzip, zstd or plain file, at most `max` bytes expanded. ERR_VERIFY when it
// is damaged or larger.
int archive_expand_file(const char *path, size_t max, struct strbuf *out,
                        struct err *err) ERR_MUST_CHECK;

// The content of the first file in a tar whose path matches `pattern` (fnmatch(3)), at most `max`
// bytes. ERR_VERIFY when there is none.
int archive_read_text(const char *path, const char *pattern, size_t max, struct strbuf *out,
                      struct err *err) ERR_MUST_CHECK;

enum deb_member_type {
    DEB_FILE,
    DEB_FOLDER,
    DEB_SYMLINK,
    DEB_HARDLINK,
    DEB_SPECIAL, // device, fifo, socket: refused by every caller
};

// Valid until the next call for the same .deb.
struct deb_member {
    const char *path; // as stored, usually "./usr/…"
    const char *link; // target of a symbolic or hard link, else NULL
    enum deb_member_type type;
    mode_t mode; // permission bits and setuid, setgid, sticky
    time_t mtime;
};

struct debfile; // an open .deb, placed in its data.tar; or just a tar

struct debfile *debfile_open(const char *path, struct err *err) ERR_MUST_CHECK;
// The same for a tar, packed or not.
struct debfile *debfile_open_tar(const char *path, struct err *err) ERR_MUST_CHECK;
// 1: `m` is the next member, 0: that was the last, -1: ERR_VERIFY, the archive is damaged.
int debfile_next(struct debfile *d, struct deb_member *m, struct err *err) ERR_MUST_CHECK;
// The next block of the current member's content. 1: a block, 0: its end, -1: damaged.
int debfile_read(struct debfile *d, const void **block, size_t *n, int64_t *offset,
                 struct err *err) ERR_MUST_CHECK;
void debfile_close(struct debfile *d);

#endif
