// SPDX-License-Identifier: MIT
#include "target/toolset_make.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "target/compiler.h"
#include "target/elf_link.h"
#include "target/mpi.h"
#include "target/python.h"
#include "target/toolset_commands.h"

enum { OUTPUT_MAX = 1 << 16, HASH_TEXT = 17 };

// 64-bit FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/: it tells toolsets apart, no more.
static void hash_text(const struct strbuf *text, char out[HASH_TEXT])
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < text->len; i++) {
        hash = (hash ^ (unsigned char)text->data[i]) * 0x100000001b3U;
    }
    snprintf(out, HASH_TEXT, "%016" PRIx64, hash);
}

// --- What is in it -------------------------------------------------------------------------------

// gcc's spelling of a board's flags is Clang's, but for the extensions of a processor that it does
// not take away.
static void add_fortran_flags(struct toolset *t, const struct toolset_options *o)
{
    strv_addf(&t->fortran, "--sysroot=%s", t->root);
    // gcc would look for start files and libraries beside itself first.
    strv_addf(&t->fortran, "-B%s/usr/lib/%s", t->root, t->triple);
    strv_addf(&t->fortran, "-L%s/usr/lib/%s", t->root, t->triple);
    _cleanup_strv_ struct strv words = {0};
    strv_add_words(&words, o->board->flags);
    for (size_t i = 0; i < words.n; i++) {
        strv_take(&t->fortran, xstrndup(words.items[i], strcspn(words.items[i], "+")));
    }
    strv_add(&t->fortran, "-mfloat-abi=hard");
}

// The folder that has the newest LLVM's omp.h.
static char *find_openmp(const char *root)
{
    _cleanup_free_ char *pattern = xasprintf("%s/usr/lib/llvm-*/lib/clang/*/include/omp.h", root);
    glob_t found;
    char *folder = NULL;
    if (glob(pattern, 0, NULL, &found) == 0) {
        folder = fs_parent(found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
    }
    return folder;
}

// Their headers and libraries are found by any build system, and by the programs when they run.
static void add_prefixes(struct toolset *t, const struct strv *prefixes)
{
    for (size_t i = 0; prefixes && i < prefixes->n; i++) {
        const char *prefix = prefixes->items[i];
        _cleanup_free_ char *own = xasprintf("%s/lib/%s", prefix, t->triple);
        strv_add(&t->prefixes, prefix);
        strv_addf(&t->compile, "-isystem%s/include", prefix);
        strv_addf(&t->fortran, "-I%s/include", prefix);
        strv_addf(&t->link, "-L%s/lib", prefix);
        strv_addf(&t->link, "-Wl,-rpath,%s/lib", prefix);
        strv_addf(&t->fortran, "-L%s/lib", prefix);
        strv_addf(&t->fortran, "-Wl,-rpath,%s/lib", prefix);
        if (fs_is_dir(own)) {
            strv_addf(&t->link, "-L%s", own);
            strv_addf(&t->link, "-Wl,-rpath,%s", own);
        }
    }
}

static int describe(const struct toolset_options *o, const struct compiler *c, struct toolset *t,
                    struct err *err)
{
    const char *suffix = fs_base(c->clang) + strlen("clang");
    _cleanup_free_ char *folder = fs_parent(c->clang);
    _cleanup_free_ char *gfortran = xasprintf("%s-gfortran", o->triple);
    _cleanup_free_ char *as = xasprintf("%s-as", o->triple);

    t->triple = xstrdup(o->triple);
    t->root = xstrdup(o->root);
    t->sysroot = xstrdup(o->sysroot);
    t->board = xstrdup(o->board->name);
    t->pisdk = xstrdup(o->pisdk);
    t->clang = xstrdup(c->clang);
    t->clangxx = xasprintf("%s/clang++%s", folder, suffix);
    t->lld = xstrdup(c->lld);
    t->gfortran = compiler_find_desktops(gfortran);
    t->ccache = o->ccache ? compiler_find_desktops("ccache") : NULL;
    t->pkg_config = compiler_find_desktops("pkg-config");
    t->desktop_cc = compiler_find_desktops("cc");
    t->desktop_cxx = compiler_find_desktops("c++");
    t->as = compiler_find_desktops(as);
    t->gcc = o->gcc ? xstrdup(o->gcc) : NULL;
    t->glibc = o->glibc ? xstrdup(o->glibc) : NULL;
    t->glibc_from = o->glibc_from ? xstrdup(o->glibc_from) : NULL;
    t->debug = o->debug ? xstrdup(o->debug) : NULL;
    strv_addf(&t->flags, "--target=%s", o->triple);
    strv_addf(&t->flags, "--sysroot=%s", o->root);
    strv_add_words(&t->flags, o->board->flags);
    strv_add_all(&t->flags, o->release_flags->items);
    strv_add_all(&t->compile, o->compile ? o->compile->items : NULL);
    strv_add_all(&t->link, o->link ? o->link->items : NULL);
    add_fortran_flags(t, o);
    add_prefixes(t, o->prefixes);
    t->openmp = find_openmp(t->root);
    mpi_find(t);
    python_find(t, o);
    toolset_find_programs(t);
    struct strbuf text = {0};
    toolset_format(t, &text);
    bool lines = text.data && strchr(o->root, '\n');
    strbuf_release(&text);
    return lines ? err_set(err, ERR_USAGE, "the sysroot's path has a newline in it") : 0;
}

static void keep_needs(void *user, const char *name, const struct elf_object *object)
{
    (void)name;
    *(struct arm_needs *)user = object->needs;
}

// What the board's processor has is what Clang says of a file that it compiles for it.
static int find_limit(struct toolset *t, const char *dir, struct err *err)
{
    _cleanup_free_ char *object = fs_join(dir, "limit.o");
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &errors, .errors = &errors};
    struct arm_needs needs = {0};
    int status = 0;

    strv_add(&argv, t->clang);
    strv_add_all(&argv, t->flags.items);
    strv_add_list(&argv, "-c", "-x", "c", "/dev/null", "-o", object, NULL);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    if (status != 0) {
        return err_set(err, ERR_FAILED, "%s does not compile for board `%s`: %s", t->clang,
                       t->board, errors.data ? errors.data : "");
    }
    const struct elf_object_reader reader = {.on_object = keep_needs, .user = &needs};
    if (elf_read_objects(object, &reader, err) != 0) {
        return -1;
    }
    t->limit = xasprintf("%u %u %u %u %u", needs.arch, needs.fp, needs.simd, needs.div, needs.half);
    return unlink(object) == 0 ? 0 : err_sys(err, "cannot remove %s", object);
}

