// SPDX-License-Identifier: MIT
// From mirrors to packages: what there is, what is chosen, where a source package is.
#ifndef PISDK_SYSROOT_INDEX_H
#define PISDK_SYSROOT_INDEX_H

#include "base/err.h"
#include "deb/lock.h"
#include "deb/recipe.h"
#include "sysroot/mirror.h"

// Chooses the packages of `lock`, whose head is filled in: the recipe's and those of lock->added,
// in the versions of `favoured` (may be NULL) where they are still available. Source packages that
// the recipe builds are in it as well, not yet built. `data` is the user's data folder: indexes are
// kept there in a form that is read fast.
// ERR_RESOLVE with the solver's reasons, and all errors of mirror_open_suite.
int index_choose(const struct recipe *recipe, const struct mirror_options *o, const char *data,
                 const struct package_list *favoured, struct lock *lock,
                 struct err *err) ERR_MUST_CHECK;

// Packages that have all the words, in any case: in the name, or at the beginning of a word of the
// description's first line.
struct index_query {
    const struct strv *words;
    void (*on_package)(void *user, struct slice name, struct slice version,
                       struct slice description);
    void *user;
};
int index_search(const struct recipe *recipe, const struct mirror_options *o,
                 const struct index_query *query, struct err *err) ERR_MUST_CHECK;

// The origin of packages that a board has and no mirror.
#define INDEX_BOARD "board"

// The same for a board whose dpkg has this status file: the recipe's packages and every -dev
// package of the board, all in the board's versions where these can be had. Those that only the
// board has are PACKAGE_COPIED, without a digest yet.
int index_choose_installed(const struct recipe *recipe, const struct mirror_options *o,
                           const char *data, const struct strbuf *status, struct lock *lock,
                           struct err *err) ERR_MUST_CHECK;

// The names of the installed packages of a status file.
void index_installed(const struct strbuf *status, struct strv *names);

#endif
