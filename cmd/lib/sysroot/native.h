// SPDX-License-Identifier: MIT
// Programs of another architecture in the place of the release's own: what the desktop's processor
// runs by itself needs no emulation. A sysroot has them beside its own files:
//
//     usr/lib/pisdk/native/ARCH/   in its root, as unpacked: part of the tree and of its digest
//     DATA/sysroots/NAME/native/ARCH/   hard links to them: a layer over the root file system,
//     which
//                                  emulated boards get unless they are pure (sandbox/native.h)
//
// They come from the same signed suites as the release's own packages, in the same version, and
// libraries of each architecture have a folder of their own (Debian's multiarch), so that both are
// at home in one root file system. Which programs is data: [native ARCH] of a recipe.
#ifndef PISDK_SYSROOT_NATIVE_H
#define PISDK_SYSROOT_NATIVE_H

#include <stdbool.h>

#include "base/err.h"
#include "deb/lock.h"
#include "sysroot/mirror.h"
#include "sysroot/tree.h"

#define NATIVE_IN_ROOT "usr/lib/pisdk/native"
#define NATIVE_LAYERS  "native" // in the sysroot's folder

// Chooses all packages of a lock: its own with index_choose, then those of other architectures. A
// package of which another architecture has another version stays emulated, and so does all of an
// architecture that the mirror has not: with a warning.
int native_choose(const struct recipe *recipe, const struct mirror_options *o, const char *data,
                  const struct package_list *favoured, struct lock *lock,
                  struct err *err) ERR_MUST_CHECK;

// After a build that did without nothing and ended for files that the mirror has not, though its
// indexes name them: takes those packages out of a lock that was just solved. A package that only
// brings programs stays emulated; without a library, so does everything of its architecture. False
// when there is nothing to leave out.
bool native_drop_missing(const struct recipe *recipe, const struct mirror_options *o,
                         const char *data, struct lock *lock);

// The same version, but for the number of a rebuild: 1.2-3 and 1.2-3+b1.
bool native_is_same_version(const char *a, const char *b);

// The architecture of a file in the root; NULL: the sysroot's own. `inner` is its path in the
// layer.
const struct lock_native *native_of_path(const struct lock *lock, const char *path,
                                         const char **inner);

// Makes the layers in the sysroot's folder `dir` from the files below `root`, which `tree` lists.
int native_make_layers(const struct lock *lock, const char *dir, int root, const struct tree *tree,
                       struct err *err) ERR_MUST_CHECK;

#endif
