// SPDX-License-Identifier: MIT
// What a sysroot is made of: sysroot-scripts/RELEASE.ini, or a user's own file like it.
//
//     [release]   title, arch (Debian's), triple, ranks_max (what its MPI can start on a board)
//                 needs_exec (yes: its mpirun starts programs of the target by itself)
//                 include (other recipes, read at this place; what comes later wins, lists grow)
//                 flags (compiler flags that all of the release's libraries are built with)
//                 mpi (the flavours of MPI that it can have, the default one first: each is a file
//                 mpi/FLAVOUR.ini)
//     [origin N]  suites, components, keyring, mirror (optional), optional (yes: left out when the
//                 mirror does not have it)
//     [packages]  wanted, provided (taken as provided: not installed, nor what only they need),
//                 preferred (of packages of which any will do)
//     [source N]  a package that is built from source: package, origin, suite, script (a file like
//                 source/openmpi.ini, see sysroot/source_script.h)
//     [native ARCH]  programs of another architecture that the desktop can run by itself, in the
//     place
//                 of the release's own: triple, libraries (patterns: what they need), provided (as
//                 above, of that architecture alone), and the other keys are packages, each with
//                 the paths of its programs, see sysroot/native.h
//     [paths]     leave_out, keep (patterns of fnmatch(3) on paths without the leading /)
//     [generated] byte_code (the same kind of patterns: Python files that are compiled, see
//                 sysroot/bytecode.h)
//     [links]     path = target: the links that the packages' scripts would make
//     [alternatives]  the same, for packages that may be added: made where the target is there and
//                 nothing else has the path; the first one that can be made counts
//     [environment]  NAME = VALUE for emulated programs, see sandbox/environment.h
//     [rootless]     the same, only where they run without a root file system of their own
//
// Files that a recipe names are looked for beside it, then among pisdk's own recipes.
#ifndef PISDK_DEB_RECIPE_H
#define PISDK_DEB_RECIPE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct recipe_origin {
    char *name;
    struct strv suites, components;
    char *keyring; // absolute path
    char *mirror;  // URL, or NULL: the desktop's Debian mirror
    bool optional;
};

struct recipe_source {
    char *name, *package, *origin, *suite;
    char *script; // absolute path
};

// Of one package: which of its programs are run natively.
struct recipe_programs {
    char *package;
    struct strv paths; // patterns
};

struct recipe_native {
    char *arch, *triple; // Debian's names
    struct strv libraries, provided;
    struct recipe_programs *programs;
    size_t n_programs;
};

struct recipe_link {
    char *path, *target;
    bool optional; // of [alternatives]
};

struct recipe {
    char *name; // of the sysroot: the file's name without .ini, and -FLAVOUR unless it is the first
    char *base; // the file's name without .ini
    char *file;
    char *title, *arch, *triple;
    char *ranks_max; // a number, or NULL: no limit
    bool needs_exec; // ranks cannot be started where programs cannot start others
    char *flavour;   // of MPI, or NULL: none
    struct strv flavours;
    struct strv flags;
    struct recipe_origin *origins;
    size_t n_origins;
    struct recipe_source *sources;
    size_t n_sources;
    struct recipe_native *natives;
    size_t n_natives;
    struct strv wanted, provided, preferred, leave_out, keep, bytecode;
    struct strv environment, rootless; // NAME=VALUE
    struct recipe_link *links;
    size_t n_links;
    char sha256[HASH_HEX + 1]; // of all files read: a sysroot is up to date when built from these
};

// `file` is the recipe's path, `folder` where pisdk's own recipes are, `flavour` NULL for the
// default one. `addition` is another file of `folder`, read last, that makes more of the release
// (then the name ends in -ADDITION, without .ini); or NULL. ERR_USAGE with file and line when one
// is broken, or there is no such flavour.
int recipe_read(const char *folder, const char *file, const char *flavour, const char *addition,
                struct recipe *out, struct err *err) ERR_MUST_CHECK;
void recipe_release(struct recipe *r);

const struct recipe_origin *recipe_find_origin(const struct recipe *r, const char *name);

// A link of [links], as it must be: below the sysroot, with a relative target. ERR_USAGE.
int recipe_check_link(const char *path, const char *target, struct err *err) ERR_MUST_CHECK;

// The recipe that the user means by `name`: a path when it has a slash or ends in .ini, else one
// of the recipes in `own` (may be NULL: a project's) or `folder`. "bookworm-mpich" is bookworm with
// flavour mpich; `flavour` is NULL where the name has none. ERR_NOT_FOUND, with the nearest name as
// hint.
int recipe_find(const char *folder, const char *own, const char *name, char **file, char **flavour,
                struct err *err) ERR_MUST_CHECK;

#endif
