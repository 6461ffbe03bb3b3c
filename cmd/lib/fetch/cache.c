// SPDX-License-Identifier: MIT
#include "fetch/cache.h"

#include <fcntl.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"

char *cache_path(const char *cache, const char *sha256)
{
    return xasprintf("%s/sha256/%.2s/%s", cache, sha256, sha256);
}

char *cache_release_path(const char *cache, const char *url)
{
    char hex[HASH_HEX + 1];
    hash_bytes(url, strlen(url), hex);
    return xasprintf("%s/release/%s", cache, hex);
}

bool cache_has(const char *cache, const char *sha256, uint64_t size)
{
    _cleanup_free_ char *path = cache_path(cache, sha256);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    char hex[HASH_HEX + 1];
    uint64_t have = 0;
    struct err ignored = ERR_INIT;

    if (fd < 0) {
        return false;
    }
    if (hash_fd(fd, hex, &have, &ignored) == 0 && have == size && strcmp(hex, sha256) == 0) {
        return true;
    }
    unlink(path);
    return false;
}
