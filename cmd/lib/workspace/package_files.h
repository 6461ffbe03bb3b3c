// SPDX-License-Identifier: MIT
// Which package of a sysroot a file comes from.
#ifndef PISDK_WORKSPACE_PACKAGE_FILES_H
#define PISDK_WORKSPACE_PACKAGE_FILES_H

#include "deb/lock.h"
#include "sysroot/store.h"

struct package_file_owner {
    char *path;                    // in the sysroot
    const struct package *package; // of the sysroot's lock
};

struct package_files {
    struct package_file_owner *items; // sorted by path
    size_t n;
    int64_t newest; // time of the newest file, seconds since 1970
};

// Of all packages of the sysroot; those that were built here or come with an exported sysroot are
// not known.
void package_files_read(const char *data, const struct sysroot *s, struct package_files *out);
void package_files_release(struct package_files *f);

// NULL when it is not known.
const struct package *package_files_owner(const struct package_files *f, const char *path);

// Adds the files of these packages, and of those that Debian makes from the same sources.
// ERR_NOT_FOUND for one that the sysroot has not.
int package_files_of(const struct package_files *f, const struct sysroot *s,
                     const struct strv *names, struct strv *paths, struct err *err) ERR_MUST_CHECK;

#endif
