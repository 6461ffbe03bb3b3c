#include "libraries.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"

// The folder that has the newest LLVM's omp.h; NULL: none. The caller frees it.
static char *find_omp(const struct toolset *t)
{
    _cleanup_free_ char *pattern =
        xasprintf("%s/usr/lib/llvm-*/lib/clang/*/include/omp.h", t->root);
    glob_t found;
    char *folder = NULL;
    if (glob(pattern, 0, NULL, &found) == 0) {
        folder = fs_parent(found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
    }
    return folder;
}

static bool add_openmp(const struct toolset *t, struct strv *words)
{
    _cleanup_free_ char *include = find_omp(t);
    if (!include) {
        fputs("error: -fopenmp: the sysroot has no OpenMP library\n"
              "hint: pisdk sysroot add libomp-dev\n",
              stderr);
        return false;
    }
    const char *own = include + strlen(t->root) + strlen("/usr/lib/");
    // Behind Clang's own folder, which has other headers of the same names.
    strv_add_list(words, "-idirafter", include, NULL);
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
