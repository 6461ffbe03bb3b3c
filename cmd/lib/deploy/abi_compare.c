// SPDX-License-Identifier: MIT
// What a board answered, against what a release needs.

#include <elf.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "deploy/abi_internal.h"
#include "target/board.h"
#include "target/elf_link.h"

enum { ARM_LTD = 0x41 }; // who made the core
enum { ARCH_V6 = 6, ARCH_V7 = 10, ARCH_V8_A = 14, TIME64_FROM = 13 };

// --- Rows ----------------------------------------------------------------------------------------

void abi_add_row(const struct abi_comparison *c, char *file, char *needs, char *has, char *solve)
{
    struct abi_report *r = c->report;
    VEC_GROW(r->rows, r->n);
    r->rows[r->n++] = (struct abi_row){xstrdup(c->board), file, needs, has, solve};
}

char *abi_name_files(const struct strv *files)
{
    return files->n > 1 ? xasprintf("%s and %zu more", files->items[0], files->n - 1)
                        : xstrdup(files->items[0]);
}

char *abi_solve_release(const struct abi_comparison *c)
{
    const char *codename = c->answer->codename;
    const char *more = c->needs->runtime ? "" : ", or --with-runtime";
    _cleanup_free_ char *recipe = xasprintf("%s/%s.ini", c->advice->recipes, codename);
    bool is_name = codename[strspn(codename, "abcdefghijklmnopqrstuvwxyz")] == '\0';
    return is_name && fs_exists(recipe) ? xasprintf("`sysroot = %s` in pisdk.ini%s", codename, more)
                                        : xasprintf("`pisdk sysroot import %s`%s", c->host, more);
}

// --- The interpreter -----------------------------------------------------------------------------

static char *what_it_runs(const struct abi_comparison *c, const char *interpreter)
{
    switch (c->answer->machine) {
    case EM_ARM:
        return xasprintf("no %s", interpreter);
    case EM_AARCH64:
        return xstrdup("a 64-bit system (AArch64)");
    default:
        return xstrdup("a system of another kind");
    }
}

// Nothing else fits on a board without it.
static bool compare_interpreter(const struct abi_comparison *c)
{
    _cleanup_strv_ struct strv files = {0};
    const char *missing = NULL;
    for (size_t i = 0; i < c->needs->n_files; i++) {
        const struct abi_file *f = &c->needs->files[i];
        if (f->interpreter && !strv_has(&c->answer->interpreters, f->interpreter)) {
            strv_add(&files, f->path);
            missing = f->interpreter;
        }
    }
    if (!missing) {
        return true;
    }
    abi_add_row(
        c, abi_name_files(&files), xasprintf("a 32-bit system (%s)", missing),
        what_it_runs(c, missing),
        xstrdup(c->answer->machine == EM_AARCH64
                    ? "`sudo dpkg --add-architecture armhf`, `sudo apt update` and `sudo apt "
                      "install libc6:armhf` on the board, or a 32-bit system"
                    : "a 32-bit Raspberry Pi OS or Debian armhf on the board"));
    return false;
}

// --- The processor -------------------------------------------------------------------------------

static bool has_feature(const struct abi_answer *a, const char *name)
{
    struct slice rest = {a->features, strlen(a->features)};
    struct slice word;
    while (slice_word(&rest, &word)) {
        if (slice_is(word, name)) {
            return true;
        }
    }
    return false;
}

// A 32-bit kernel says 7 on an ARMv8 processor, and on the ARMv6 of the first Pis, too.
static bool is_v8(const struct abi_answer *a)
{
    return a->architecture >= 8 || has_feature(a, "crc32") ||
           (a->implementer == ARM_LTD && a->part >= 0xd00);
}

// ARMv8.1 or newer: Cortex-A55 and what came after the A73. Newer kernels say it, too.
static bool is_v8_1(const struct abi_answer *a)
{
    return has_feature(a, "asimdrdm") || has_feature(a, "asimddp") ||
           (a->implementer == ARM_LTD && (a->part == 0xd05 || a->part >= 0xd0a));
}

