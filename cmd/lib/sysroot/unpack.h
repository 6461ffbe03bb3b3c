// SPDX-License-Identifier: MIT
// Unpacks a .deb into a folder of its own.
//
// Everything is written below a directory handle: a member whose path is absolute, has "..", or
// leads through a symbolic link is refused, and so are devices, fifos and sockets. Modes and the
// times of folders are made the same everywhere (sysroot/tree.h), so setuid bits are gone.
#ifndef PISDK_SYSROOT_UNPACK_H
#define PISDK_SYSROOT_UNPACK_H

#include "base/err.h"
#include "base/str.h"
#include "sysroot/tree.h"

struct unpack_target {
    int root;                     // the folder, empty
    const struct strv *leave_out; // patterns, see deb/recipe.h
    const struct strv *keep;      // exceptions from leave_out
};

// `result` is what is there now, sorted, with all folders. ERR_VERIFY when the package is damaged
// or hostile.
int unpack_deb(const struct unpack_target *t, const char *debfile, struct tree *result,
               struct err *err) ERR_MUST_CHECK;

// The same for the members of a tar whose paths begin with `prefix`, which is taken off. Links at
// the top that merge /usr are left out: every sysroot has them.
int unpack_tar(const struct unpack_target *t, const char *file, const char *prefix,
               struct tree *result, struct err *err) ERR_MUST_CHECK;

#endif
