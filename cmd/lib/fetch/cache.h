// SPDX-License-Identifier: MIT
// The download cache: files named by their SHA-256, and signed Release files by their address.
//
// Layout below the cache folder: sha256/ab/abcdef…, release/<SHA-256 of the URL>. A file appears
// under its name complete or not at all, so builds may share the cache and any of it may be deleted
// at any time. Nothing is believed because it is in the cache: content is hashed when it is looked
// up, Release files have their signature.
#ifndef PISDK_FETCH_CACHE_H
#define PISDK_FETCH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// Where the file with this hash is or would be. The caller frees it.
char *cache_path(const char *cache, const char *sha256);
char *cache_release_path(const char *cache, const char *url);

// Is a file with this hash and size there? One whose content differs is removed.
bool cache_has(const char *cache, const char *sha256, uint64_t size);

#endif