// --- Its files -----------------------------------------------------------------------------------

static int make_link(const char *target, const char *folder, const char *name, struct err *err)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    return symlink(target, path) == 0 ? 0 : err_sys(err, "cannot create link %s", path);
}

static int write_file(const char *dir, const char *name, const struct strbuf *text, struct err *err)
{
    _cleanup_free_ char *path = fs_join(dir, name);
    return fs_write_file(path, text->data, text->len, 0644, err);
}

// A list of words as CMake and as Meson read it.
static void add_cmake_list(struct strbuf *b, const char *name, const struct strv *words)
{
    strbuf_addf(b, "set(%s", name);
    for (size_t i = 0; i < words->n; i++) {
        strbuf_addf(b, " [==[%s]==]", words->items[i]);
    }
    strbuf_adds(b, ")\n");
}

static int write_cmake(const struct toolset_options *o, const struct toolset *t, const char *dir,
                       const char *place, struct err *err)
{
    _cleanup_strbuf_ struct strbuf b = {0};
    strbuf_addf(&b,
                "# For `cmake -DCMAKE_TOOLCHAIN_FILE=…`: pisdk's toolchain file and its settings.\n"
                "set(PISDK_SYSROOT [==[%s]==])\n"
                "set(PISDK_BOARD [==[%s]==])\n"
                "set(PISDK_EXECUTABLE [==[%s]==])\n"
                "set(PISDK_LINKER [==[%s/lib/ld.lld]==])\n",
                t->sysroot, t->board, t->pisdk, place);
    add_cmake_list(&b, "PISDK_COMPILE_FLAGS", &t->compile);
    add_cmake_list(&b, "PISDK_LINK_FLAGS", &t->link);
    add_cmake_list(&b, "PISDK_PREFIXES", &t->prefixes);
    if (t->python) {
        strbuf_addf(&b, "set(PISDK_PYTHON [==[%s/bin/python3]==])\n", place);
    }
    if (t->ccache) {
        strbuf_addf(&b, "set(PISDK_CCACHE [==[%s]==])\n", t->ccache);
    }
    strbuf_addf(&b, "include([==[%s/toolchain/pisdk.cmake]==])\n", o->share);
    return write_file(dir, "toolchain.cmake", &b, err);
}

