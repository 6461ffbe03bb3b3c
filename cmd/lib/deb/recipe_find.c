// Apart from recipe.c, so that a program that only looks for recipes needs no hash library.

#include <string.h>

#include "base/fs.h"
#include "deb/recipe.h"

int recipe_find(const char *folder, const char *name, char **file, struct err *err)
{
    if (strchr(name, '/') || str_ends(name, ".ini")) {
        if (!fs_exists(name)) {
            return err_set(err, ERR_NOT_FOUND, "there is no recipe file %s", name);
        }
        *file = xstrdup(name);
        return 0;
    }
    _cleanup_free_ char *path = xasprintf("%s/%s.ini", folder, name);
    if (fs_exists(path)) {
        *file = TAKE_PTR(path);
        return 0;
    }
    _cleanup_strv_ struct strv entries = {0};
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    if (fs_list_dir(folder, &entries, &ignored) == 0) {
        for (size_t i = 0; i < entries.n; i++) {
            if (str_ends(entries.items[i], ".ini")) {
                strv_take(&names,
                          xstrndup(entries.items[i], strlen(entries.items[i]) - strlen(".ini")));
            }
        }
    }
    _cleanup_free_ char *known = strv_join(&names, ", ");
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "there is no recipe for `%s`; there are: %s", name, known);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest) : -1;
}
