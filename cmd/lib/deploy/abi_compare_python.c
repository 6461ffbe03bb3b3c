// SPDX-License-Identifier: MIT
// Extension modules of Python: they are for one minor version, and for numpy's C interface of the
// version that they were built with or newer ones of the same kind
// (https://numpy.org/doc/stable/dev/depending_on_numpy.html).

#include <stdlib.h>
#include <string.h>

#include "deploy/abi_internal.h"

// "1:1.24.2-1+deb12u1" of the sysroot -> 1 and 24. False: it has none.
static bool built_with(const struct abi_advice *advice, long *major, long *minor)
{
    for (size_t i = 0; advice->lock && i < advice->lock->packages.n; i++) {
        const struct package *p = &advice->lock->packages.items[i];
        if (strcmp(p->name, "python3-numpy") == 0 && p->version) {
            const char *colon = strchr(p->version, ':');
            char *end;
            *major = strtol(colon ? colon + 1 : p->version, &end, 10);
            *minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
            return true;
        }
    }
    return false;
}

// What was built with numpy 2 runs with later versions of numpy 1, too.
static bool fits(const char *has, long major, long minor)
{
    char *end;
    long has_major = strtol(has, &end, 10);
    long has_minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    const long oldest_for_2 = 19;
    return has_major == major ? has_minor >= minor
                              : major == 2 && has_major == 1 && has_minor >= oldest_for_2;
}

static void compare_numpy(const struct abi_comparison *c)
{
    const struct abi_python *p = &c->needs->python;
    const char *has = c->answer->numpy;
    const char *more = c->needs->runtime ? "" : ", or --with-runtime";
    long major;
    long minor;
    if (p->numpy.n == 0 || !built_with(c->advice, &major, &minor)) {
        return;
    }
    if (!has) {
        abi_add_row(c, abi_name_files(&p->numpy), xstrdup("numpy"), xstrdup("no numpy"),
                    xasprintf("`sudo apt install python3-numpy` on the board%s", more));
    } else if (!fits(has, major, minor)) {
        abi_add_row(c, abi_name_files(&p->numpy), xasprintf("numpy %ld.%ld", major, minor),
                    xasprintf("numpy %s", has), abi_solve_release(c));
    }
}

void abi_python_compare(const struct abi_comparison *c)
{
    const struct abi_python *p = &c->needs->python;
    if (!p->version) {
        return;
    }
    if (strv_has(&c->answer->pythons, p->version)) {
        compare_numpy(c);
        return;
    }
    _cleanup_free_ char *others = strv_join(&c->answer->pythons, ", ");
    abi_add_row(c, abi_name_files(&p->files), xasprintf("Python %s", p->version),
                *others ? xasprintf("Python %s", others) : xstrdup("no Python"),
                abi_solve_release(c));
}
