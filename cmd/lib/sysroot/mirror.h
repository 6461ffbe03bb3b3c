// SPDX-License-Identifier: MIT
// Mirrors: where the packages of an origin may be had, and what a suite there contains.
//
// A suite is what its InRelease says, signed by the origin's keyring: nothing else from a mirror is
// believed. InRelease comes from the mirror, or from the cache when that has one from this hour,
// when the network fails, when the mirror's is older than one seen before, or when pisdk works
// offline.
#ifndef PISDK_SYSROOT_MIRROR_H
#define PISDK_SYSROOT_MIRROR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "deb/package.h"
#include "deb/recipe.h"
#include "deb/release.h"
#include "fetch/fetch.h"

// InRelease files that were downloaded together, before anybody asked for them.
struct mirror_prefetched {
    struct strv urls;
    struct strbuf *texts; // empty where it failed
};

struct mirror_options {
    struct fetch_options fetch;
    struct strv mirrors;                        // --mirror and PISDK_MIRROR: instead of all others
    const char *etc_apt;                        // where the desktop's apt configuration is
    const struct mirror_prefetched *prefetched; // may be NULL
    bool ask; // ask the mirror though the cache has an InRelease from this hour
};

struct mirror_suite {
    char *mirror; // the URL that has dists/ and pool/ below it
    char *dist;   // mirror/dists/SUITE
    struct release release;
};

// The mirrors of an origin, in the order in which they are tried: those that the user gave, else
// the recipe's own, else those of the desktop's apt. `suite` tells security archives from others.
// `origin` may be NULL: only its name is known. Beside each Debian mirror that the user gave, the
// security archive is looked for under its usual name, URL-security.
void mirror_candidates(const struct mirror_options *o, const struct recipe_origin *origin,
                       const char *suite, struct strv *out);

// Finds the first mirror that has the suite, with a good signature. 1: an optional origin that no
// mirror has. ERR_VERIFY for a signature or a date; ERR_NOT_FOUND without a mirror (with the hint
// how to give one) or a suite; ERR_NETWORK.
int mirror_open_suite(const struct mirror_options *o, const struct recipe_origin *origin,
                      const char *suite, struct mirror_suite *out, struct err *err) ERR_MUST_CHECK;
void mirror_suite_release(struct mirror_suite *suite);

// Downloads the InRelease files of all suites of the recipe, each from the first mirror that may
// have it, unless the cache's will do.
int mirror_prefetch(const struct mirror_options *o, const struct recipe *recipe,
                    struct mirror_prefetched *out, struct err *err) ERR_MUST_CHECK;
void mirror_prefetched_release(struct mirror_prefetched *p);

// Downloads an index of the suite into the cache, unless it is there.
int mirror_fetch_index(const struct mirror_options *o, const struct mirror_suite *suite,
                       const struct release_file *file, struct err *err) ERR_MUST_CHECK;

// What is to be downloaded.
struct mirror_downloads {
    struct fetch_file *files;
    size_t n;
    uint64_t bytes;
};

// Adds the files of a package that are not in the cache, with all addresses where they may be.
// `recipe` knows origins' own mirrors, and may be NULL; `user` comes back in the files.
void mirror_add_downloads(const struct mirror_options *o, const struct recipe *recipe,
                          const struct package *package, void *user, struct mirror_downloads *out);
void mirror_downloads_release(struct mirror_downloads *d);

#endif