// What its processor has, as build attributes say it.
static struct arm_needs limit_of(const struct abi_answer *a)
{
    bool v8 = is_v8(a);
    bool v6 = a->architecture < 7 || (a->implementer == ARM_LTD && (a->part & 0xf00) == 0xb00);
    bool neon = has_feature(a, "neon");
    bool vfp4 = has_feature(a, "vfpv4");
    bool vfp3 = vfp4 || has_feature(a, "vfpv3") || has_feature(a, "vfpv3d16");
    bool more_registers = neon || has_feature(a, "vfpd32");
    if (v8) {
        return (struct arm_needs){
            .arch = ARCH_V8_A, .fp = 7, .simd = is_v8_1(a) ? 4 : 3, .div = 2, .half = 2};
    }
    return (struct arm_needs){
        .arch = v6 ? ARCH_V6 : ARCH_V7,
        .fp = (vfp4   ? 5U
               : vfp3 ? 3U
                      : 2U) +
              (vfp3 && !more_registers),
        .simd = !neon  ? 0
                : vfp4 ? 2
                       : 1,
        .div = has_feature(a, "idiva") ? 2 : 0,
        .half = neon ? 2 : 1, // no feature tells it
    };
}

// The board's kind, which the caller releases; false when no file describes its processor.
static bool find_board(const struct abi_comparison *c, struct board *out)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    if (c->answer->part <= 0 || board_names(c->advice->boards, &names, &ignored) != 0) {
        return false;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (board_read(c->advice->boards, names.items[i], false, out, &ignored) != 0) {
            continue;
        }
        if (out->cpuinfo.part && strtol(out->cpuinfo.part, NULL, 0) == c->answer->part &&
            strcmp(out->name, "armv7") != 0) {
            return true;
        }
        board_release(out);
    }
    return false;
}

static void add_processor(const struct abi_comparison *c, const struct strv *files,
                          const char *what)
{
    struct board board;
    bool known = find_board(c, &board);
    bool v6 = limit_of(c->answer).arch < ARCH_V7;
    abi_add_row(c, abi_name_files(files), xstrdup(what),
                known
                    ? xasprintf("the processor of a %s", board.title)
                    : xasprintf("an %s processor, %s", v6 ? "ARMv6" : "ARMv7", c->answer->features),
                v6 ? xstrdup("another board: pisdk does not build for ARMv6")
                   : xasprintf("`board = %s` in pisdk.ini", known ? board.name : "armv7"));
    if (known) {
        board_release(&board);
    }
}

static void compare_processor(const struct abi_comparison *c)
{
    const struct arm_needs limit = limit_of(c->answer);
    _cleanup_strv_ struct strv said = {0};
    if (!*c->answer->features) {
        return; // a kernel that says nothing of it
    }
    for (size_t i = 0; i < c->needs->n_files; i++) {
        _cleanup_strbuf_ struct strbuf what = {0};
        _cleanup_strv_ struct strv files = {0};
        if (!arm_needs_more(&c->needs->files[i].needs, &limit, &what) ||
            strv_has(&said, what.data)) {
            continue;
        }
        for (size_t k = i; k < c->needs->n_files; k++) {
            _cleanup_strbuf_ struct strbuf other = {0};
            if (arm_needs_more(&c->needs->files[k].needs, &limit, &other) &&
                strcmp(other.data, what.data) == 0) {
                strv_add(&files, c->needs->files[k].path);
            }
        }
        strv_add(&said, what.data);
        add_processor(c, &files, what.data);
    }
}

// --- Libraries -----------------------------------------------------------------------------------

