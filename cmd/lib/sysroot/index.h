// From mirrors to packages: what there is, what is chosen, where a source package is.
#ifndef PISDK_SYSROOT_INDEX_H
#define PISDK_SYSROOT_INDEX_H

#include "base/err.h"
#include "deb/lock.h"
#include "deb/recipe.h"
#include "sysroot/mirror.h"

// Chooses the packages of `lock`, whose head is filled in: the recipe's and those of lock->added,
// in the versions of `favoured` (may be NULL) where they are still to be had. Source packages that
// the recipe builds are in it as well, not yet built. `data` is the user's data folder: indexes are
// kept there in a form that is read fast.
// ERR_RESOLVE with the solver's reasons, and all errors of mirror_open_suite.
int index_choose(const struct recipe *recipe, const struct mirror_options *o, const char *data,
                 const struct package_list *favoured, struct lock *lock,
                 struct err *err) ERR_MUST_CHECK;

#endif
