// SPDX-License-Identifier: MIT
#include "target/toolset_commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "target/wrapper.h"

// --- Programs of the sysroot ---------------------------------------------------------------------

// What they write must fit the sysroot's library, whatever version the desktop has.
static bool is_generator(const char *name)
{
    static const char *const known[] = {"cython",     "cython3",       "cythonize",
                                        "cythonize3", "f2py",          "f2py3",
                                        "capnp",      "capnpc-c++",    "dbus-binding-tool",
                                        "flatc",      "gdbus-codegen", "h5c++",
                                        "h5cc",       "h5fc",          "h5pcc",
                                        "h5pfc",      "lrelease",      "moc",
                                        "ncgen",      "protoc",        "protoc-c",
                                        "qmake",      "qmake6",        "rcc",
                                        "thrift",     "uic",           "wayland-scanner"};
    return str_is_one_of(name, known, ARRAY_SIZE(known)) ||
           (str_ends(name, "-config") || str_starts(name, "grpc_"));
}

// MPI's own are commands of the toolset, or need the board.
static bool is_mpis(const char *name)
{
    static const char *const prefixes[] = {"mpi", "orte", "ompi", "opal", "hydra", "parkill"};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (str_starts(name, prefixes[i])) {
            return true;
        }
    }
    return false;
}

void toolset_find_programs(struct toolset *t)
{
    _cleanup_free_ char *meson = fs_join(t->root, "usr/bin/meson");
    t->meson = t->python && fs_exists(meson) ? TAKE_PTR(meson) : compiler_find_desktops("meson");
    _cleanup_free_ char *folder = fs_join(t->root, "usr/bin");
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(folder, &names, &ignored) != 0) {
        return;
    }
    strv_sort(&names);
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.items[i];
        if (is_mpis(name)) {
            continue;
        }
        _cleanup_free_ char *desktops = is_generator(name) ? NULL : compiler_find_desktops(name);
        if (!desktops) {
            strv_add(&t->programs, name);
        }
    }
}

// --- Links ---------------------------------------------------------------------------------------

int toolset_link(const char *target, const char *folder, const char *name, struct err *err)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    return symlink(target, path) == 0 || errno == EEXIST
               ? 0
               : err_sys(err, "cannot create link %s", path);
}