static void add_meson_text(struct strbuf *b, const char *text)
{
    strbuf_adds(b, "'");
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') {
            strbuf_adds(b, "\\");
        }
        strbuf_add(b, text, 1);
    }
    strbuf_adds(b, "'");
}

static void add_meson_program(struct strbuf *b, const char *place, const char *key,
                              const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/bin/%s", place, name);
    strbuf_addf(b, "%s = ", key);
    add_meson_text(b, path);
    strbuf_adds(b, "\n");
}

static void add_meson_tool(struct strbuf *b, const char *place, const struct toolset *t,
                           const char *key, const char *tool)
{
    _cleanup_free_ char *name = xasprintf("%s-%s", t->triple, tool);
    add_meson_program(b, place, key, name);
}

// What dependency() asks: MPI's wrappers, by the names that MPICC and so on have in a build as
// well, and NAME-config of the sysroot's packages.
static void add_meson_config_tools(struct strbuf *b, const char *place, const struct toolset *t)
{
    static const char *const wrappers[] = {"mpicc",   "mpicxx", "mpic++",
                                           "mpifort", "mpif90", "mpif77"};
    for (size_t i = 0; i < ARRAY_SIZE(wrappers) && t->mpi; i++) {
        _cleanup_free_ char *full = xasprintf("%s-%s", t->triple, wrappers[i]);
        add_meson_tool(b, place, t, wrappers[i], wrappers[i]);
        add_meson_tool(b, place, t, full, wrappers[i]);
    }
    for (size_t i = 0; i < t->programs.n; i++) {
        if (str_ends(t->programs.items[i], "-config")) {
            add_meson_program(b, place, t->programs.items[i], t->programs.items[i]);
        }
    }
}

// https://mesonbuild.com/Machine-files.html
static int write_meson(const struct toolset *t, const char *dir, const char *place, struct err *err)
{
    static const char *const tools[][2] = {{"c", "clang"},
                                           {"cpp", "clang++"},
                                           {"ar", "ar"},
                                           {"strip", "strip"},
                                           {"objcopy", "objcopy"},
                                           {"nm", "nm"},
                                           {"readelf", "readelf"},
                                           {"ranlib", "ranlib"},
                                           {"pkg-config", "pkg-config"},
                                           {"pkgconfig", "pkg-config"}};
    static const char *const pythons[] = {"python", "python3"}; // what import('python') asks
    static const char native[] =
        "# The desktop itself, for `meson setup --native-file`.\n"
        "[binaries]\nc = '" TOOLSET_DESKTOP_CC "'\ncpp = '" TOOLSET_DESKTOP_CXX "'\n";
    _cleanup_strbuf_ struct strbuf b = {0};
    _cleanup_strbuf_ struct strbuf n = {0};

    strbuf_adds(&b, "# The board, for `meson setup --cross-file`.\n[binaries]\n");
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        add_meson_tool(&b, place, t, tools[i][0], tools[i][1]);
    }
    if (t->gfortran) {
        add_meson_tool(&b, place, t, "fortran", "gfortran");
    }
    add_meson_config_tools(&b, place, t);
    for (size_t i = 0; i < ARRAY_SIZE(pythons) && t->python; i++) {
        add_meson_program(&b, place, pythons[i], "python3");
    }
    strbuf_adds(&b, "cmake = 'cmake'\nexe_wrapper = [");
    const char *const wrapper[] = {t->pisdk, "run", "--sysroot", t->sysroot, "--board", t->board};
    for (size_t i = 0; i < ARRAY_SIZE(wrapper); i++) {
        strbuf_adds(&b, i ? ", " : "");
        add_meson_text(&b, wrapper[i]);
    }
    strbuf_adds(&b, "]\n\n[properties]\nneeds_exe_wrapper = true\nsys_root = ");
    add_meson_text(&b, t->root);
    strbuf_adds(&b, "\n\n[built-in options]\ncmake_prefix_path = [");
    for (size_t i = 0; i < t->prefixes.n; i++) {
        strbuf_adds(&b, i ? ", " : "");
        add_meson_text(&b, t->prefixes.items[i]);
    }
    strbuf_adds(&b, "]\n\n[host_machine]\nsystem = 'linux'\ncpu_family = 'arm'\ncpu = 'armv7l'\n"
                    "endian = 'little'\n");
    strbuf_adds(&n, native);
    return write_file(dir, "cross.ini", &b, err) == 0 ? write_file(dir, "native.ini", &n, err) : -1;
}

