// SPDX-License-Identifier: MIT
// pisdk.lock: just what a sysroot is made of, so that it comes out the same anywhere.
//
// deb822 (deb-control(5)): one paragraph about the sysroot, then one a package. It is in a project,
// beside pisdk.ini, and in every sysroot, where it says what was built. It names no host: packages
// are found below any mirror of their origin.
//
//     Format: 1                  2 where there are native programs; a later pisdk may write 3
//     Sysroot, Recipe, Flavour   its name; what it was made from; which MPI
//     Title, Architecture, Triple, Flags, Ranks-Max, Needs-Exec, Environment, Rootless, Links,
//     Alternatives, Leave-Out, Keep, Byte-Code
//                                see deb/recipe.h
//     Native                     a line an architecture: its name, triple, patterns of what is
//     taken
//                                of its packages, which are below like the others
//     Added                      packages asked for on top of the recipe's
//     Recipe-SHA256              of the recipe's files when it was solved
//     Tree-SHA256, Tree-Size     of the finished tree (sysroot/tree.h), once it was built
//     Built-Tree-SHA256          in a sysroot only: see below
//
//     Package, Version, Architecture, Origin, Suite, Source, Size, Installed-Size, SHA256, Filename
//     Files (of a source package: "SHA-256 SIZE NAME" a line), Script, Script-SHA256, Built-With,
//     Contents-SHA256            see deb/package.h
#ifndef PISDK_DEB_LOCK_H
#define PISDK_DEB_LOCK_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "deb/package.h"
#include "deb/recipe.h"

#define LOCK_FILE       "pisdk.lock"
#define LOCK_BOARD_FILE "pisdk-cluster.lock" // of the boards of an emulated cluster

enum { LOCK_MAX = 16 << 20 }; // bytes of the file

// Programs of another architecture, see sysroot/native.h.
struct lock_native {
    char *arch, *triple;
    struct strv files; // patterns of what is unpacked
    struct package_list packages;
};

struct lock {
    char *name;   // of the sysroot
    char *recipe; // "bookworm"; a user's own file is looked for in the project
    char *flavour;
    char *title, *arch, *triple;
    long ranks_max;  // what its MPI can start on one board; 0: no limit
    bool needs_exec; // see deb/recipe.h
    struct strv added, flags, leave_out, keep, bytecode;
    struct strv environment, rootless; // NAME=VALUE for emulated programs
    struct recipe_link *links;
    size_t n_links;
    char recipe_sha256[HASH_HEX + 1];
    char tree_sha256[HASH_HEX + 1]; // "" before it was built
    // In a sysroot whose tree came out otherwise than its lock says, as another compiler built a
    // part of it: what it is. Else "".
    char built_sha256[HASH_HEX + 1];
    uint64_t tree_size; // bytes of all files
    struct package_list packages;
    struct lock_native *natives;
    size_t n_natives;
};

// ERR_NOT_FOUND without the file; ERR_VERIFY, with file and line, for one that no pisdk has
// written; ERR_FAILED for a format that is newer than this pisdk.
int lock_read(const char *path, struct lock *out, struct err *err) ERR_MUST_CHECK;
int lock_parse(const char *path, const char *text, size_t n, struct lock *out,
               struct err *err) ERR_MUST_CHECK;

// The text of the file; the same for the same content. `with_tree` false leaves out what is known
// only after the sysroot was built.
void lock_format(const struct lock *lock, bool with_tree, struct strbuf *out);
int lock_write(const char *path, const struct lock *lock, struct err *err) ERR_MUST_CHECK;

// The head of a lock, from a recipe: all but the packages. `added` may be NULL.
void lock_from_recipe(const struct recipe *recipe, const struct strv *added, struct lock *out);

// Adds an architecture; its packages are the caller's to fill in. `files` is copied.
struct lock_native *lock_add_native(struct lock *lock, const char *arch, const char *triple,
                                    const struct strv *files);

void lock_release_native(struct lock_native *n);

// The digest that the tree of a sysroot with this lock has.
const char *lock_tree_digest(const struct lock *lock);

// Same packages, links, settings: the same tree would be built.
bool lock_is_same(const struct lock *a, const struct lock *b);

void lock_release(struct lock *lock);

#endif