static int link_all(const char *target, const char *bin, const char *const *names, size_t n,
                    struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (toolset_link(target, bin, names[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

// Each with the prefix and without.
static int link_compilers(const struct toolset_options *o, const char *bin, struct err *err)
{
    static const char *const names[] = {"clang",    "clang++",    "gcc",     "g++",    "cc",
                                        "c++",      "cpp",        "c89",     "c99",    "as",
                                        "gfortran", "pkg-config", "pkgconf", "mpicc",  "mpicxx",
                                        "mpic++",   "mpiCC",      "mpifort", "mpif90", "mpif77"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_free_ char *name = xasprintf("%s-%s", o->triple, names[i]);
        if (toolset_link(o->cc, bin, name, err) != 0) {
            return -1;
        }
    }
    return link_all(o->cc, bin, names, ARRAY_SIZE(names), err);
}

// "gcc-12", as makefiles have it that were written on the board.
static int link_versions(const struct toolset_options *o, const struct toolset *t, const char *bin,
                         struct err *err)
{
    static const char *const names[] = {"gcc", "g++", "cpp", "gfortran"};
    for (size_t i = 0; i < ARRAY_SIZE(names) && t->gcc; i++) {
        int n = (int)strcspn(t->gcc, ".");
        _cleanup_free_ char *name = xasprintf("%s-%.*s", names[i], n, t->gcc);
        _cleanup_free_ char *full = xasprintf("%s-%s", o->triple, name);
        if (toolset_link(o->cc, bin, name, err) != 0 || toolset_link(o->cc, bin, full, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// mpicc.openmpi, mpirun.mpich: the names that Debian's alternatives lead to.
static int link_mpi(const struct toolset_options *o, const struct toolset *t, const char *bin,
                    struct err *err)
{
    static const char *const compilers[] = {"mpicc",   "mpicxx", "mpic++", "mpiCC",
                                            "mpifort", "mpif90", "mpif77"};
    static const char *const launchers[] = {"mpirun", "mpiexec"};
    if (!t->mpi) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(compilers); i++) {
        _cleanup_free_ char *name = xasprintf("%s.%s", compilers[i], t->mpi);
        if (toolset_link(o->cc, bin, name, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(launchers); i++) {
        _cleanup_free_ char *name = xasprintf("%s.%s", launchers[i], t->mpi);
        if (toolset_link(o->cc, bin, name, err) != 0 ||
            toolset_link(o->cc, bin, launchers[i], err) != 0) {
            return -1;
        }
    }
    return strcmp(t->mpi, "openmpi") == 0 ? toolset_link(o->cc, bin, "orterun", err) : 0;
}

// The compiler's own LLVM: tools of another version do not understand its objects with -flto. GNU's
// names mean them as well.
static int link_llvm(const char *triple, const struct compiler *c, const char *bin, struct err *err)
{
    static const char *const others[][2] = {{"gcc-ar", "llvm-ar"},
                                            {"gcc-nm", "llvm-nm"},
                                            {"gcc-ranlib", "llvm-ranlib"},
                                            {"c++filt", "llvm-cxxfilt"},
                                            {"llvm-config", "llvm-config"},
                                            {"llvm-dwarfdump", "llvm-dwarfdump"},
                                            {"llvm-profdata", "llvm-profdata"},
                                            {"llvm-cov", "llvm-cov"},
                                            {"llvm-symbolizer", "llvm-symbolizer"},
                                            {"llvm-link", "llvm-link"},
                                            {"llvm-as", "llvm-as"},
                                            {"llvm-dis", "llvm-dis"},
                                            {"llvm-cxxfilt", "llvm-cxxfilt"},
                                            {"llvm-lto", "llvm-lto"},
                                            {"llvm-mc", "llvm-mc"},
                                            {"llvm-bcanalyzer", "llvm-bcanalyzer"}};
    _cleanup_free_ char *prefix = xasprintf("%s-", triple);
    const char *const prefixes[] = {prefix, "", "llvm-"};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (wrapper_link_tools(bin, prefixes[i], c, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        _cleanup_free_ char *tool = compiler_find_tool(c, others[i][1]);
        if (tool && toolset_link(tool, bin, others[i][0], err) != 0) {
            return -1;
        }
    }
    return 0;
}

// What says which machine this is.
static int link_machine(const struct toolset_options *o, const char *bin, struct err *err)
{
    static const char *const names[] = {"uname", "arch", "getconf", "ldd", "dpkg-architecture"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_free_ char *script = xasprintf("%s/toolchain/board/%s", o->share, names[i]);
        if (toolset_link(script, bin, names[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

int toolset_link_commands(const struct toolset_options *o, const struct compiler *c,
                          const struct toolset *t, const char *bin, struct err *err)
{
    static const char *const desktops[] = {TOOLSET_DESKTOP_CC, TOOLSET_DESKTOP_CXX};
    _cleanup_free_ char *ld = xasprintf("%s-ld", o->triple);
    const char *const linkers[] = {"ld", "ld.lld", "ld.bfd", ld};

    if (link_compilers(o, bin, err) != 0 || link_versions(o, t, bin, err) != 0 ||
        link_mpi(o, t, bin, err) != 0 || link_llvm(o->triple, c, bin, err) != 0 ||
        link_machine(o, bin, err) != 0 ||
        link_all(o->ld, bin, linkers, ARRAY_SIZE(linkers), err) != 0 ||
        (t->meson && toolset_link(o->cc, bin, "meson", err) != 0) ||
        link_all(o->cc, bin, desktops, t->desktop_cc ? ARRAY_SIZE(desktops) : 0, err) != 0) {
        return -1;
    }
    return link_all(o->cc, bin, (const char *const *)t->programs.items, t->programs.n, err);
}