static int write_site(const struct toolset_options *o, const char *dir, struct err *err)
{
    _cleanup_free_ char *from = fs_join(o->share, "toolchain/config.site");
    _cleanup_strbuf_ struct strbuf text = {0};
    return fs_read_file(from, 1 << 20, &text, err) == 0 ? write_file(dir, "config.site", &text, err)
                                                        : -1;
}

static int make_folders(const char *dir, struct err *err)
{
    static const char *const folders[] = {"bin", "lib", "lib/gnu", ("lib/" TOOLSET_FORTRAN)};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_free_ char *path = fs_join(dir, folders[i]);
        if (mkdir(path, 0755) != 0) {
            return err_sys(err, "cannot create folder %s", path);
        }
    }
    return 0;
}

// The sysroot may have the library that programs in Fortran need to run, but not the package for
// linking with it.
static int link_fortran(const struct toolset *t, const char *lib, struct err *err)
{
    _cleanup_free_ char *path = xasprintf("%s/usr/lib/%s/libgfortran.so.5", t->root, t->triple);
    return fs_exists(path) ? make_link(path, lib, TOOLSET_FORTRAN "/libgfortran.so", err) : 0;
}

// `place` is what the folder will be called.
static int fill(const struct toolset_options *o, const struct compiler *c, struct toolset *t,
                const char *dir, const char *place, struct err *err)
{
    _cleanup_free_ char *bin = fs_join(dir, "bin");
    _cleanup_free_ char *lib = fs_join(dir, "lib");
    _cleanup_strbuf_ struct strbuf text = {0};

    if (make_folders(dir, err) != 0 || find_limit(t, dir, err) != 0 ||
        python_write(t, o, dir, err) != 0 || toolset_link_commands(o, c, t, bin, err) != 0 ||
        make_link(o->ld, lib, "ld.lld", err) != 0 || make_link(o->cc, lib, "emulate", err) != 0 ||
        (t->as && make_link(t->as, lib, "gnu/as", err) != 0) || link_fortran(t, lib, err) != 0) {
        return -1;
    }
    toolset_format(t, &text);
    if (write_site(o, dir, err) != 0 || write_meson(t, dir, place, err) != 0 ||
        write_cmake(o, t, dir, place, err) != 0) {
        return -1;
    }
    return write_file(dir, TOOLSET_FILE, &text, err);
}

static bool is_whole(const char *place)
{
    _cleanup_free_ char *mark = fs_join(place, TOOLSET_FILE);
    return fs_exists(mark);
}

// The cache may be removed at any time, and half of it at a bad one.
static int replace_damaged(const char *dir, const char *place, struct err *err)
{
    if (fs_remove_tree(place, err) != 0) {
        return -1;
    }
    return rename(dir, place) == 0 ? 0 : err_sys(err, "cannot create folder %s", place);
}

// Made beside its place and renamed: another pisdk may make the same one at the same time.
static int make(const struct toolset_options *o, const struct compiler *c, struct toolset *t,
                const char *place, struct err *err)
{
    _cleanup_free_ char *dir = xasprintf("%s.new-%d", place, (int)getpid());

    if (fs_mkdir_all(dir, 0755, err) != 0) {
        return -1;
    }
    int r = fill(o, c, t, dir, place, err);
    if (r == 0 && rename(dir, place) != 0) {
        r = is_whole(place) ? 0 : replace_damaged(dir, place, err);
    }
    struct err ignored = ERR_INIT;
    (void)!fs_remove_tree(dir, &ignored);
    return r;
}

