// SPDX-License-Identifier: MIT
// The Release file of a suite: what it is, how long it may be trusted, the hashes of its indexes.
//
// Format: https://wiki.debian.org/DebianRepository/Format. The text given is what gpgv verified,
// nothing else.
#ifndef PISDK_DEB_RELEASE_H
#define PISDK_DEB_RELEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "base/hash.h"

struct release_file {
    char *path; // below dists/SUITE/
    char sha256[HASH_HEX + 1];
    uint64_t size; // bytes
};

struct release {
    char *suite, *codename; // "" when not given
    bool by_hash;           // Acquire-By-Hash: yes
    time_t date;            // 0 when not given
    time_t valid_until;     // 0 when it never expires
    struct release_file *files;
    size_t n_files;
};

// ERR_VERIFY when the text is not a Release file with SHA-256 sums.
int release_parse(const char *text, size_t n, struct release *out, struct err *err) ERR_MUST_CHECK;

// ERR_VERIFY when the file names another suite or code name than `suite`, or expired before `now`.
int release_check(const struct release *r, const char *suite, time_t now,
                  struct err *err) ERR_MUST_CHECK;

// The best compressed form there is of an index, such as "main/binary-armhf/Packages": xz, gz or
// plain. NULL when there is none.
const struct release_file *release_find_index(const struct release *r, const char *path);

void release_release(struct release *r);

#endif
