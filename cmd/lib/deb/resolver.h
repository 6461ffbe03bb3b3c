// Which packages a sysroot needs: the dependency closure of the wanted ones, by libsolv.
//
// Package indexes are added first; then one request is solved. Names "taken as provided" count as
// installed in any version, so neither they nor what only they need is chosen.
#ifndef PISDK_DEB_RESOLVER_H
#define PISDK_DEB_RESOLVER_H

#include "base/err.h"
#include "base/str.h"
#include "deb/package.h"

struct resolver;

struct resolver *resolver_new(const char *arch);
void resolver_free(struct resolver *r);

// Adds the text of a Packages file, which must outlive the resolver. `origin` comes back in the
// packages chosen from it. ERR_VERIFY when it is not a Packages file.
int resolver_add_index(struct resolver *r, const char *text, size_t n, int origin,
                       struct err *err) ERR_MUST_CHECK;

// ERR_RESOLVE with the solver's reason, or with the nearest name when a wanted package does not
// exist. Recommended packages are left out.
int resolver_solve(struct resolver *r, const struct strv *wanted, const struct strv *provided,
                   struct package_list *out, struct err *err) ERR_MUST_CHECK;

#endif