int toolset_make(const struct toolset_options *o, struct toolset *out, struct err *err)
{
    char hash[HASH_TEXT];
    struct compiler c;

    *out = (struct toolset){0};
    if (compiler_find(&c, err) != 0) {
        return -1;
    }
    int r = describe(o, &c, out, err);
    if (r == 0) {
        _cleanup_strbuf_ struct strbuf text = {0};
        toolset_format(out, &text);
        // What is written from these is in it, too.
        strbuf_addf(&text, "%s\n%s\n%s\n" PISDK_VERSION "\n", o->share, o->cc, o->ld);
        hash_text(&text, hash);
        _cleanup_free_ char *place = xasprintf("%s/tools/%s-%s", o->cache, o->board->name, hash);
        r = is_whole(place) ? 0 : make(o, &c, out, place, err);
        out->dir = TAKE_PTR(place);
    }
    compiler_release(&c);
    if (r != 0) {
        toolset_release(out);
    }
    return r;
}

// --- The environment -----------------------------------------------------------------------------

static void add_tool(struct strv *set, const struct toolset *t, const char *variable,
                     const char *tool)
{
    strv_addf(set, "%s=%s-%s", variable, t->triple, tool);
}

void toolset_environment(const struct toolset *t, struct strv *set, struct strv *unset)
{
    static const char *const tools[][2] = {{"CC", "clang"},
                                           {"CXX", "clang++"},
                                           {"AR", "ar"},
                                           {"RANLIB", "ranlib"},
                                           {"NM", "nm"},
                                           {"STRIP", "strip"},
                                           {"OBJCOPY", "objcopy"},
                                           {"OBJDUMP", "objdump"},
                                           {"READELF", "readelf"},
                                           {"LD", "ld"},
                                           {"PKG_CONFIG", "pkg-config"}};
    static const char *const mpi[][2] = {{"MPICC", "mpicc"}, {"MPICXX", "mpicxx"}};
    static const char *const fortran[][2] = {{"FC", "gfortran"}, {"F77", "gfortran"}};
    static const char *const mpi_fortran[][2] = {
        {"MPIFC", "mpifort"}, {"MPIF90", "mpif90"}, {"MPIF77", "mpif77"}};
    const char *path = getenv("PATH");

    strv_addf(set, "PATH=%s/bin:%s", t->dir, path ? path : "/usr/local/bin:/usr/bin:/bin");
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        add_tool(set, t, tools[i][0], tools[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(mpi) && t->mpi; i++) {
        add_tool(set, t, mpi[i][0], mpi[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(fortran) && t->gfortran; i++) {
        add_tool(set, t, fortran[i][0], fortran[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(mpi_fortran) && t->gfortran && t->mpi_fortran.n; i++) {
        add_tool(set, t, mpi_fortran[i][0], mpi_fortran[i][1]);
    }
    if (t->desktop_cc) {
        strv_add_list(set, "CC_FOR_BUILD=" TOOLSET_DESKTOP_CC, "BUILD_CC=" TOOLSET_DESKTOP_CC,
                      NULL);
    }
    strv_addf(set, "PKG_CONFIG_SYSROOT_DIR=%s", t->root);
    strv_addf(set, "PKG_CONFIG_LIBDIR=%s/usr/lib/%s/pkgconfig:%s/usr/share/pkgconfig", t->root,
              t->triple, t->root);
    strv_addf(set, "CONFIG_SITE=%s/config.site", t->dir);
    strv_addf(set, "CMAKE_TOOLCHAIN_FILE=%s/toolchain.cmake", t->dir);
    strv_addf(set, "PISDK_MESON_CROSS_FILE=%s/cross.ini", t->dir);
    strv_addf(set, "PISDK_MESON_NATIVE_FILE=%s/native.ini", t->dir);
    strv_addf(set, "PISDK_EMULATOR=%s run --sysroot %s --board %s", t->pisdk, t->sysroot, t->board);
    strv_addf(set, "PISDK_SYSROOT=%s", t->sysroot);
    strv_addf(set, "PISDK_BOARD=%s", t->board);
    strv_add_list(unset, "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH",
                  "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LD_RUN_PATH", NULL);
}

static bool is_named(const struct strv *names, const char *assignment)
{
    _cleanup_free_ char *name = xstrndup(assignment, strcspn(assignment, "="));
    return strv_has(names, name);
}

void toolset_whole_environment(const struct toolset *t, struct strv *out)
{
    _cleanup_strv_ struct strv set = {0};
    _cleanup_strv_ struct strv unset = {0};

    toolset_environment(t, &set, &unset);
    for (char **v = environ; *v; v++) {
        if (!strv_assigns(&set, *v) && !is_named(&unset, *v)) {
            strv_add(out, *v);
        }
    }
    strv_add_all(out, set.items);
}
