// SPDX-License-Identifier: MIT
// SHA-256, streaming (OpenSSL EVP).
#ifndef PISDK_BASE_HASH_H
#define PISDK_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HASH_HEX = 64 }; // characters of a SHA-256 in hexadecimal

struct hash {
    void *ctx;
};

void hash_init(struct hash *h);
void hash_update(struct hash *h, const void *data, size_t n);
// Writes lower-case hexadecimal and a final NUL, and releases the state.
void hash_finish(struct hash *h, char hex[HASH_HEX + 1]);
void hash_release(struct hash *h); // when it was not finished

void hash_bytes(const void *data, size_t n, char hex[HASH_HEX + 1]);
// The hash and size of the rest of an open file.
int hash_fd(int fd, char hex[HASH_HEX + 1], uint64_t *size, struct err *err) ERR_MUST_CHECK;
// 64 lower-case hexadecimal digits and nothing else?
int hash_is_hex(const char *s);

#endif
