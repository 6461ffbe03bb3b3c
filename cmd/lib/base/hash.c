// SPDX-License-Identifier: MIT
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hash_init(struct hash *h)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        abort();
    }
    h->ctx = ctx;
}

void hash_update(struct hash *h, const void *data, size_t n)
{
    if (EVP_DigestUpdate(h->ctx, data, n) != 1) {
        abort();
    }
}

void hash_finish(struct hash *h, char hex[HASH_HEX + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    if (EVP_DigestFinal_ex(h->ctx, digest, &n) != 1) {
        abort();
    }
    for (unsigned int i = 0; i < n; i++) {
        snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    }
    hash_release(h);
}

void hash_release(struct hash *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}

void hash_bytes(const void *data, size_t n, char hex[HASH_HEX + 1])
{
    struct hash h;
    hash_init(&h);
    hash_update(&h, data, n);
    hash_finish(&h, hex);
}

int hash_fd(int fd, char hex[HASH_HEX + 1], uint64_t *size, struct err *err)
{
    enum { CHUNK = 1 << 16 }; // more, and malloc would map and unmap it each time
    char *buffer = malloc(CHUNK);
    struct hash h;
    int r = 0;

    if (!buffer) {
        abort();
    }
    hash_init(&h);
    *size = 0;
    for (;;) {
        ssize_t n = read(fd, buffer, CHUNK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            r = err_sys(err, "cannot read");
        }
        if (n <= 0) {
            break;
        }
        hash_update(&h, buffer, (size_t)n);
        *size += (uint64_t)n;
    }
    hash_finish(&h, hex);
    free(buffer);
    return r;
}
