// SPDX-License-Identifier: MIT
// JSON files that belong to somebody else, and that something is added to: settings of editors.
#ifndef PISDK_PROJECT_JSON_MERGE_H
#define PISDK_PROJECT_JSON_MERGE_H

#include <stddef.h>

#include "base/err.h"

// Adds to the `n` bytes of `text` what `wanted` (an object, as text) has and it lacks. What it has,
// it keeps: of a key, its value; of a list, its elements. An element of a list is the same when it
// is equal, or has the same "label", "name" or "id". The new text, which the caller frees, is NULL
// when nothing is added. ERR_FAILED with the line when `text` is not an object in plain JSON: it
// has comments, say, which would be lost.
int json_merge(const char *text, size_t n, const char *wanted, char **out,
               struct err *err) ERR_MUST_CHECK;

#endif
