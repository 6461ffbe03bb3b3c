// A way of building: optimised or not, with sanitizers, for coverage, with link-time optimisation.
#ifndef PISDK_TARGET_VARIANT_H
#define PISDK_TARGET_VARIANT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct variant {
    bool debug, lto, coverage;
    struct strv sanitize; // "address", "undefined"; sorted
};

// Reads "address,undefined". ERR_USAGE for a name that is none.
int variant_read_sanitize(const char *text, struct variant *v, struct err *err) ERR_MUST_CHECK;

// "release", "debug", "debug-undefined", "release-coverage-lto": a part of the build folder's name.
// The caller frees it.
char *variant_name(const struct variant *v);

// Does it need parts of Clang's runtime library for the board?
bool variant_needs_runtime(const struct variant *v);

// Clang's flags for it. `folder` is the project's, NULL for none: with one, nothing of where it is
// gets into what is made, and what is made can be debugged.
void variant_flags(const struct variant *v, const char *folder, const char *name,
                   struct strv *compile, struct strv *link);

// -O and the like, for build systems that have no build types of their own. The caller frees it.
char *variant_optimisation(const struct variant *v);

// Where debug information says that the sources of a project of this name are. The caller frees it.
char *variant_source_place(const char *name);

void variant_release(struct variant *v);

#endif