// Debian's name for the package of a library: "libgfortran.so.5" -> "libgfortran5"; NULL when the
// sysroot has no package of that name, so that it is not a guess. A t64 at its end is the
// release's.
static char *package_of(const struct abi_comparison *c, const char *library)
{
    static const struct {
        const char *library, *package;
    } known[] = {{"libmpi.so.40", "openmpi-bin"},
                 {"libmpi_cxx.so.40", "openmpi-bin"},
                 {"libmpi_mpifh.so.40", "openmpi-bin"},
                 {"libmpich.so.12", "mpich"}};
    const char *so = strstr(library, ".so.");
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strcmp(library, known[i].library) == 0) {
            return xstrdup(known[i].package);
        }
    }
    if (!so || so == library || !c->advice->lock) {
        return NULL;
    }
    bool digit = so[-1] >= '0' && so[-1] <= '9';
    _cleanup_free_ char *name =
        xasprintf("%.*s%s%s", (int)(so - library), library, digit ? "-" : "", so + strlen(".so."));
    for (char *p = name; *p; p++) {
        *p = *p == '_' ? '-' : (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
    }
    for (size_t i = 0; i < c->advice->lock->packages.n; i++) {
        const char *have = c->advice->lock->packages.items[i].name;
        size_t n = strlen(name);
        if (strncmp(have, name, n) == 0 &&
            (have[n] == '\0' || strcmp(have + n, "t64") == 0 || strcmp(have + n, "-1") == 0)) {
            return TAKE_PTR(name);
        }
    }
    return NULL;
}

static char *solve_missing(const struct abi_comparison *c, const struct abi_want *w)
{
    const char *more = c->needs->runtime ? "" : ", or --with-runtime";
    if (w->inside) {
        return xstrdup("link with -Wl,-rpath,'$ORIGIN' or where it is from there; CMake: "
                       "set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)");
    }
    _cleanup_free_ char *package = package_of(c, w->library);
    if (package) {
        return xasprintf("`sudo apt install %s` on the board%s", package, more);
    }
    return xstrdup(c->needs->runtime ? "name it in `files` of [deploy]" : "--with-runtime");
}

// What it has instead: the same library with another number.
static char *describe_missing(const struct abi_comparison *c, const struct abi_want *w)
{
    const char *so = strstr(w->library, ".so");
    size_t stem = so ? (size_t)(so - w->library) : strlen(w->library);
    if (w->inside) {
        return xasprintf("%s, where no RUNPATH leads to", w->inside);
    }
    for (size_t i = 0; i < c->answer->n_libraries; i++) {
        const char *other = c->answer->libraries[i].library;
        if (strncmp(other, w->library, stem) == 0 && str_starts(other + stem, ".so.")) {
            return xstrdup(other);
        }
    }
    return xasprintf("no %.*s", (int)stem, w->library);
}

static size_t family_length(const char *version)
{
    const char *end = strrchr(version, '_');
    return end ? (size_t)(end - version) + 1 : strlen(version);
}

static bool has_version(const struct abi_answer *a, const char *file, const char *version)
{
    _cleanup_free_ char *line = xasprintf("%s:%s", file, version);
    return strv_has(&a->versions, line);
}

// The newest version of the same family that the library of the board has.
static char *newest_version(const struct abi_answer *a, const char *file, const char *version)
{
    size_t n = family_length(version);
    _cleanup_free_ char *start = xasprintf("%s:%.*s", file, (int)n, version);
    const char *newest = NULL;
    for (size_t i = 0; i < a->versions.n; i++) {
        const char *line = a->versions.items[i];
        if (!str_starts(line, start) || line[strlen(start)] < '0' || line[strlen(start)] > '9') {
            continue;
        }
        const char *found = line + strlen(file) + 1;
        newest = !newest || strverscmp(found, newest) > 0 ? found : newest;
    }
    return newest ? xstrdup(newest) : xasprintf("no %.*s", (int)n, version);
}

static bool lacks(const struct abi_comparison *c, const struct abi_want *w)
{
    const char *file = abi_answer_library(c->answer, w->library);
    return file && w->version && !has_version(c->answer, file, w->version);
}

// Does a later want ask for a newer version of the same library that is not there either?
static bool is_outdone(const struct abi_comparison *c, size_t i)
{
    const struct abi_want *w = &c->needs->wants[i];
    size_t n = family_length(w->version);
    for (size_t k = i + 1; k < c->needs->n_wants; k++) {
        const struct abi_want *other = &c->needs->wants[k];
        if (strcmp(other->library, w->library) == 0 && other->version &&
            strncmp(other->version, w->version, n) == 0 && lacks(c, other)) {
            return true;
        }
    }
    return false;
}

