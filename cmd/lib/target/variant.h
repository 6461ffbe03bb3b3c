// SPDX-License-Identifier: MIT
// A way of building: optimised or not, with sanitizers, for coverage, with link-time optimisation.
#ifndef PISDK_TARGET_VARIANT_H
#define PISDK_TARGET_VARIANT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

// Among the link flags: keeps Clang from adding its own run-time libraries of sanitizers. It turns
// them off altogether, so a command that compiles as well needs another one.
#define VARIANT_NO_RUNTIME         "-fno-sanitize=all"
#define VARIANT_NO_RUNTIME_COMPILE "-fno-sanitize-link-runtime"

struct variant {
    bool debug, lto, coverage;
    struct strv sanitize; // "address", "undefined"; sorted
};

// Reads "address,undefined". ERR_USAGE for an unknown name.
int variant_read_sanitize(const char *text, struct variant *v, struct err *err) ERR_MUST_CHECK;

// "release", "debug", "debug-undefined", "release-coverage-lto": a part of the build folder's name.
// The caller frees it.
char *variant_name(const struct variant *v);
// The other way round. False where it is not such a name.
bool variant_read_name(const char *name, struct variant *v);

// The archive that counters of coverage need: Clang's own, of just this major version, since the
// counters' format changes with each. NULL when the sysroot does not have it; the caller frees it.
char *variant_profile_runtime(const char *root, const char *triple, int version);

// What the flags depend on.
struct variant_paths {
    const char *folder;  // of the project; NULL: none. With one, nothing of where it is gets into
                         // what is made, and what is made can be debugged.
    const char *name;    // of the project
    const char *root;    // of the sysroot
    const char *runtime; // see variant_profile_runtime; NULL: nothing is counted
};

// Clang's flags for it.
void variant_flags(const struct variant *v, const struct variant_paths *place, struct strv *compile,
                   struct strv *link);

// Is it optimised? Counters of coverage tell of the lines as they are written only without.
bool variant_is_optimised(const struct variant *v);

// Where debug information says that the sources of a project of this name are. The caller frees it.
char *variant_source_place(const char *name);

void variant_release(struct variant *v);

#endif
