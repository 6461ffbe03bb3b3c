// SPDX-License-Identifier: MIT
// Downloads (libcurl): many at once, hashed as they arrive, never larger than they should be.
//
// A file goes to the cache under its SHA-256. While it arrives it has no name (O_TMPFILE), so a
// killed download leaves nothing (a .part file where the file system cannot do that). A transfer
// that breaks off is resumed where it stopped, a few times; one that stalls is given up. http,
// https and file URLs; proxies as libcurl finds them.
#ifndef PISDK_FETCH_FETCH_H
#define PISDK_FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

enum { FETCH_STALL_SECONDS = 30 };

struct fetch_options {
    const char *cache;  // the cache folder
    long stall_seconds; // give up when nothing came for so long; 0: FETCH_STALL_SECONDS
    bool offline;       // download nothing: what is not in the cache is ERR_NETWORK
    struct log *log;
};

struct fetch_file {
    struct strv urls; // tried in this order; at least one
    const char *sha256;
    uint64_t size; // bytes, exact
    void *user;
};

// The address of a file below a mirror; the path is a plain one, what an URL has codes for gets
// them. The caller frees it.
char *fetch_url(const char *mirror, const char *path);

// What a batch tells its caller, in the caller's thread.
struct fetch_events {
    void *user;
    void (*done)(void *user, struct fetch_file *file); // it is in the cache now
    void (*progress)(void *user, uint64_t received);   // bytes of the whole batch so far
    bool (*stop)(void *user);                          // true gives the batch up: ERR_INTERRUPTED
};

// Downloads all files into the cache, or none that is not whole. The first error ends the batch:
// ERR_NETWORK, or ERR_VERIFY for a wrong size or hash. Files that none of their addresses has are
// ERR_NOT_FOUND when the others have arrived: the error names them.
int fetch_files(const struct fetch_options *o, struct fetch_file *files, size_t n,
                const struct fetch_events *events, struct err *err) ERR_MUST_CHECK;

// Downloads a small file without a known hash into memory; larger than `max` is ERR_VERIFY.
int fetch_text(const struct fetch_options *o, const char *url, size_t max, struct strbuf *out,
               struct err *err) ERR_MUST_CHECK;

// Downloads several small files at once. One that fails is empty afterwards, and why is not told:
// for what the caller will ask for again if it matters.
int fetch_texts(const struct fetch_options *o, const struct strv *urls, size_t max,
                struct strbuf *out, struct err *err) ERR_MUST_CHECK;

#endif
