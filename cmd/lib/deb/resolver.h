// SPDX-License-Identifier: MIT
// Which packages a sysroot needs: the dependency closure of the wanted ones, by libsolv.
//
// Package indexes are added first; then one request is solved. Names "taken as provided" count as
// installed in any version, so neither they nor what only they need is chosen.
#ifndef PISDK_DEB_RESOLVER_H
#define PISDK_DEB_RESOLVER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/str.h"
#include "deb/package.h"

struct resolver;

struct resolver *resolver_new(const char *arch);
void resolver_free(struct resolver *r);

// Adds the text of a Packages file. Returns its number, which comes back in the packages chosen
// from it; -1 with ERR_VERIFY when it is not a Packages file.
int resolver_add_index(struct resolver *r, const char *text, size_t n,
                       struct err *err) ERR_MUST_CHECK;

// An index that was added, as a file that is read ten times as fast, and reading it: libsolv's own
// format. Returns as above; ERR_VERIFY for one that is damaged.
int resolver_save_index(struct resolver *r, int index, FILE *file, struct err *err) ERR_MUST_CHECK;
int resolver_load_index(struct resolver *r, const char *path, struct err *err) ERR_MUST_CHECK;

// Is this version of the package in one of the indexes?
bool resolver_has(const struct resolver *r, const char *name, const char *version);

// ERR_RESOLVE with the solver's reason, or with the nearest name when a wanted package does not
// exist. Recommended packages are left out. Versions in `favoured` are kept where they are still
// available; the others are the newest.
struct resolver_request {
    const struct strv *wanted, *provided;
    const struct strv *preferred;        // names: of several packages that will do, these; or NULL
    const struct package_list *favoured; // or NULL
};
int resolver_solve(struct resolver *r, const struct resolver_request *request,
                   struct package_list *out, struct err *err) ERR_MUST_CHECK;

#endif
