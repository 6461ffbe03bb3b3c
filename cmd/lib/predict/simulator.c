// SPDX-License-Identifier: MIT
#include "predict/simulator.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/proc.h"

#define TRIPLE "x86_64-linux-gnu"

enum { SOURCE_MAX = 1 << 20, HASH_SHOWN = 16, NAMED_MAX = 5 };

// What is linked with programs.
static const char *const objects[][2] = {{"files", "toolchain/predict/files.c"},
                                         {"limits", "toolchain/predict/limits.c"},
                                         {"f08", "toolchain/predict/f08.c"},
                                         {"trace", "toolchain/trace/trace.c"}};
// And what these include.
static const char *const more[] = {
    "toolchain/predict/smpi_f08.f90", "toolchain/predict/mpi_f08.f90",
    "toolchain/trace/format.h",       "toolchain/trace/calls.h",
    "toolchain/trace/fortran.h",      "toolchain/predict/compiler.sh"};

// SimGrid's compilers, each with the desktop's, and the names that builds know them by.
static const struct {
    const char *smpi, *native;
    const char *names;
    const char *fortran; // "yes" or ""
} compilers[] = {
    {"smpicc", "cc", "mpicc cc gcc clang c99", ""},
    {"smpicxx", "c++", "mpicxx mpic++ mpiCC c++ g++ clang++", ""},
    {"smpif90", "gfortran", "mpif90 mpifort gfortran f95", "yes"},
    {"smpiff", "gfortran", "mpif77 f77", "yes"},
};

// --- Which one -----------------------------------------------------------------------------------

static int hash_file(const char *path, struct hash *h, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(path, SOURCE_MAX, &text, err) != 0) {
        return -1;
    }
    hash_update(h, text.data, text.len);
    return 0;
}

// Of all that the toolset is made of: our files, and SimGrid's compiler with its version in it.
static int name_of(const struct paths *paths, const char *smpicc, char hex[HASH_HEX + 1],
                   struct err *err)
{
    struct hash h;
    int r = 0;
    hash_init(&h);
    for (size_t i = 0; i < ARRAY_SIZE(objects) && r == 0; i++) {
        _cleanup_free_ char *path = fs_join(paths->share, objects[i][1]);
        r = hash_file(path, &h, err);
    }
    for (size_t i = 0; i < ARRAY_SIZE(more) && r == 0; i++) {
        _cleanup_free_ char *path = fs_join(paths->share, more[i]);
        r = hash_file(path, &h, err);
    }
    r = r == 0 ? hash_file(smpicc, &h, err) : r;
    for (size_t i = 0; i < ARRAY_SIZE(compilers); i++) {
        _cleanup_free_ char *native = fs_find_program(compilers[i].native);
        hash_update(&h, native ? native : "", native ? strlen(native) + 1 : 1);
    }
    if (r != 0) {
        hash_release(&h);
        return -1;
    }
    hash_finish(&h, hex);
    return 0;
}

// --- What is in it -------------------------------------------------------------------------------

static int compile(struct strv *argv, const char *source, struct err *err)
{
    strv_add(argv, source);
    return proc_succeed(argv->items, NULL, NULL, err) == 0
               ? 0
               : err_wrap(err, "cannot compile %s", source);
}

