// SPDX-License-Identifier: MIT
#include "libraries.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"

// Meson before 1.1 knows versions of OpenMP up to 5.0, and takes a later one for none.
static bool names_file_of_meson(const struct strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        if (strstr(words->items[i], "/meson-private/")) {
            return true;
        }
    }
    return false;
}

static bool add_openmp(const struct toolset *t, struct strv *words)
{
    if (!t->openmp) {
        fputs("error: -fopenmp: the sysroot has no OpenMP library\n"
              "hint: pisdk sysroot add libomp-dev\n",
              stderr);
        return false;
    }
    const char *own = t->openmp + strlen(t->root) + strlen("/usr/lib/");
    if (strv_has(words, "-E") && names_file_of_meson(words)) {
        strv_add(words, "-fopenmp-version=50");
    }
    if (!command_only_compiles(words)) {
        strv_addf(words, "-L%s/usr/lib/%.*s/lib", t->root, (int)strcspn(own, "/"), own);
    }
    return true;
}

static bool has_fortran(const struct toolset *t)
{
    _cleanup_free_ char *pattern = xasprintf("%s/usr/lib/%s/libgfortran.so.*", t->root, t->triple);
    glob_t found;
    bool has = glob(pattern, 0, NULL, &found) == 0;
    if (has) {
        globfree(&found);
    } else {
        fputs("error: programs in Fortran need libgfortran5, which the sysroot does not have\n"
              "hint: pisdk sysroot add libgfortran5\n",
              stderr);
    }
    return has;
}

static bool has_openmp_flag(const struct strv *words)
{
    return strv_has(words, "-fopenmp") || strv_has(words, "-fopenmp=libomp");
}

bool libraries_are_there(const struct toolset *t, enum language language, struct strv *words)
{
    if (language == LANGUAGE_FORTRAN) {
        bool links = words->n > 0 && !command_only_compiles(words) && !strv_has(words, "-v") &&
                     !strv_has(words, "--version") && !strv_has(words, "-static") &&
                     !strv_has(words, "-static-libgfortran");
        return !links || has_fortran(t);
    }
    return !has_openmp_flag(words) || add_openmp(t, words);
}
