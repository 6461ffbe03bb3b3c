// SPDX-License-Identifier: MIT
#include "sysroot/path.h"

#include <fnmatch.h>
#include <string.h>

#include "base/str.h"

// The members of a path in order, "." and empty ones left out. `up` says what ".." does.
enum up { UP_REFUSED, UP_ALLOWED };

static int split(const char *path, enum up up, struct strv *parts)
{
    struct slice rest = {path, strlen(path)};
    struct slice part;
    while (slice_cut(&rest, '/', &part)) {
        if (part.n == 0 || slice_is(part, ".")) {
            continue;
        }
        if (!slice_is(part, "..")) {
            strv_take(parts, slice_dup(part));
            continue;
        }
        if (up == UP_REFUSED || parts->n == 0) {
            return -1;
        }
        free(parts->items[--parts->n]);
        parts->items[parts->n] = NULL;
    }
    return 0;
}

static char *join_merged(const struct strv *parts)
{
    static const char *const merged[] = {"bin", "sbin", "lib", "lib64"};
    char *path = strv_join(parts, "/");
    for (size_t i = 0; parts->n && i < ARRAY_SIZE(merged); i++) {
        if (strcmp(parts->items[0], merged[i]) == 0) {
            char *below_usr = xasprintf("usr/%s", path);
            free(path);
            return below_usr;
        }
    }
    return path;
}

int sysroot_path_of_member(const char *member, char **out, struct err *err)
{
    _cleanup_strv_ struct strv parts = {0};
    if (member[0] == '/') {
        return err_set(err, ERR_VERIFY, "member `%s` has an absolute path", member);
    }
    if (split(member, UP_REFUSED, &parts) != 0) {
        return err_set(err, ERR_VERIFY, "member `%s` leaves the package with `..`", member);
    }
    *out = join_merged(&parts);
    return 0;
}

char *sysroot_path_relative(const char *from, const char *to)
{
    _cleanup_strv_ struct strv a = {0};
    _cleanup_strv_ struct strv b = {0};
    struct strbuf out = {0};
    size_t common = 0;

    (void)split(from, UP_ALLOWED, &a);
    (void)split(to, UP_ALLOWED, &b);
    while (common + 1 < a.n && common < b.n && strcmp(a.items[common], b.items[common]) == 0) {
        common++;
    }
    for (size_t i = common; i + 1 < a.n; i++) {
        strbuf_adds(&out, "../");
    }
    for (size_t i = common; i < b.n; i++) {
        strbuf_addf(&out, "%s%s", b.items[i], i + 1 < b.n ? "/" : "");
    }
    if (out.len == 0) {
        strbuf_adds(&out, ".");
    } else if (out.data[out.len - 1] == '/') {
        out.data[--out.len] = '\0';
    }
    return strbuf_take(&out);
}

int sysroot_path_of_link(const char *member, const char *target, char **out, struct err *err)
{
    _cleanup_free_ char *place = NULL; // of the link, in the sysroot
    _cleanup_strv_ struct strv parts = {0};
    bool absolute = target[0] == '/';

    if (sysroot_path_of_member(member, &place, err) != 0) {
        return -1;
    }
    // The target is resolved where the package has the link, before /usr is merged.
    if (!absolute) {
        (void)split(member, UP_REFUSED, &parts);
        if (parts.n) {
            free(parts.items[--parts.n]);
            parts.items[parts.n] = NULL;
        }
    }
    if (target[0] == '\0' || split(target, UP_ALLOWED, &parts) != 0) {
        return err_set(err, ERR_VERIFY, "symbolic link `%s` -> `%s` leaves the sysroot", member,
                       target);
    }
    _cleanup_free_ char *resolved = join_merged(&parts);
    *out = sysroot_path_relative(place, resolved);
    return 0;
}

bool sysroot_path_matches(const struct strv *patterns, const char *path)
{
    for (size_t i = 0; i < patterns->n; i++) {
        if (fnmatch(patterns->items[i], path, 0) == 0) {
            return true;
        }
    }
    return false;
}
