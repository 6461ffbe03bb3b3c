// What a sysroot is made of: sysroot-scripts/RELEASE.ini, or a user's own file like it.
//
//     [release]   title, arch (Debian's), triple, ranks_max (what its MPI can start on a board)
//     [origin N]  suites, components, keyring, mirror (optional)
//     [packages]  wanted, provided (taken as provided: not installed, nor what only they need)
//     [paths]     leave_out, keep (patterns of fnmatch(3) on paths without the leading /)
//     [links]     path = target: the links that the packages' scripts would make
//     [environment]  NAME = VALUE for emulated programs, see sandbox/environment.h
//     [rootless]     the same, only where they run without a root file system of their own
#ifndef PISDK_DEB_RECIPE_H
#define PISDK_DEB_RECIPE_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct recipe_origin {
    char *name;
    struct strv suites, components;
    char *keyring; // absolute path
    char *mirror;  // URL, or NULL: the desktop's Debian mirror
};

struct recipe_link {
    char *path, *target;
};

struct recipe {
    char *name; // the file's name without .ini; the sysroot gets it
    char *file;
    char *title, *arch, *triple;
    char *ranks_max; // a number, or NULL: no limit
    struct recipe_origin *origins;
    size_t n_origins;
    struct strv wanted, provided, leave_out, keep;
    struct strv environment, rootless; // NAME=VALUE
    struct recipe_link *links;
    size_t n_links;
    char sha256[HASH_HEX + 1]; // of the file: a sysroot is up to date when it was built from it
};

// `file` is the recipe's path. ERR_USAGE with file and line when it is broken.
int recipe_read(const char *file, struct recipe *out, struct err *err) ERR_MUST_CHECK;
void recipe_release(struct recipe *r);

// The recipe that the user means by `name`: a path when it has a slash or ends in .ini, else one
// of the recipes in `folder`. ERR_NOT_FOUND, with the nearest name as hint.
int recipe_find(const char *folder, const char *name, char **file, struct err *err) ERR_MUST_CHECK;

#endif
