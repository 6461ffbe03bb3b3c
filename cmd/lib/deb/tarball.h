// SPDX-License-Identifier: MIT
// Writing a .tar.zst (libarchive) that depends on nothing but what is put into it: owner root, no
// names of users, times and modes as given.
#ifndef PISDK_DEB_TARBALL_H
#define PISDK_DEB_TARBALL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct tarball;

// An existing file is replaced. `mode` and `time` (seconds since 1970) are those of each member.
struct tarball *tarball_create(const char *path, struct err *err) ERR_MUST_CHECK;
int tarball_add_folder(struct tarball *t, const char *path, mode_t mode, int64_t time,
                       struct err *err) ERR_MUST_CHECK;
int tarball_add_link(struct tarball *t, const char *path, const char *target, int64_t time,
                     struct err *err) ERR_MUST_CHECK;
int tarball_add_text(struct tarball *t, const char *path, mode_t mode, int64_t time,
                     const void *data, size_t n, struct err *err) ERR_MUST_CHECK;
// The rest of the open file `fd`, which has `size` bytes.
int tarball_add_file(struct tarball *t, const char *path, mode_t mode, int64_t time, int fd,
                     uint64_t size, struct err *err) ERR_MUST_CHECK;
// Writes what is left and releases it. -1 when the file is not whole.
int tarball_close(struct tarball *t, struct err *err) ERR_MUST_CHECK;
void tarball_abandon(struct tarball *t); // releases it; the file is worthless

#endif
