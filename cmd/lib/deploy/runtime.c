// SPDX-License-Identifier: MIT
#include "deploy/runtime.h"

#include <fnmatch.h>
#include <glob.h>
#include <string.h>

#include "base/fs.h"
#include "deploy/libraries.h"
#include "deploy/runtime_parts.h"
#include "deploy/runtime_scripts.h"
#include "target/elf.h"

enum { SCRIPT_MAX = 1 << 16, COMMAND_MAX = 64 << 20 };

static bool matches(const struct strv *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->n; i++) {
        if (fnmatch(patterns->items[i], text, 0) == 0) {
            return true;
        }
    }
    return false;
}

struct adding {
    struct payload *r;
    const struct runtime_source *from;
    char *root;      // without links in it
    char *loader;    // its name; NULL before a program was seen
    struct strv own; // folders of the release that have libraries
    struct libraries libraries;
};

// --- Files of the sysroot ------------------------------------------------------------------------

struct walk {
    struct adding *a;
    const struct strv *leave_out;
    int (*each)(struct adding *a, const char *source, const char *path, struct err *err);
};

// `path` is in the sysroot. A folder stands for all that is in it.
static int for_file(const struct walk *walk, const char *path, struct err *err)
{
    const char *root = walk->a->root;
    _cleanup_free_ char *real = fs_real_path(path);
    _cleanup_strv_ struct strv names = {0};
    int r = 0;

    if (!real || !fs_is_below(real, root) || matches(walk->leave_out, path + strlen(root) + 1)) {
        return 0;
    }
    if (!fs_is_dir(path)) {
        return walk->each(walk->a, real, path + strlen(root) + 1, err);
    }
    if (fs_list_dir(path, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n && r == 0; i++) {
        _cleanup_free_ char *inner = fs_join(path, names.items[i]);
        r = for_file(walk, inner, err);
    }
    return r;
}

// Calls `each` for every file of the sysroot that a pattern fits, with its path there.
static int for_matches(struct adding *a, const struct strv *patterns, const struct strv *leave_out,
                       int (*each)(struct adding *a, const char *source, const char *path,
                                   struct err *err),
                       struct err *err)
{
    const struct walk walk = {a, leave_out, each};
    int r = 0;
    for (size_t i = 0; i < patterns->n && r == 0; i++) {
        _cleanup_free_ char *pattern = fs_join(a->root, patterns->items[i]);
        glob_t found;
        if (glob(pattern, 0, NULL, &found) != 0) {
            continue; // this sysroot has none
        }
        for (size_t k = 0; k < found.gl_pathc && r == 0; k++) {
            r = for_file(&walk, found.gl_pathv[k], err);
        }
        globfree(&found);
    }
    return r;
}

static int add_file(struct adding *a, const char *source, const char *path, struct err *err)
{
    _cleanup_free_ char *to = xasprintf(RUNTIME_FOLDER "/%s", path);
    return payload_add(a->r, a->root, source, to, err);
}

static int add_plugin(struct adding *a, const char *source, const char *path, struct err *err)
{
    struct err ignored = ERR_INIT;
    if (libraries_close_over(&a->libraries, source, path, &ignored) != 0) {
        if (ignored.code == ERR_NOT_FOUND) { // whoever opens it does without
            return 0;
        }
        *err = ignored;
        return -1;
    }
    return add_file(a, source, path, err);
}

static int add_any(struct adding *a, const char *source, const char *path, struct err *err)
{
    return payload_is_library(path) ? add_plugin(a, source, path, err)
                                    : add_file(a, source, path, err);
}

static int add_libraries(struct adding *a, struct err *err)
{
    for (size_t i = 0; i < a->libraries.n; i++) {
        const struct library *l = &a->libraries.items[i];
        _cleanup_free_ char *path = xasprintf("%s/%s", l->folder, l->soname);
        if (add_file(a, l->source, path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// --- The scripts ---------------------------------------------------------------------------------

// The folders of libraries, the project's own first, as --library-path takes them.
static char *library_path(const struct adding *a)
{
    _cleanup_strv_ struct strv folders = {0};
    for (size_t i = 0; i < a->own.n; i++) {
        strv_addf(&folders, "$pisdk_release/%s", a->own.items[i]);
    }
    for (size_t i = 0; i < a->libraries.n; i++) {
        _cleanup_free_ char *folder = xasprintf("$pisdk_runtime/%s", a->libraries.items[i].folder);
        if (!strv_has(&folders, folder)) {
            strv_add(&folders, folder);
        }
    }
    return strv_join(&folders, ":");
}

static int add_start(struct adding *a, const struct runtime_parts *mpi, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf part = {0};
    const struct library *l = libraries_find(&a->libraries, a->loader);
    _cleanup_free_ char *loader = fs_join(l->folder, l->soname);
    _cleanup_free_ char *folders = library_path(a);
    const struct runtime_start start = {folders, &mpi->environment, &mpi->without_ssh};
    char sha256[HASH_HEX + 1];

    runtime_start_part(&start, &part);
    hash_bytes(part.data, part.len, sha256);
    _cleanup_free_ char *path = xasprintf(RUNTIME_FOLDER "/start.d/%.8s", sha256);
    return runtime_start(l->source, loader, &text, err) == 0 &&
                   payload_add_text(a->r, a->from->work, RUNTIME_FOLDER "/start", text.data, false,
                                    err) == 0
               ? payload_add_text(a->r, a->from->work, path, part.data, false, err)
               : -1;
}

static int add_script(struct adding *a, const char *path, const char *program, const char *called,
                      const char *arguments, struct err *err)
{
    _cleanup_free_ char *text = runtime_script(path, program, called, arguments);
    return payload_add_text(a->r, a->from->work, path, text, true, err);
}

// --- Programs ------------------------------------------------------------------------------------

// In place of a program, the script that starts it.
static int wrap(struct adding *a, size_t i, struct err *err)
{
    struct payload_file *f = &a->r->items[i];
    _cleanup_free_ char *path = TAKE_PTR(f->path);
    _cleanup_free_ char *source = TAKE_PTR(f->source);
    _cleanup_free_ char *to = xasprintf(RUNTIME_PROGRAMS "/%s", path);

    a->r->size -= f->size;
    free(f->target);
    *f = a->r->items[--a->r->n];
    return payload_add(a->r, a->root, source, to, err) == 0 ? add_script(a, path, to, NULL, "", err)
                                                            : -1;
}

// The first program tells which loader all are started with.
static void note_loader(struct adding *a, const struct elf_info *info)
{
    if (!a->loader && info->interpreter) {
        a->loader = xstrdup(fs_base(info->interpreter));
    }
}

static bool is_program(const struct payload_file *f, const struct elf_info *info)
{
    return f->program && info->interpreter && !payload_is_library(f->path) &&
           !str_starts(f->path, RUNTIME_FOLDER "/");
}

// Reads a file of the release: what it needs, and whether it is to be wrapped.
static int read_own(struct adding *a, const struct payload_file *f, bool *program, struct err *err)
{
    _cleanup_(elf_info_release) struct elf_info info = {0};
    *program = false;
    if (f->kind != PAYLOAD_FILE) {
        return 0;
    }
    if (elf_read(f->source, &info, err) != 0) {
        return -1;
    }
    if (!elf_is_arm(&info) || info.is_object) {
        return 0;
    }
    *program = is_program(f, &info);
    if (*program) {
        note_loader(a, &info);
    }
    if (payload_is_library(f->path)) {
        _cleanup_free_ char *folder = fs_parent(f->path);
        if (!strv_has(&a->own, folder)) {
            strv_add(&a->own, folder);
        }
    }
    return libraries_close_over(&a->libraries, f->source, f->path, err);
}

static int add_programs(struct adding *a, struct strv *programs, struct err *err)
{
    for (size_t i = 0; i < a->r->n; i++) {
        bool program;
        if (read_own(a, &a->r->items[i], &program, err) != 0) {
            return -1;
        }
        if (program) {
            strv_add(programs, a->r->items[i].path);
        }
    }
    return 0;
}

static int wrap_programs(struct adding *a, const struct strv *programs, struct err *err)
{
    for (size_t i = 0; i < programs->n; i++) {
        const struct payload_file *f = payload_find(a->r, programs->items[i]);
        if (f && wrap(a, (size_t)(f - a->r->items), err) != 0) {
            return -1;
        }
    }
    return 0;
}

// --- MPI -----------------------------------------------------------------------------------------

static bool is_wanted(const struct adding *a, const struct runtime_parts *mpi)
{
    for (size_t i = 0; i < a->libraries.n; i++) {
        if (matches(&mpi->when, a->libraries.items[i].soname)) {
            return true;
        }
    }
    return false;
}

static const char *value_of(const struct runtime_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (strcmp(pairs->items[i].name, name) == 0) {
            return pairs->items[i].value;
        }
    }
    return NULL;
}

static int add_program(struct adding *a, const struct runtime_parts *p,
                       const struct runtime_pair *program, struct err *err)
{
    const char *arguments = value_of(&p->arguments, program->name);
    const char *called = value_of(&p->called, program->name);
    _cleanup_free_ char *path = fs_join(a->root, program->value);
    _cleanup_free_ char *real = fs_real_path(path);
    _cleanup_free_ char *script = xasprintf(RUNTIME_FOLDER "/bin/%s", program->name);
    if (!real || !fs_is_below(real, a->root)) {
        err_set(err, ERR_NOT_FOUND, "the sysroot has no %s, which the release needs",
                program->value);
        return err_hint(err, "`pisdk sysroot verify` says what is missing");
    }
    // Where the name that it is called by is a script, the program has that of its own file.
    const char *place = called ? real + strlen(a->root) + 1 : program->value;
    _cleanup_free_ char *to = xasprintf(RUNTIME_FOLDER "/%s", place);
    _cleanup_free_ char *as = called ? xasprintf(RUNTIME_FOLDER "/%s", called) : NULL;
    arguments = arguments ? arguments : "";
    if (libraries_close_over(&a->libraries, real, program->value, err) != 0 ||
        add_file(a, real, place, err) != 0 ||
        (as && add_script(a, as, to, as, arguments, err) != 0)) {
        return -1;
    }
    return add_script(a, script, to, as, arguments, err);
}

static int add_own_script(struct adding *a, const struct runtime_pair *script, struct err *err)
{
    _cleanup_free_ char *file = fs_join(a->from->data, script->value);
    _cleanup_free_ char *path = xasprintf(RUNTIME_FOLDER "/bin/%s", script->name);
    _cleanup_strbuf_ struct strbuf text = {0};
    return fs_read_file(file, SCRIPT_MAX, &text, err) == 0
               ? payload_add_text(a->r, a->from->work, path, text.data ? text.data : "", true, err)
               : -1;
}

static int add_own_text(struct adding *a, const struct runtime_pair *item, struct err *err)
{
    _cleanup_free_ char *folder = fs_parent(item->name);
    _cleanup_free_ char *pattern = fs_join(a->root, folder);
    _cleanup_free_ char *file = fs_join(a->from->data, item->value);
    _cleanup_strbuf_ struct strbuf text = {0};
    glob_t found;
    if (fs_read_file(file, SCRIPT_MAX, &text, err) != 0) {
        return -1;
    }
    if (glob(pattern, 0, NULL, &found) != 0) {
        return 0;
    }
    _cleanup_free_ char *path = xasprintf(
        RUNTIME_FOLDER "/%s/%s", found.gl_pathv[0] + strlen(a->root) + 1, fs_base(item->name));
    globfree(&found);
    return payload_add_text(a->r, a->from->work, path, text.data ? text.data : "", false, err);
}

static int add_parts(struct adding *a, const struct runtime_parts *p, struct err *err)
{
    for (size_t i = 0; i < p->programs.n; i++) {
        if (add_program(a, p, &p->programs.items[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < p->scripts.n; i++) {
        if (add_own_script(a, &p->scripts.items[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < p->texts.n; i++) {
        if (add_own_text(a, &p->texts.items[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < p->links.n; i++) {
        const struct runtime_pair *link = &p->links.items[i];
        _cleanup_free_ char *path = xasprintf(RUNTIME_FOLDER "/%s", link->name);
        payload_add_link(a->r, path, link->value);
    }
    for (size_t i = 0; i < p->libraries.n; i++) {
        if (libraries_add_named(&a->libraries, p->libraries.items[i], err) != 0) {
            return -1;
        }
    }
    return for_matches(a, &p->add, &p->leave_out, add_any, err) == 0
               ? for_matches(a, &p->plugins, &p->leave_out, add_plugin, err)
               : -1;
}

// --- Packages ------------------------------------------------------------------------------------

static bool is_command(const char *path)
{
    static const char *const folders[] = {"usr/bin", "usr/sbin", "usr/games"};
    _cleanup_free_ char *folder = fs_parent(path);
    return str_is_one_of(folder, folders, ARRAY_SIZE(folders));
}

// A script of a package: Python's is run by the release's own; for others the board has the
// interpreter.
static int add_command_script(struct adding *a, const char *real, const char *path, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_free_ char *name = xasprintf(RUNTIME_FOLDER "/bin/%s", fs_base(path));
    _cleanup_free_ char *to = xasprintf("../%s", path);
    if (fs_read_file(real, COMMAND_MAX, &text, err) != 0 || add_file(a, real, path, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *first = text.data ? xstrndup(text.data, strcspn(text.data, "\n")) : NULL;
    if (!first || !str_starts(first, "#!") || !strstr(first, "/python3")) {
        payload_add_link(a->r, name, to);
        return 0;
    }
    _cleanup_free_ char *script =
        xasprintf("#!/bin/sh\n"
                  "# Starts a program with the Python of this release.\n"
                  "pisdk_bin=$(dirname \"$(readlink -f \"$0\")\") || exit 127\n"
                  "exec \"$pisdk_bin/python3\" \"$pisdk_bin/%s\" \"$@\"\n",
                  to);
    return payload_add_text(a->r, a->from->work, name, script, true, err);
}

static int add_command(struct adding *a, const char *real, const char *path, struct err *err)
{
    static const struct runtime_parts nothing;
    _cleanup_(elf_info_release) struct elf_info info = {0};
    _cleanup_free_ char *name = xstrdup(fs_base(path));
    _cleanup_free_ char *value = xstrdup(path);
    _cleanup_free_ char *script = xasprintf(RUNTIME_FOLDER "/bin/%s", name);
    if (payload_find(a->r, script)) {
        return 0;
    }
    if (elf_read(real, &info, err) != 0) {
        return -1;
    }
    if (!elf_is_arm(&info)) {
        return add_command_script(a, real, path, err);
    }
    note_loader(a, &info);
    return add_program(a, &nothing, &(struct runtime_pair){name, value}, err);
}

// Libraries that programs are linked with go where the loader finds them, under their soname.
static int add_package_library(struct adding *a, const char *real, const char *path,
                               struct err *err)
{
    _cleanup_free_ char *folder = fs_parent(path);
    _cleanup_(elf_info_release) struct elf_info info = {0};
    if (!str_ends(folder, a->from->triple)) {
        return add_plugin(a, real, path, err);
    }
    if (elf_read(real, &info, err) != 0) {
        return -1;
    }
    return libraries_add_named(&a->libraries, info.soname ? info.soname : fs_base(path), err);
}

static int add_packages(struct adding *a, struct err *err)
{
    struct runtime_parts parts;
    const struct strv *files = a->from->files;
    if (!files || files->n == 0) {
        return 0;
    }
    int r = runtime_parts_read(a->from->data, "package", &parts, err);
    for (size_t i = 0; r == 0 && i < files->n; i++) {
        const char *path = files->items[i];
        _cleanup_free_ char *at = fs_join(a->root, path);
        _cleanup_free_ char *real = fs_real_path(at);
        if (!real || !fs_is_below(real, a->root) || fs_is_dir(real) ||
            matches(&parts.leave_out, path)) {
            continue;
        }
        r = is_command(path)           ? add_command(a, real, path, err)
            : payload_is_library(path) ? add_package_library(a, real, path, err)
                                       : add_file(a, real, path, err);
    }
    runtime_parts_release(&parts);
    return r;
}

// --- Interpreters --------------------------------------------------------------------------------

// Is a file of the release, or of a package, for this interpreter, which the sysroot has?
static bool interprets(const struct adding *a, const struct runtime_parts *p)
{
    for (size_t i = 0; a->from->files && i < a->from->files->n; i++) {
        if (matches(&p->when_files, a->from->files->items[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < a->r->n; i++) {
        const struct payload_file *f = &a->r->items[i];
        _cleanup_free_ char *program =
            fs_join(a->root, p->programs.n ? p->programs.items[0].value : "");
        if (f->kind == PAYLOAD_FILE && matches(&p->when_files, f->path)) {
            return fs_exists(program);
        }
    }
    return false;
}

// The loader's name, where no program of the project has said it.
static int find_loader(struct adding *a, const struct runtime_parts *p, struct err *err)
{
    _cleanup_(elf_info_release) struct elf_info info = {0};
    _cleanup_free_ char *path = fs_join(a->root, p->programs.items[0].value);
    _cleanup_free_ char *real = fs_real_path(path);
    if (elf_read(real ? real : path, &info, err) != 0) {
        return -1;
    }
    note_loader(a, &info);
    return 0;
}

static int check_interpreter(const struct adding *a, const struct runtime_parts *p,
                             const char *name, struct err *err)
{
    _cleanup_free_ char *path = fs_join(a->root, p->programs.items[0].value);
    bool python = strcmp(name, "python") == 0;
    if (fs_exists(path)) {
        return 0;
    }
    err_set(err, ERR_NOT_FOUND, "the sysroot has no %s", python ? "Python" : "R");
    return err_hint(err, "pisdk sysroot add %s", python ? "python3" : "r-base-core");
}

static int add_interpreters(struct adding *a, struct err *err)
{
    static const char *const names[] = {"python", "r"};
    int r = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++) {
        struct runtime_parts parts;
        r = runtime_parts_read(a->from->data, names[i], &parts, err);
        if (r == 0 && a->from->small && parts.leave_out_of_bundles.n > 0) {
            strv_add_all(&parts.leave_out, parts.leave_out_of_bundles.items);
        }
        bool asked = a->from->with && strv_has(a->from->with, names[i]);
        if (r == 0 && asked) {
            r = check_interpreter(a, &parts, names[i], err);
        }
        if (r == 0 && (asked || interprets(a, &parts))) {
            r = find_loader(a, &parts, err) == 0 ? add_parts(a, &parts, err) : -1;
        }
        runtime_parts_release(&parts);
    }
    return r;
}

static int add_all(struct adding *a, struct runtime_parts *libc, struct runtime_parts *mpi,
                   struct err *err)
{
    static const struct runtime_parts nothing;
    _cleanup_strv_ struct strv programs = {0};
    const char *flavour = a->from->flavour;

    if (runtime_parts_read(a->from->data, "libc", libc, err) != 0 ||
        (flavour && runtime_parts_read(a->from->data, flavour, mpi, err) != 0) ||
        add_programs(a, &programs, err) != 0 || add_interpreters(a, err) != 0 ||
        add_packages(a, err) != 0) {
        return -1;
    }
    if (!a->loader) {
        return 0; // nothing that is to be started
    }
    if (libraries_add_named(&a->libraries, a->loader, err) != 0 || add_parts(a, libc, err) != 0) {
        return -1;
    }
    if (!libraries_find(&a->libraries, a->loader)) {
        return err_set(err, ERR_NOT_FOUND, "the sysroot has no %s", a->loader);
    }
    const struct runtime_parts *wanted = is_wanted(a, mpi) ? mpi : &nothing;
    return add_parts(a, wanted, err) == 0 && wrap_programs(a, &programs, err) == 0 &&
                   add_libraries(a, err) == 0
               ? add_start(a, wanted, err)
               : -1;
}

int runtime_add(struct payload *r, const struct runtime_source *from, struct err *err)
{
    struct adding a = {.r = r, .from = from, .root = fs_real_path(from->root)};
    a.libraries = (struct libraries){.release = r, .root = a.root, .triple = from->triple};
    struct runtime_parts libc = {0};
    struct runtime_parts mpi = {0};
    int status = a.root ? add_all(&a, &libc, &mpi, err)
                        : err_set(err, ERR_NOT_FOUND, "there is no sysroot in %s", from->root);
    libraries_release(&a.libraries);
    strv_release(&a.own);
    runtime_parts_release(&libc);
    runtime_parts_release(&mpi);
    free(a.root);
    free(a.loader);
    return status;
}