static int compile_objects(const struct paths *paths, const char *dir, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
        _cleanup_free_ char *source = fs_join(paths->share, objects[i][1]);
        _cleanup_strv_ struct strv argv = {0};
        strv_add_list(&argv, "smpicc", "-std=gnu11", "-O2", "-DPISDK_SIMULATED", "-c", "-o", NULL);
        strv_addf(&argv, "%s/lib/%s.o", dir, objects[i][0]);
        if (compile(&argv, source, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// Where there is a compiler for Fortran.
static int compile_modules(const struct paths *paths, const char *dir, struct err *err)
{
    static const char *const modules[] = {"smpi_f08", "mpi_f08"}; // the second one uses the first
    _cleanup_free_ char *gfortran = fs_find_program("gfortran");
    for (size_t i = 0; i < ARRAY_SIZE(modules) && gfortran; i++) {
        _cleanup_free_ char *source =
            xasprintf("%s/toolchain/predict/%s.f90", paths->share, modules[i]);
        _cleanup_strv_ struct strv argv = {0};
        strv_add_list(&argv, "smpif90", "-O2", "-c", "-J", NULL);
        strv_addf(&argv, "%s/lib", dir);
        strv_add(&argv, "-o");
        strv_addf(&argv, "%s/lib/%s.o", dir, modules[i]);
        if (compile(&argv, source, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// One compiler, under each of its names and with the prefix that makefiles are given.
static int write_compiler(const struct paths *paths, const char *dir, const char *place, size_t i,
                          struct err *err)
{
    _cleanup_free_ char *path = fs_join(paths->share, "toolchain/predict/compiler.sh");
    _cleanup_free_ char *quoted = str_quoted(place);
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strv_ struct strv names = {0};
    // By their paths: the toolset's own commands have the same names.
    _cleanup_free_ char *smpi = fs_find_program(compilers[i].smpi);
    _cleanup_free_ char *native = fs_find_program(compilers[i].native);
    const struct str_pair marks[] = {{"@SMPI@", smpi},
                                     {"@NATIVE@", native},
                                     {"@FOLDER@", quoted},
                                     {"@FORTRAN@", compilers[i].fortran}};
    if (!smpi || !native) { // Fortran's, which not everybody needs
        return 0;
    }
    if (fs_read_file(path, SOURCE_MAX, &text, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *script = str_expand(text.data, marks, ARRAY_SIZE(marks));
    strv_add_words(&names, compilers[i].names);
    for (size_t k = 0; k < names.n; k++) {
        _cleanup_free_ char *plain = xasprintf("%s/bin/%s", dir, names.items[k]);
        _cleanup_free_ char *full = xasprintf("%s/bin/" TRIPLE "-%s", dir, names.items[k]);
        if (fs_write_file(plain, script, strlen(script), 0755, err) != 0) {
            return -1;
        }
        if (symlink(names.items[k], full) != 0) {
            return err_sys(err, "cannot create link %s", full);
        }
    }
    return 0;
}

// What Debian has under the full name only with more packages than a compiler needs.
static int link_tools(const char *dir, struct err *err)
{
    static const char *const tools[] = {"cpp", "pkg-config", "ar",      "ranlib",  "nm",
                                        "ld",  "strip",      "objcopy", "objdump", "readelf"};
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        _cleanup_free_ char *program = fs_find_program(tools[i]);
        _cleanup_free_ char *link = xasprintf("%s/bin/" TRIPLE "-%s", dir, tools[i]);
        if (program && symlink(program, link) != 0) {
            return err_sys(err, "cannot create link %s", link);
        }
    }
    return 0;
}

static int write_settings(const char *dir, const char *place, struct err *err)
{
    _cleanup_free_ char *cmake = fs_join(dir, "toolchain.cmake");
    _cleanup_free_ char *cross = fs_join(dir, "cross.ini");
    _cleanup_free_ char *native = fs_join(dir, "native.ini");
    _cleanup_free_ char *cmake_text = xasprintf("set(CMAKE_C_COMPILER \"%s/bin/mpicc\")\n"
                                                "set(CMAKE_CXX_COMPILER \"%s/bin/mpicxx\")\n"
                                                "set(CMAKE_Fortran_COMPILER \"%s/bin/mpif90\")\n",
                                                place, place, place);
    _cleanup_free_ char *cross_text =
        xasprintf("[binaries]\nc = '%s/bin/mpicc'\ncpp = '%s/bin/mpicxx'\nfortran = "
                  "'%s/bin/mpif90'\nar = 'ar'\nstrip = 'strip'\npkg-config = 'pkg-config'\n"
                  "[properties]\nneeds_exe_wrapper = false\n[host_machine]\nsystem = 'linux'\n"
                  "cpu_family = 'x86_64'\ncpu = 'x86_64'\nendian = 'little'\n",
                  place, place, place);
    return fs_write_file(cmake, cmake_text, strlen(cmake_text), 0644, err) == 0 &&
                   fs_write_file(cross, cross_text, strlen(cross_text), 0644, err) == 0
               ? fs_write_file(native, "", 0, 0644, err)
               : -1;
}

static int fill(const struct paths *paths, const char *dir, const char *place, struct err *err)
{
    _cleanup_free_ char *bin = fs_join(dir, "bin");
    _cleanup_free_ char *lib = fs_join(dir, "lib");
    if (fs_mkdir_all(bin, 0755, err) != 0 || fs_mkdir_all(lib, 0755, err) != 0) {
        return -1;
    }
    if (compile_objects(paths, dir, err) != 0 || compile_modules(paths, dir, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(compilers); i++) {
        if (write_compiler(paths, dir, place, i, err) != 0) {
            return -1;
        }
    }
    return link_tools(dir, err) == 0 ? write_settings(dir, place, err) : -1;
}

static int make(const struct paths *paths, struct log *log, const char *place, struct err *err)
{
    _cleanup_free_ char *dir = xasprintf("%s.new-%d", place, (int)getpid());
    struct err ignored = ERR_INIT;
    log_working(log, "setting up the simulator");
    int r = fill(paths, dir, place, err);
    log_working(log, NULL);
    if (r == 0 && rename(dir, place) != 0 && !fs_is_dir(place)) { // else somebody was faster
        r = err_sys(err, "cannot create %s", place);
    }
    (void)!fs_remove_tree(dir, &ignored);
    return r;
}

int simulator_make_toolset(const struct paths *paths, struct log *log, struct toolset *out,
                           struct err *err)
{
    _cleanup_free_ char *smpicc = fs_find_program("smpicc");
    _cleanup_free_ char *smpirun = fs_find_program("smpirun");
    _cleanup_free_ char *cc = fs_find_program("cc");
    _cleanup_free_ char *gfortran = fs_find_program("gfortran");
    char hex[HASH_HEX + 1];

    *out = (struct toolset){0};
    if (!smpicc || !smpirun || !cc) {
        err_set(err, ERR_NOT_FOUND,
                "predictions need the simulator SimGrid, which is not installed");
        return err_hint(err, "sudo apt install libsimgrid-dev gcc g++");
    }
    if (name_of(paths, smpicc, hex, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *place =
        xasprintf("%s/tools/" SIMULATOR_BOARD "-%.*s", paths->cache, HASH_SHOWN, hex);
    if (!fs_is_dir(place) && make(paths, log, place, err) != 0) {
        return -1;
    }
    *out = (struct toolset){.dir = TAKE_PTR(place),
                            .triple = xstrdup(TRIPLE),
                            .root = xstrdup(""),
                            .sysroot = xstrdup(""),
                            .board = xstrdup(SIMULATOR_BOARD),
                            .pisdk = xstrdup(paths->program),
                            .mpi = xstrdup(SIMULATOR_BOARD),
                            .gfortran = gfortran ? xstrdup(gfortran) : NULL};
    strv_add(&out->mpi_fortran, SIMULATOR_BOARD);
    return 0;
}

// --- Builds that fail ----------------------------------------------------------------------------

// Collects the names that follow a mark, as in "undefined reference to `MPI_Comm_spawn'".
static void find_names(const char *text, const char *mark, struct strv *names)
{
    static const char prefix[] = "MPI_";
    static const char small[] = "mpi_";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
        at += strlen(mark);
        at += strcspn(at, "Mm\n"); // past the quotes, which are a locale's
        if (!str_starts(at, prefix) && !str_starts(at, small)) {
            continue;
        }
        _cleanup_free_ char *name = xstrndup(at, strspn(at, letters));
        if (!strv_has(names, name) && names->n < NAMED_MAX) {
            strv_add(names, name);
        }
    }
}

int simulator_explain_build(const char *text, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    find_names(text, "undefined reference to", &names);
    find_names(text, "implicit declaration of function", &names);
    if (names.n > 0) {
        _cleanup_free_ char *list = strv_join(&names, ", ");
        return err_set(err, ERR_UNSUPPORTED, "SimGrid has no %s, which the program calls", list);
    }
    return err_set(err, ERR_FAILED, "the program cannot be built for the simulator");
}
