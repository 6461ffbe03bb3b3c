// From a mirror's signed Release files to its package indexes.
//
// For each origin and suite of a recipe: InRelease (downloaded, or from the cache when the network
// fails), its signature by gpgv, then the Packages file that it names, by hash.
#ifndef PISDK_SYSROOT_INDEX_H
#define PISDK_SYSROOT_INDEX_H

#include "base/err.h"
#include "base/str.h"
#include "deb/recipe.h"
#include "fetch/fetch.h"

struct index_text {
    struct strbuf text; // of the Packages file
    int origin;         // index into recipe->origins
};

struct index_set {
    struct index_text *items;
    size_t n;
    struct strv mirrors; // one for each origin of the recipe: where its packages are
};

struct index_options {
    const struct fetch_options *fetch;
    const char *mirror;  // --mirror or PISDK_MIRROR, or NULL
    const char *etc_apt; // where the desktop's apt configuration is
    struct log *log;
};

// ERR_VERIFY for a signature, date or hash; ERR_NOT_FOUND without a mirror (with the hint how to
// give one) or when the mirror has no such suite; ERR_NETWORK.
int index_load(const struct recipe *recipe, const struct index_options *o, struct index_set *out,
               struct err *err) ERR_MUST_CHECK;
void index_release(struct index_set *set);

#endif
