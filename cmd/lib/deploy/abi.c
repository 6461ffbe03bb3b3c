// SPDX-License-Identifier: MIT
#include "deploy/abi.h"

#include <string.h>

#include "base/fs.h"
#include "deploy/runtime.h"
#include "remote/fleet.h"
#include "target/elf.h"
#include "target/elf_link.h"

enum { NAME_LONGEST = 255, WANTS_MAX = 1 << 16 };

// --- Reading the release -------------------------------------------------------------------------

struct reading {
    const struct payload *r;
    const struct arm_needs *built_for;
    struct abi_needs *out;
    struct strv folders; // of the release, that the loader looks into
};

static bool is_of_runtime(const char *path)
{
    return str_starts(path, RUNTIME_FOLDER "/");
}

// "a/b/../c" -> "a/c"; NULL when it leads out of the release.
static char *plain_path(const char *path)
{
    struct slice rest = {path, strlen(path)};
    struct slice part;
    _cleanup_free_ char *out = xstrdup("");
    while (slice_cut(&rest, '/', &part)) {
        if (slice_is(part, "..")) {
            char *slash = strrchr(out, '/');
            if (!*out) {
                return NULL;
            }
            *(slash ? slash : out) = '\0';
        } else if (part.n > 0 && !slice_is(part, ".")) {
            char *next = xasprintf("%s%s%.*s", out, *out ? "/" : "", (int)part.n, part.p);
            free(out);
            out = next;
        }
    }
    return TAKE_PTR(out);
}

// The folders of the release that a file's RUNPATH names.
static void add_runpath(struct reading *in, const char *path, const char *runpath)
{
    static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
    _cleanup_free_ char *folder = fs_parent(path);
    struct slice rest = {runpath, strlen(runpath)};
    struct slice entry;
    while (slice_cut(&rest, ':', &entry)) {
        _cleanup_free_ char *text = slice_dup(entry);
        for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
            size_t n = strlen(origins[i]);
            if (str_starts(text, origins[i]) && (text[n] == '/' || text[n] == '\0')) {
                _cleanup_free_ char *at = xasprintf("%s%s", folder, text + n);
                char *place = plain_path(at);
                if (place) {
                    strv_take(&in->folders, place);
                }
            }
        }
    }
}

// The first look: where libraries are found. With a runtime, all folders of libraries count.
static int find_library_folders(struct reading *in, struct err *err)
{
    for (size_t i = 0; i < in->r->n; i++) {
        const struct payload_file *f = &in->r->items[i];
        struct elf_info info = {0};
        if (in->out->runtime && f->kind != PAYLOAD_FOLDER && payload_is_library(f->path)) {
            _cleanup_free_ char *folder = fs_parent(f->path);
            if (!strv_has(&in->folders, folder)) {
                strv_add(&in->folders, folder);
            }
        }
        if (f->kind != PAYLOAD_FILE) {
            continue;
        }
        if (elf_read(f->source, &info, err) != 0) {
            return -1;
        }
        if (info.runpath && !is_of_runtime(f->path)) {
            add_runpath(in, f->path, info.runpath);
        }
        elf_info_release(&info);
    }
    return 0;
}

// Where the release has a library. NULL: nowhere; `found` says whether the loader looks there.
static const char *place_inside(const struct reading *in, const char *soname, bool *found)
{
    const char *place = NULL;
    *found = false;
    for (size_t i = 0; i < in->r->n && !*found; i++) {
        const char *path = in->r->items[i].path;
        if (in->r->items[i].kind == PAYLOAD_FOLDER || strcmp(fs_base(path), soname) != 0) {
            continue;
        }
        _cleanup_free_ char *folder = fs_parent(path);
        *found = strv_has(&in->folders, strcmp(folder, ".") == 0 ? "" : folder);
        place = path;
    }
    return place;
}

// They become words of the shell, and are shown.
#define GOOD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"
static int check_name(const char *name, const char *path, struct err *err)
{
    size_t n = strlen(name);
    // An interpreter has a path; a library that is needed by its path was not linked by us.
    const char *good = name[0] == '/' ? GOOD "/" : GOOD;
    return n > 0 && n <= NAME_LONGEST && strspn(name, good) == n && name[0] != '-'
               ? 0
               : err_set(err, ERR_VERIFY, "%s needs a library with an invalid name", path);
}

