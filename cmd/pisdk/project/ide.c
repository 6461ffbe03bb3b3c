// SPDX-License-Identifier: MIT
// `pisdk ide`: files for an editor, so that it builds, completes and debugs for the board.
//
// They are toolchain/ide/EDITOR/KIND/PATH; those of several kinds with the same path are put
// together. What the user has is never overwritten: JSON is added to, other files are left alone.

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "debug/gdb.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "project/build.h"
#include "project/json_merge.h"
#include "target/toolset_make.h"
#include "workspace/target_choice.h"

enum { FILE_SIZE_MAX = 1 << 20, KINDS_MAX = 5, DEFAULT_RANKS = 4 };

#define NUMPY_HEADERS "/usr/lib/python3/dist-packages/numpy/core/include"

struct ide {
    struct app *app;
    struct strv paths; // in the project
    struct strv texts; // of them
    struct str_pair known[16];
    size_t n_known;
};

static bool is_json(const char *path)
{
    return str_ends(path, ".json");
}

static char *escaped(const char *value)
{
    static const struct str_pair special[] = {{"\\", "\\\\"}, {"\"", "\\\""}};
    return str_expand(value, special, ARRAY_SIZE(special));
}

// Adds a file of ours to those that are wanted.
static int want_file(struct ide *ide, const char *from, const char *path, struct err *err)
{
    _cleanup_strbuf_ struct strbuf bytes = {0};
    if (fs_read_file(from, FILE_SIZE_MAX, &bytes, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *text = str_expand(bytes.data, ide->known, ide->n_known);
    for (size_t i = 0; i < ide->paths.n; i++) {
        char *both = NULL;
        if (strcmp(ide->paths.items[i], path) != 0) {
            continue;
        }
        if (!is_json(path)) {
            both = xasprintf("%s%s", ide->texts.items[i], text);
        } else if (json_merge(ide->texts.items[i], strlen(ide->texts.items[i]), text, &both, err)) {
            return -1;
        }
        if (both) {
            free(ide->texts.items[i]);
            ide->texts.items[i] = both;
        }
        return 0;
    }
    strv_add(&ide->paths, path);
    strv_take(&ide->texts, TAKE_PTR(text));
    return 0;
}

// The files of one kind: in the folder, and in folders in it.
static int want_files(struct ide *ide, const char *kind, struct err *err)
{
    _cleanup_free_ char *top = xasprintf("%s/toolchain/ide/%s", ide->app->paths.share, kind);
    _cleanup_strv_ struct strv names = {0};
    if (!fs_is_dir(top)) {
        return 0; // not every editor has files of every kind
    }
    if (fs_list_dir(top, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(top, names.items[i]);
        _cleanup_strv_ struct strv inner = {0};
        if (!fs_is_dir(path)) {
            if (want_file(ide, path, names.items[i], err) != 0) {
                return -1;
            }
            continue;
        }
        if (fs_list_dir(path, &inner, err) != 0) {
            return -1;
        }
        for (size_t k = 0; k < inner.n; k++) {
            _cleanup_free_ char *file = fs_join(path, inner.items[k]);
            _cleanup_free_ char *name = fs_join(names.items[i], inner.items[k]);
            if (want_file(ide, file, name, err) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int write_one(struct ide *ide, const char *path, const char *text, struct err *err)
{
    _cleanup_free_ char *named = fs_join(ide->app->project.dir, path);
    _cleanup_free_ char *real = fs_real_path(named); // it may be a link to elsewhere
    const char *file = real ? real : named;
    _cleanup_free_ char *dir = fs_parent(file);
    _cleanup_strbuf_ struct strbuf has = {0};
    _cleanup_free_ char *merged = NULL;

    if (!real) {
        if (fs_mkdir_all(dir, 0777, err) != 0 ||
            fs_write_file(file, text, strlen(text), 0666, err) != 0) {
            return -1;
        }
        log_info(&ide->app->log, "created %s", path);
        return 0;
    }
    if (fs_read_file(file, FILE_SIZE_MAX, &has, err) != 0) {
        return -1;
    }
    const char *old = has.data ? has.data : "";
    if (!is_json(path)) {
        return strcmp(old, text) == 0 ? 0 : err_set(err, ERR_FAILED, "it exists already");
    }
    if (json_merge(old, has.len, text, &merged, err) != 0 ||
        (merged && fs_write_file(file, merged, strlen(merged), 0666, err) != 0)) {
        return -1;
    }
    if (merged) {
        log_info(&ide->app->log, "added to %s", path);
    }
    return 0;
}

static int write_files(struct ide *ide, const char *editor, struct err *err)
{
    size_t failed = 0;
    for (size_t i = 0; i < ide->paths.n; i++) {
        struct err why = ERR_INIT;
        if (write_one(ide, ide->paths.items[i], ide->texts.items[i], &why) != 0) {
            log_warning(&ide->app->log, "%s is left as it is: %s", ide->paths.items[i], why.msg);
            failed++;
        }
    }
    if (failed == 0) {
        return EXIT_OK;
    }
    err_set(err, ERR_FAILED, "%zu of %zu files could not be written", failed, ide->paths.n);
    return err_hint(err, "`pisdk ide %s --print` shows what to put there", editor);
}

static void print_files(const struct ide *ide)
{
    for (size_t i = 0; i < ide->paths.n; i++) {
        printf("%s--- %s\n%s", i ? "\n" : "", ide->paths.items[i], ide->texts.items[i]);
    }
}

static void know(struct ide *ide, const char *mark, const char *value)
{
    ide->known[ide->n_known++] = (struct str_pair){mark, value};
}

// Clang's options, as elements of a list in YAML.
static char *clang_options(const struct toolset *t)
{
    struct strbuf b = {0};
    for (size_t i = 0; i < t->flags.n; i++) {
        _cleanup_free_ char *option = escaped(t->flags.items[i]);
        strbuf_addf(&b, "%s\"%s\"", i ? ", " : "", option);
    }
    for (size_t i = 0; i < t->mpi_include.n; i++) {
        _cleanup_free_ char *folder = escaped(t->mpi_include.items[i]);
        strbuf_addf(&b, ", \"-isystem%s\"", folder);
    }
    if (t->python) { // modules in C
        _cleanup_free_ char *root = escaped(t->root);
        strbuf_addf(&b, ", \"-isystem%s/usr/include/%s\"", root, t->python);
        strbuf_addf(&b, ", \"-isystem%s" NUMPY_HEADERS "\"", root);
    }
    return strbuf_take(&b);
}

static int want_all(struct ide *ide, const struct toolset *t, const char *editor,
                    const char *system, struct err *err)
{
    bool compiled = strcmp(system, "none") != 0 && strcmp(system, "python") != 0;
    const char *kinds[KINDS_MAX];
    size_t n = 0;

    kinds[n++] = "any";
    if (compiled) {
        kinds[n++] = "compiled";
    }
    if (t->python) {
        kinds[n++] = "python";
    }
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *kind = xasprintf("%s/%s", editor, kinds[i]);
        if (want_files(ide, kind, err) != 0) {
            return -1;
        }
    }
    return strcmp(system, "none") == 0    ? 0
           : strcmp(system, "cmake") == 0 ? want_files(ide, "all/cmake", err)
                                          : want_files(ide, "all/clangd", err);
}

static int choose_files(struct ide *ide, const struct toolset *t, const char *editor,
                        struct err *err)
{
    const struct project *p = &ide->app->project;
    const char *system = "";
    struct err ignored = ERR_INIT;
    if (project_build_system(p, &system, err) != 0) {
        return -1;
    }
    const char *program = p->program ? p->program : p->name;
    _cleanup_free_ char *build = xasprintf("build/%s-debug", t->board);
    _cleanup_free_ char *binary =
        project_builds_apart(system) ? fs_join(build, program) : xstrdup(program);
    _cleanup_free_ char *found = gdb_find(&ignored);
    _cleanup_free_ char *gdb = escaped(found ? found : "/usr/bin/gdb-multiarch");
    _cleanup_free_ char *root = escaped(t->root);
    _cleanup_free_ char *file = fs_join(ide->app->paths.share, "toolchain/pisdk.cmake");
    _cleanup_free_ char *toolchain = escaped(file);
    _cleanup_free_ char *sysroot = escaped(t->sysroot);
    _cleanup_free_ char *ranks = xasprintf("%ld", p->ranks ? p->ranks : DEFAULT_RANKS);
    _cleanup_free_ char *flags = clang_options(t);

    know(ide, "@NAME@", p->name);
    know(ide, "@PROGRAM@", program);
    know(ide, "@BINARY@", binary);
    know(ide, "@BUILD@", build);
    know(ide, "@BOARD@", t->board);
    know(ide, "@SYSROOT@", sysroot);
    know(ide, "@ROOT@", root);
    know(ide, "@TOOLCHAIN@", toolchain);
    know(ide, "@RANKS@", ranks);
    know(ide, "@GDB@", gdb);
    know(ide, "@FLAGS@", flags);
    return want_all(ide, t, editor, system, err);
}

static int check_editor(struct app *app, const char *editor, struct err *err)
{
    _cleanup_free_ char *top = fs_join(app->paths.share, "toolchain/ide");
    _cleanup_strv_ struct strv names = {0};
    struct strv editors = {0};
    if (fs_list_dir(top, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (strcmp(names.items[i], "all") != 0) {
            strv_add(&editors, names.items[i]);
        }
    }
    int r = 0;
    if (!editor || !strv_has(&editors, editor)) {
        _cleanup_free_ char *known = strv_join(&editors, ", ");
        r = editor ? err_set(err, ERR_USAGE, "pisdk has no files for `%s`; it has for: %s", editor,
                             known)
                   : err_set(err, ERR_USAGE, "`pisdk ide` needs an editor: %s", known);
        err_hint(err, "for others: `pisdk build` writes build/compile_commands.json, which clangd "
                      "finds, and build/BOARD-TYPE/gdbinit");
    }
    strv_release(&editors);
    return r;
}

int cmd_ide(struct app *app, struct err *err)
{
    const char *editor = app->input.args.n ? app->input.args.items[0] : NULL;
    const struct target_request request = {0};
    struct toolset tools;
    struct ide ide = {.app = app};

    if (check_editor(app, editor, err) != 0 ||
        target_make_toolset(&app->work, &request, &tools, err) != 0) {
        return -1;
    }
    int r = choose_files(&ide, &tools, editor, err);
    if (r == 0 && input_flag(&app->input, "print")) {
        print_files(&ide);
    } else if (r == 0) {
        r = write_files(&ide, editor, err);
    }
    strv_release(&ide.paths);
    strv_release(&ide.texts);
    toolset_release(&tools);
    return r;
}
