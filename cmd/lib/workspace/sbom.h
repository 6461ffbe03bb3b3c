// SPDX-License-Identifier: MIT
// A software bill of materials: SPDX 2.3 in JSON, https://spdx.github.io/spdx-spec/v2.3/
#ifndef PISDK_WORKSPACE_SBOM_H
#define PISDK_WORKSPACE_SBOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "deb/lock.h"

struct sbom_subject {
    const char *kind; // "Sysroot", "Bundle"
    const char *name, *version, *description;
    const char *space; // a URI that no other document has
    const char *root;  // of the sysroot, which has the packages' copyright files
    const struct package_list *packages;
    const bool *is_in;                 // which of them; NULL: all
    const struct lock_native *natives; // further ones, of other architectures, n_natives of these
    size_t n_natives;
    int64_t created; // seconds since 1970, unless SOURCE_DATE_EPOCH says otherwise; 0: now
};

// Appends the document.
void sbom_format(const struct sbom_subject *s, struct strbuf *out);

#endif
