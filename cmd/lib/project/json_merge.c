// SPDX-License-Identifier: MIT
#include "project/json_merge.h"

#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { INDENT = 4, PRECISION = 15 /* 1.1 stays 1.1 */ };

static bool same_element(const json_t *a, const json_t *b)
{
    static const char *const names[] = {"label", "name", "id"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const json_t *mine = json_object_get(a, names[i]);
        if (mine) {
            return json_equal(mine, json_object_get(b, names[i]));
        }
    }
    return json_equal(a, b);
}

static size_t add_elements(json_t *to, json_t *wanted)
{
    size_t i;
    size_t added = 0;
    json_t *element;
    json_array_foreach (wanted, i, element) {
        bool found = false;
        for (size_t k = 0; k < json_array_size(to) && !found; k++) {
            found = same_element(element, json_array_get(to, k));
        }
        if (!found) {
            json_array_append(to, element);
            added++;
        }
    }
    return added;
}

// As deep as `wanted` is, which is ours.
static size_t add_members(json_t *to, json_t *wanted) // NOLINT(misc-no-recursion)
{
    const char *key;
    size_t added = 0;
    json_t *value;
    json_object_foreach (wanted, key, value) {
        json_t *has = json_object_get(to, key);
        if (!has) {
            json_object_set(to, key, value);
            added++;
        } else if (json_is_object(has) && json_is_object(value)) {
            added += add_members(has, value);
        } else if (json_is_array(has) && json_is_array(value)) {
            added += add_elements(has, value);
        }
    }
    return added;
}

int json_merge(const char *text, size_t n, const char *wanted, char **out, struct err *err)
{
    json_error_t error;
    json_t *to = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    json_t *from = json_loads(wanted, 0, NULL);
    int r = 0;

    *out = NULL;
    if (!to) {
        bool comment = strstr(error.text, "near '/'") != NULL;
        r = err_set(err, ERR_FAILED, "line %d is not plain JSON: %s%s", error.line, error.text,
                    comment ? " (comments would be lost)" : "");
    } else if (!json_is_object(to) || !json_is_object(from)) {
        r = err_set(err, ERR_FAILED, "it is not a JSON object");
    } else if (add_members(to, from) > 0) {
        char *merged = json_dumps(to, JSON_INDENT(INDENT) | JSON_REAL_PRECISION(PRECISION));
        *out = xasprintf("%s\n", merged);
        free(merged);
    }
    json_decref(to);
    json_decref(from);
    return r;
}