static void compare_libraries(const struct abi_comparison *c)
{
    for (size_t i = 0; i < c->needs->n_wants; i++) {
        const struct abi_want *w = &c->needs->wants[i];
        if (!w->version && !abi_answer_library(c->answer, w->library)) {
            abi_add_row(c, abi_name_files(&w->files), xstrdup(w->library), describe_missing(c, w),
                        solve_missing(c, w));
        } else if (lacks(c, w) && !is_outdone(c, i)) {
            abi_add_row(
                c, abi_name_files(&w->files), xasprintf("%s of %s", w->version, w->library),
                newest_version(c->answer, abi_answer_library(c->answer, w->library), w->version),
                abi_solve_release(c));
        }
    }
}

// --- time_t --------------------------------------------------------------------------------------

static long time_bits(const struct abi_answer *a)
{
    bool debian = strcmp(a->id, "debian") == 0 || strcmp(a->id, "raspbian") == 0;
    long release = strtol(a->release, NULL, 10);
    if (a->time_bits == 32 || a->time_bits == 64) {
        return a->time_bits;
    }
    return !debian || release <= 0 ? 0 : release >= TIME64_FROM ? 64 : 32;
}

// Nothing in what these offer depends on the size of time_t, or they have both.
static bool has_no_time(const char *library)
{
    static const char *const patterns[] = {
        "libc.so.6",      "libm.so.6",      "libpthread.so.0",  "libdl.so.2",
        "librt.so.1",     "libresolv.so.2", "libutil.so.1",     "ld-linux-armhf.so.3",
        "libgcc_s.so.1",  "libstdc++.so.6", "libgfortran.so.*", "libgomp.so.1",
        "libatomic.so.1", "libmpi*.so.*",   "libanl.so.1",      "libopenblas.so.0",
        "libblas.so.3",   "liblapack.so.3",
    };
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        if (fnmatch(patterns[i], library, 0) == 0) {
            return true;
        }
    }
    return false;
}

// A library of the board that the file takes, and that may have to do with time_t.
static const char *library_with_time(const struct abi_comparison *c, const char *path)
{
    for (size_t i = 0; i < c->needs->n_wants; i++) {
        const struct abi_want *w = &c->needs->wants[i];
        if (strv_has(&w->files, path) && !has_no_time(w->library) &&
            abi_answer_library(c->answer, w->library)) {
            return w->library;
        }
    }
    return NULL;
}

static void compare_time(const struct abi_comparison *c)
{
    long bits = time_bits(c->answer);
    for (size_t i = 0; i < c->needs->n_files && bits != 0; i++) {
        const struct abi_file *f = &c->needs->files[i];
        if (bits == 64 ? !f->time32 || f->time64 : !f->time64) {
            continue;
        }
        const char *library = library_with_time(c, f->path);
        if (library) {
            abi_add_row(c, xstrdup(f->path),
                        xasprintf("%s with a %d-bit time_t", library, bits == 64 ? 32 : 64),
                        xasprintf("a %ld-bit time_t", bits), abi_solve_release(c));
        }
    }
}

// -------------------------------------------------------------------------------------------------

static void compare_all(const struct abi_comparison *c)
{
    if (compare_interpreter(c)) {
        compare_processor(c);
        compare_libraries(c);
        compare_time(c);
        abi_python_compare(c);
    }
}

int abi_compare(const struct abi_needs *n, const struct abi_advice *advice, const char *answer,
                const char *board, const char *host, struct abi_report *report, struct err *err)
{
    struct abi_answer a;
    const struct abi_comparison c = {
        .needs = n, .advice = advice, .answer = &a, .board = board, .host = host, .report = report};
    size_t before = report->n;
    abi_answer_read(answer, &a);
    bool complete = a.complete;
    if (complete) {
        compare_all(&c);
    }
    abi_answer_release(&a);
    if (!complete) {
        err_set(err, ERR_VERIFY, "%s did not list its libraries", board);
        return err_hint(err, "`ssh %s` must lead to a Debian or Raspberry Pi OS", host);
    }
    return (int)(report->n - before);
}

void abi_report_release(struct abi_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->rows[i].board);
        free(r->rows[i].file);
        free(r->rows[i].needs);
        free(r->rows[i].has);
        free(r->rows[i].solve);
    }
    free(r->rows);
    *r = (struct abi_report){0};
}
