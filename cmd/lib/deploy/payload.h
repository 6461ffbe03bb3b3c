// SPDX-License-Identifier: MIT
// A release: the files that are put on the boards, and the name that their content gives it.
//
// A copy of each release stays in the cache for a while, so that a deploy sends just what it has
// read, whatever happens to the sources meanwhile, and so that the next one can be sent as the
// difference to it.
#ifndef PISDK_DEPLOY_PAYLOAD_H
#define PISDK_DEPLOY_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

enum { PAYLOAD_ID = 12 };             // hexadecimal digits of the SHA-256 of its manifest
enum { PAYLOAD_FILES_MAX = 1 << 20 }; // more than anybody puts on a board

// The manifest, in the release's folder: comments, with the digest of the list of all that is in it
// and that list itself ("# KIND MODE PATH TARGET-OF-A-LINK", as find(1) calls kinds), and the lines
// that `sha256sum -c` checks. Names with a newline or a backslash are written as sha256sum(1) does.
#define PAYLOAD_MANIFEST ".pisdk"

enum payload_kind { PAYLOAD_FILE, PAYLOAD_FOLDER, PAYLOAD_LINK };

struct payload_file {
    char *path;   // in the release, relative: "bin/heat"
    char *source; // on the desktop, absolute; NULL for a folder
    char *target; // of a link
    enum payload_kind kind;
    bool program; // executable
    uint64_t size;
    int64_t time; // nanoseconds since 1970
    char sha256[HASH_HEX + 1];
};

struct payload {
    struct payload_file *items; // sorted by path once it is finished
    size_t n;
    uint64_t size; // of all files
    // Once it is finished:
    struct strbuf manifest;
    char sha256[HASH_HEX + 1]; // of the manifest
    char id[PAYLOAD_ID + 1];
};

// Adds the file, link or folder (with all in it) `source` as `path`. A link that leads out of
// `root` (an absolute folder) is ERR_USAGE, as is what is neither of these. What is there under the
// path already stays.
int payload_add(struct payload *r, const char *root, const char *source, const char *path,
                struct err *err) ERR_MUST_CHECK;
// Adds a file with this content, made in the folder `dir`.
int payload_add_text(struct payload *r, const char *dir, const char *path, const char *text,
                     bool program, struct err *err) ERR_MUST_CHECK;
// Adds a link to another path of the release, relative to its own folder.
void payload_add_link(struct payload *r, const char *path, const char *target);
// NULL when there is none of this path.
const struct payload_file *payload_find(const struct payload *r, const char *path);
// Sorts, reads and hashes all files, and names it. ERR_USAGE for a link to what is not in it.
int payload_finish(struct payload *r, struct err *err) ERR_MUST_CHECK;
void payload_release(struct payload *r);

// Copies it to the folder DIR/ID, unless it is there. ERR_FAILED when a file is not any more what
// was hashed.
int payload_keep(const struct payload *r, const char *dir, struct err *err) ERR_MUST_CHECK;
// Is the release in the folder `place`, which came from elsewhere, the one that `id` says?
// ERR_VERIFY when it is not.
int payload_check(const char *place, const char *id, struct err *err) ERR_MUST_CHECK;
// Removes all that are kept in `dir` but the newest `n`.
void payload_forget(const char *dir, size_t n);

bool payload_id_is_valid(const char *text);
// Is a file of this name a shared library?
bool payload_is_library(const char *path);

#endif
