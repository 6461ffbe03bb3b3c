// SPDX-License-Identifier: MIT
#include "target/mpi.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

// Where libmpi.so is: the alternative may be a link to another folder.
static char *library_folder(const char *libraries)
{
    _cleanup_free_ char *link = fs_join(libraries, "libmpi.so");
    char target[PATH_MAX];
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    if (n <= 0) {
        return xstrdup(libraries);
    }
    target[n] = '\0';
    _cleanup_free_ char *place = fs_parent(target);
    return strcmp(place, ".") == 0 ? xstrdup(libraries) : fs_join(libraries, place);
}

static void add_library(struct strv *to, const char *folder, const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/lib%s.so", folder, name);
    if (fs_exists(path)) {
        strv_add(to, name);
    }
}

static void find_libraries(struct toolset *t, const char *folder)
{
    static const char *const fortran[] = {"mpi_usempif08", "mpi_usempi_ignore_tkr", "mpi_mpifh"};
    bool mpich = strcmp(t->mpi, "mpich") == 0;
    const char *own = mpich ? "mpich" : "mpi";

    strv_add(&t->mpi_c, own);
    add_library(&t->mpi_cxx, folder, mpich ? "mpichcxx" : "mpi_cxx");
    strv_add(&t->mpi_cxx, own);
    for (size_t i = 0; i < ARRAY_SIZE(fortran) && !mpich; i++) {
        add_library(&t->mpi_fortran, folder, fortran[i]);
    }
    add_library(&t->mpi_fortran, folder, "mpichfort");
    if (t->mpi_fortran.n) {
        strv_add(&t->mpi_fortran, own);
    }
}

// gfortran's module files, in a folder named after their format: 15 since GCC 8, 16 from GCC 15.
static void find_modules(struct toolset *t, const char *libraries)
{
    for (int format = 15; format <= 20; format++) {
        _cleanup_free_ char *folder =
            xasprintf("%s/fortran/gfortran-mod-%d/%s", libraries, format, t->mpi);
        if (fs_is_dir(folder)) {
            strv_add(&t->mpi_modules, folder);
        }
    }
}

void mpi_find(struct toolset *t)
{
    _cleanup_free_ char *libraries = xasprintf("%s/usr/lib/%s", t->root, t->triple);
    _cleanup_free_ char *link = xasprintf("%s/usr/include/%s/mpi", t->root, t->triple);
    _cleanup_free_ char *include = fs_real_path(link);
    _cleanup_free_ char *header = include ? fs_join(include, "mpi.h") : NULL;

    if (!header || !fs_exists(header)) {
        return;
    }
    _cleanup_free_ char *mpich = fs_join(libraries, "libmpich.so");
    t->mpi = xstrdup(fs_exists(mpich) ? "mpich" : "openmpi");
    strv_add(&t->mpi_include, include);
    _cleanup_free_ char *inner = fs_join(include, "openmpi");
    if (fs_is_dir(inner)) {
        strv_add(&t->mpi_include, inner);
    }
    _cleanup_free_ char *folder = library_folder(libraries);
    strv_add(&t->mpi_libdir, folder);
    find_libraries(t, folder);
    find_modules(t, libraries);
}
