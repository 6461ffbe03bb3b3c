// SPDX-License-Identifier: MIT
// A package chosen for a sysroot, and lists of them.
#ifndef PISDK_DEB_PACKAGE_H
#define PISDK_DEB_PACKAGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

enum package_kind {
    PACKAGE_DEB,    // downloaded and unpacked
    PACKAGE_SOURCE, // downloaded as source, built here
    PACKAGE_COPIED, // files copied from a board; no mirror has it
};

// A file to be downloaded.
struct package_file {
    char *filename; // below the mirror: pool/…
    char sha256[HASH_HEX + 1];
    uint64_t size; // bytes
};

struct package {
    enum package_kind kind;
    char *name, *version, *arch;
    char *origin, *suite;       // which of the recipe's origins it came from, and which suite there
    char *source;               // Debian's source package: "glibc (2.36-9+deb12u10)"
    uint64_t installed_size;    // bytes, as the package says
    struct package_file *files; // one for a .deb; the parts of a source package
    size_t n_files;
    // Of a package that was built or copied: the SHA-256 of its list of files (sysroot/tree.h).
    char contents[HASH_HEX + 1];
    char *script;        // of a package that is built: the name of its script
    char *script_sha256; // … and the SHA-256 of that script with all it needs
    char *built_with;    // … and the compiler, "clang 14.0.6"
    int index;           // which of the resolver's indexes it came from; without meaning elsewhere
};

struct package_list {
    struct package *items; // sorted by name
    size_t n;
};

void package_release(struct package *p);
void package_list_release(struct package_list *list);
void package_list_sort(struct package_list *list);
void package_copy(struct package *to, const struct package *from);

// The package with this name, or NULL.
struct package *package_list_find(const struct package_list *list, const char *name);

struct package_file *package_add_file(struct package *p);

void package_drop_files(struct package *p);

// Bytes to be downloaded for it.
uint64_t package_size(const struct package *p);

#endif
