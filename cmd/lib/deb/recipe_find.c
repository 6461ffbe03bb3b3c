// SPDX-License-Identifier: MIT
// Apart from recipe.c, so that a program that only looks for recipes, or reads locks, needs no hash
// library.

#include <string.h>

#include "base/fs.h"
#include "deb/recipe.h"
#include "deb/text.h"

// The names of all recipes in a folder.
static void add_names(const char *folder, struct strv *names)
{
    _cleanup_strv_ struct strv entries = {0};
    struct err ignored = ERR_INIT;
    if (!folder || fs_list_dir(folder, &entries, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < entries.n; i++) {
        if (str_ends(entries.items[i], ".ini") && strcmp(entries.items[i], "pisdk.ini") != 0) {
            strv_take(names, xstrndup(entries.items[i], strlen(entries.items[i]) - strlen(".ini")));
        }
    }
}

static char *find_file(const char *folder, const char *own, const char *name)
{
    const char *folders[] = {own, folder};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_free_ char *path = folders[i] ? xasprintf("%s/%s.ini", folders[i], name) : NULL;
        if (path && fs_exists(path)) {
            return TAKE_PTR(path);
        }
    }
    return NULL;
}

int recipe_find(const char *folder, const char *own, const char *name, char **file, char **flavour,
                struct err *err)
{
    *file = *flavour = NULL;
    if (strchr(name, '/') || str_ends(name, ".ini")) {
        if (!fs_exists(name)) {
            return err_set(err, ERR_NOT_FOUND, "there is no recipe file %s", name);
        }
        *file = xstrdup(name);
        return 0;
    }
    *file = find_file(folder, own, name);
    for (const char *dash = strchr(name, '-'); !*file && dash; dash = strchr(dash + 1, '-')) {
        _cleanup_free_ char *base = xstrndup(name, (size_t)(dash - name));
        *file = find_file(folder, own, base);
        *flavour = *file ? xstrdup(dash + 1) : NULL;
    }
    if (*file) {
        return 0;
    }
    _cleanup_strv_ struct strv names = {0};
    add_names(own, &names);
    add_names(folder, &names);
    _cleanup_free_ char *known = strv_join(&names, ", ");
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "there is no recipe for `%s`; there are: %s", name, known);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest) : -1;
}

// Does the target, seen from the folder of the link, lie above the sysroot?
static bool leaves(const char *path, const char *target)
{
    struct slice rest = {target, strlen(target)};
    struct slice part;
    long depth = 0;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        depth++;
    }
    while (depth >= 0 && slice_cut(&rest, '/', &part)) {
        depth += slice_is(part, "..") ? -1 : part.n > 0 && !slice_is(part, ".");
    }
    return depth < 0;
}

int recipe_check_link(const char *path, const char *target, struct err *err)
{
    if (!text_is_inner_path(path) || target[0] == '/' || target[0] == '\0' ||
        leaves(path, target)) {
        return err_set(err, ERR_USAGE,
                       "a link is `path = target` with a path below the sysroot and a relative "
                       "target, not `%s = %s`",
                       path, target);
    }
    return 0;
}
