// SPDX-License-Identifier: MIT
// A release as one file that installs itself: a script for sh(1), an archive, and one line with the
// SHA-256 of both in hexadecimal.
//
// A folder PREFIX that it was installed to:
//
//     releases/ID/   the release, with its manifest
//     current        a link to the one in use, which is replaced in one step
//     previous       the one before, if there was one
//     bin            a link to current/bin
//     uninstall
#ifndef PISDK_DEPLOY_BUNDLE_H
#define PISDK_DEPLOY_BUNDLE_H

#include "deploy/payload.h"

struct bundle_names {
    const char *name;    // of the project
    const char *program; // of the project; a script gets a command of the bundle's name. Or NULL
    const char *scripts; // the folder toolchain/bundle
    const char *work;    // a folder for what is between, which must stay as long as the release
};

struct bundle {
    struct bundle_names names;
    const struct payload *release; // finished
    const char *dir;               // where releases are kept, see payload_keep
};

// What only a bundle has, for a release that is not finished yet: links in bin to the programs that
// it brings along, which are to be called by their plain names; and bin/pisdk-env.
int bundle_complete(struct payload *r, const struct bundle_names *names,
                    struct err *err) ERR_MUST_CHECK;

struct bundle_made {
    uint64_t size; // bytes
    char sha256[HASH_HEX + 1];
};

// Writes `file`; the same release gives the same bytes. tar(1), split(1) and gzip(1) are needed.
int bundle_write(const struct bundle *b, const char *file, struct bundle_made *out,
                 struct err *err) ERR_MUST_CHECK;

// What an installer says of itself.
struct bundle_header {
    size_t script, archive; // bytes
    char id[PAYLOAD_ID + 1];
};

// Reads it from a whole file. False: it is not a bundle, or not all of one; then `out` is
// undefined.
bool bundle_header_read(const char *data, size_t n, struct bundle_header *out);

// Unpacks the release in a bundle's file to a folder in `work`, and adds its files to `r`, which is
// not finished yet. `id` gets what it is to come out as. ERR_VERIFY for a file that is damaged, or
// no bundle.
int bundle_read(const char *file, const char *work, struct payload *r, char id[PAYLOAD_ID + 1],
                struct err *err) ERR_MUST_CHECK;

#endif
