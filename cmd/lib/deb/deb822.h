// SPDX-License-Identifier: MIT
// Paragraphs of fields: Release, Packages, apt's .sources, pisdk's own manifests.
//
// The format is that of deb-control(5) and sources.list(5). A reader walks over text that the
// caller keeps; paragraphs and fields are slices of it. The content is foreign: nothing is assumed
// of it but its length.
#ifndef PISDK_DEB_DEB822_H
#define PISDK_DEB_DEB822_H

#include <stdbool.h>

#include "base/str.h"

struct deb822_field {
    struct slice name;
    struct slice value; // without the space around it; continuation lines and their newlines stay
};

struct deb822 {
    struct deb822_field *fields;
    size_t n;
};

struct deb822_reader {
    struct slice rest;
    int line; // number of lines read so far
    bool bad; // a line was neither a field nor a continuation
};

void deb822_reader_init(struct deb822_reader *r, const char *text, size_t n);

// The next paragraph; `p` is emptied first. False at the end, or at a malformed line, when `r->bad`
// is set and `r->line` is its number. Lines that start with # are comments.
bool deb822_next(struct deb822_reader *r, struct deb822 *p);

// The value of a field (names are case-insensitive), or a slice with a NULL pointer.
struct slice deb822_get(const struct deb822 *p, const char *name);

void deb822_release(struct deb822 *p);

#endif
