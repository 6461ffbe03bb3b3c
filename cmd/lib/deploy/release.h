// A release: the files that are put on the boards, and the name that their content gives it.
#ifndef PISDK_DEPLOY_RELEASE_H
#define PISDK_DEPLOY_RELEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

enum { RELEASE_ID = 12 }; // hexadecimal digits of the SHA-256 of its manifest

enum release_kind { RELEASE_FILE, RELEASE_FOLDER, RELEASE_LINK };

struct release_file {
    char *path;   // in the release, relative: "bin/heat"
    char *source; // on the desktop, absolute; NULL for a folder
    char *target; // of a link
    enum release_kind kind;
    bool program; // executable
    uint64_t size;
    int64_t time; // nanoseconds since 1970
    char sha256[HASH_HEX + 1];
};

struct release {
    struct release_file *items; // sorted by path once it is finished
    size_t n;
    uint64_t size;           // of all files
    char id[RELEASE_ID + 1]; // once it is finished
};

// Adds the file, link or folder (with all in it) `source` as `path`. A link that leads out of
// `root` (an absolute folder) is ERR_USAGE. What is there under the path already stays.
int release_add(struct release *r, const char *root, const char *source, const char *path,
                struct err *err) ERR_MUST_CHECK;
// Adds a file with this content, made in the folder `dir`.
int release_add_text(struct release *r, const char *dir, const char *path, const char *text,
                     bool program, struct err *err) ERR_MUST_CHECK;
// Sorts, reads and hashes all files, and names it.
int release_finish(struct release *r, struct err *err) ERR_MUST_CHECK;
void release_release(struct release *r);

#endif
