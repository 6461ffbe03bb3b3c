// A package chosen for a sysroot, and lists of them.
#ifndef PISDK_DEB_PACKAGE_H
#define PISDK_DEB_PACKAGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct package {
    char *name, *version, *arch;
    char *filename; // below the mirror: pool/…
    char sha256[HASH_HEX + 1];
    uint64_t size;           // of the .deb, bytes
    uint64_t installed_size; // bytes, as the package says
    int origin;              // which of the recipe's indexes it came from
};

struct package_list {
    struct package *items; // sorted by name
    size_t n;
};

void package_list_release(struct package_list *list);

#endif