static int add_want(struct reading *in, const char *library, const char *version, const char *path,
                    struct err *err)
{
    struct abi_needs *out = in->out;
    bool found;
    if (check_name(library, path, err) != 0 || (version && check_name(version, path, err) != 0)) {
        return -1;
    }
    const char *inside = place_inside(in, library, &found);
    if (found) {
        return 0;
    }
    for (size_t i = 0; i < out->n_wants; i++) {
        struct abi_want *w = &out->wants[i];
        if (strcmp(w->library, library) == 0 && str_eq(w->version, version)) {
            strv_add(&w->files, path);
            return 0;
        }
    }
    if (out->n_wants >= WANTS_MAX) {
        return err_set(err, ERR_VERIFY, "%s wants too many libraries", path);
    }
    VEC_GROW(out->wants, out->n_wants);
    struct abi_want *w = &out->wants[out->n_wants++];
    *w = (struct abi_want){.library = xstrdup(library),
                           .version = version ? xstrdup(version) : NULL,
                           .inside = inside ? xstrdup(inside) : NULL};
    strv_add(&w->files, path);
    return 0;
}

// What glibc calls its functions for a 64-bit time_t on 32-bit machines, "__clock_gettime64",
// "__stat64_time64"; older names with 64 in them are about the size of files.
static bool is_time64(const struct elf_import *import)
{
    return str_starts(import->symbol, "__") && strstr(import->symbol, "64") &&
           elf_version_exceeds(import->version, "2.33");
}

static bool is_time32(const struct elf_import *import)
{
    static const char *const names[] = {
        "time",      "clock_gettime", "gettimeofday", "localtime",       "localtime_r",
        "gmtime",    "gmtime_r",      "mktime",       "timegm",          "ctime",
        "nanosleep", "difftime",      "utimes",       "clock_nanosleep", "setitimer",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(import->symbol, names[i]) == 0) {
            return str_starts(import->version, "GLIBC_");
        }
    }
    return false;
}

static void at_least(unsigned *value, unsigned least)
{
    *value = *value < least ? least : *value;
}

static void raise_needs(struct arm_needs *needs, const struct arm_needs *least)
{
    at_least(&needs->arch, least->arch);
    at_least(&needs->fp, least->fp);
    at_least(&needs->simd, least->simd);
    at_least(&needs->div, least->div);
    at_least(&needs->half, least->half);
}

// Debian builds for ARMv7 with VFPv3 and 16 registers; a package with code for more (numpy,
// OpenBLAS) looks at the processor before it runs that. https://wiki.debian.org/ArmHardFloatPort
static void lower_to_debian(struct arm_needs *needs)
{
    static const struct arm_needs debian = {.arch = 10, .fp = 4};
    needs->arch = needs->arch > debian.arch ? debian.arch : needs->arch;
    needs->fp = needs->fp > debian.fp ? debian.fp : needs->fp;
    needs->simd = needs->div = needs->half = 0;
}

static int add_linked(struct reading *in, const struct payload_file *f, struct abi_file *file,
                      struct err *err)
{
    struct elf_linked linked;
    int r = 0;
    if (elf_read_linked(f->source, &linked, err) != 0) {
        return -1;
    }
    file->needs = linked.needs;
    if (is_of_runtime(f->path) && !str_starts(f->path, RUNTIME_PROGRAMS "/")) {
        lower_to_debian(&file->needs);
    } else if (in->built_for) {
        raise_needs(&file->needs, in->built_for);
    }
    for (size_t i = 0; i < linked.n_imports; i++) {
        file->time64 |= is_time64(&linked.imports[i]);
        file->time32 |= is_time32(&linked.imports[i]);
    }
    for (size_t i = 0; i < linked.n_versions && r == 0; i++) {
        r = add_want(in, linked.versions[i].library, linked.versions[i].version, f->path, err);
    }
    elf_linked_release(&linked);
    return r;
}

