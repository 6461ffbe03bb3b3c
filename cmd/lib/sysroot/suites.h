// The package indexes of all suites of a recipe, fetched and expanded side by side: most of the
// time goes by waiting for mirrors.
#ifndef PISDK_SYSROOT_SUITES_H
#define PISDK_SYSROOT_SUITES_H

#include "base/err.h"
#include "deb/recipe.h"
#include "sysroot/mirror.h"

// One component of one suite.
struct suite_index {
    const struct recipe_origin *origin; // of the recipe
    const char *suite;
    char sha256[HASH_HEX + 1]; // of the packed index, as the signed Release file gives it
    struct strbuf text;        // of the Packages file; nothing when `is_known` said so
};

struct suite_list {
    struct suite_index *items; // in the recipe's order
    size_t n;
};

struct suites_options {
    const struct mirror_options *mirror;
    // May say that an index with this hash need not be fetched and expanded. From any thread.
    bool (*is_known)(void *user, const char *sha256);
    void *user;
};

// Suites of optional origins that no mirror has, or has no usable index of, are left out, with a
// warning. Else the errors of mirror_open_suite, of the first suite in the recipe's order.
// Signals are held back by the caller (proc_stop_hold): programs are started from threads.
int suites_fetch(const struct recipe *recipe, const struct suites_options *o,
                 struct suite_list *out, struct err *err) ERR_MUST_CHECK;
void suites_release(struct suite_list *list);

#endif