static int add_file(struct reading *in, const struct payload_file *f, struct err *err)
{
    _cleanup_(elf_info_release) struct elf_info info = {0};
    struct abi_needs *out = in->out;
    if (elf_read(f->source, &info, err) != 0) {
        return -1;
    }
    if (!elf_is_arm(&info) || info.is_object) {
        return 0;
    }
    bool brings = is_of_runtime(f->path);
    if (!brings && !payload_find(in->r, RUNTIME_PYTHON)) {
        abi_python_read(f, &out->python);
    }
    if (info.interpreter && !brings && check_name(info.interpreter, f->path, err) != 0) {
        return -1;
    }
    VEC_GROW(out->files, out->n_files);
    struct abi_file *file = &out->files[out->n_files++];
    *file = (struct abi_file){.path = xstrdup(f->path)};
    file->interpreter = info.interpreter && !brings && !payload_is_library(f->path)
                            ? TAKE_PTR(info.interpreter)
                            : NULL;
    for (size_t i = 0; i < info.needed.n; i++) {
        if (add_want(in, info.needed.items[i], NULL, f->path, err) != 0) {
            return -1;
        }
    }
    return add_linked(in, f, file, err);
}

// Libraries before their versions, and older versions before newer ones.
static int by_name(const void *a, const void *b)
{
    const struct abi_want *x = a;
    const struct abi_want *y = b;
    int order = strcmp(x->library, y->library);
    return order != 0 ? order
                      : strverscmp(x->version ? x->version : "", y->version ? y->version : "");
}

int abi_needs_read(const struct payload *r, const struct arm_needs *built_for,
                   struct abi_needs *out, struct err *err)
{
    struct reading in = {.r = r, .built_for = built_for, .out = out};
    *out = (struct abi_needs){.runtime = payload_find(r, RUNTIME_FOLDER "/start") != NULL};
    int status = find_library_folders(&in, err);
    for (size_t i = 0; i < r->n && status == 0; i++) {
        status = r->items[i].kind == PAYLOAD_FILE ? add_file(&in, &r->items[i], err) : 0;
    }
    strv_release(&in.folders);
    if (status != 0) {
        abi_needs_release(out);
    } else if (out->n_wants > 0) {
        qsort(out->wants, out->n_wants, sizeof(*out->wants), by_name);
    }
    return status;
}

void abi_needs_release(struct abi_needs *n)
{
    for (size_t i = 0; i < n->n_wants; i++) {
        free(n->wants[i].library);
        free(n->wants[i].version);
        free(n->wants[i].inside);
        strv_release(&n->wants[i].files);
    }
    for (size_t i = 0; i < n->n_files; i++) {
        free(n->files[i].path);
        free(n->files[i].interpreter);
    }
    free(n->wants);
    free(n->files);
    abi_python_release(&n->python);
    *n = (struct abi_needs){0};
}

// --- The question --------------------------------------------------------------------------------

static void add_once(struct strv *to, char *text)
{
    if (strv_has(to, text)) {
        free(text);
    } else {
        strv_take(to, text);
    }
}

// "GLIBC_2.34" -> "GLIBC_", as a part of a regular expression.
static char *version_family(const char *version)
{
    const char *end = strrchr(version, '_');
    struct strbuf out = {0};
    for (const char *p = version; *p && (!end || p <= end); p++) {
        strbuf_addf(&out, "%s%c", *p == '.' || *p == '+' ? "\\" : "", *p);
    }
    return strbuf_take(&out);
}

void abi_question(const struct abi_needs *n, struct strbuf *out)
{
    _cleanup_strv_ struct strv libraries = {0};
    _cleanup_strv_ struct strv families = {0};
    _cleanup_strv_ struct strv interpreters = {0};
    for (size_t i = 0; i < n->n_wants; i++) {
        add_once(&libraries, xstrdup(n->wants[i].library));
        if (n->wants[i].version) {
            add_once(&families, version_family(n->wants[i].version));
        }
    }
    for (size_t i = 0; i < n->n_files; i++) {
        if (n->files[i].interpreter) {
            add_once(&interpreters, xstrdup(n->files[i].interpreter));
        }
    }
    _cleanup_free_ char *names = strv_join(&libraries, " ");
    _cleanup_free_ char *wanted = xasprintf(" %s ", names);
    _cleanup_free_ char *loaders = strv_join(&interpreters, " ");
    _cleanup_free_ char *joined = strv_join(&families, "|");
    _cleanup_free_ char *versions = families.n ? xasprintf("(%s).*", joined) : xstrdup("");
    strbuf_adds(out, "abi");
    fleet_encode_word(wanted, out);
    fleet_encode_word(loaders, out);
    fleet_encode_word(versions, out);
    fleet_encode_word(n->python.version ? n->python.version : "", out);
    strbuf_adds(out, "\n");
}
