// SPDX-License-Identifier: MIT
// `pisdk ide`: files for an editor, so that it builds, completes and debugs for the board.
// They are toolchain/ide/EDITOR/KIND/PATH (see offer.h).

#include <string.h>

#include "base/fs.h"
#include "debug/gdb.h"
#include "pisdk/app.h"
#include "pisdk/project/offer.h"
#include "pisdk/requests.h"
#include "project/build.h"
#include "target/toolset_make.h"
#include "workspace/target_choice.h"

enum { KINDS_MAX = 5, DEFAULT_RANKS = 4 };

#define PLAIN         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+"
#define NUMPY_HEADERS "/usr/lib/python3/dist-packages/numpy/core/include"

static char *escaped(const char *value)
{
    static const struct str_pair special[] = {{"\\", "\\\\"}, {"\"", "\\\""}};
    return str_expand(value, special, ARRAY_SIZE(special));
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

static int want_all(struct offer *o, const struct toolset *t, const char *editor,
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
        _cleanup_free_ char *kind = xasprintf("ide/%s/%s", editor, kinds[i]);
        if (offer_add(o, kind, err) != 0) {
            return -1;
        }
    }
    return strcmp(system, "none") == 0    ? 0
           : strcmp(system, "cmake") == 0 ? offer_add(o, "ide-any/cmake", err)
                                          : offer_add(o, "ide-any/clangd", err);
}

static int choose_files(struct offer *o, const struct toolset *t, const char *editor,
                        struct err *err)
{
    const struct project *p = &o->app->project;
    const char *system = "";
    struct err ignored = ERR_INIT;
    if (project_build_system(p, &system, err) != 0) {
        return -1;
    }
    const char *program = p->program ? p->program : p->name;
    if (strspn(program, PLAIN) != strlen(program)) { // it becomes a word of shells and of JSON
        err_set(err, ERR_USAGE,
                "program `%s` of " PROJECT_FILE " has other characters than "
                "letters, digits and _-./+",
                program);
        return -1;
    }
    _cleanup_free_ char *build = xasprintf("build/%s-debug", t->board);
    _cleanup_free_ char *binary =
        project_builds_apart(system) ? fs_join(build, program) : xstrdup(program);
    _cleanup_free_ char *found = gdb_find(&ignored);
    _cleanup_free_ char *gdb = escaped(found ? found : "/usr/bin/gdb-multiarch");
    _cleanup_free_ char *root = escaped(t->root);
    _cleanup_free_ char *file = fs_join(o->app->paths.share, "toolchain/pisdk.cmake");
    _cleanup_free_ char *toolchain = escaped(file);
    _cleanup_free_ char *sysroot = escaped(t->sysroot);
    _cleanup_free_ char *ranks = xasprintf("%ld", p->ranks ? p->ranks : DEFAULT_RANKS);
    _cleanup_free_ char *flags = clang_options(t);

    offer_know(o, "@NAME@", p->name);
    offer_know(o, "@PROGRAM@", program);
    offer_know(o, "@BINARY@", binary);
    offer_know(o, "@BUILD@", build);
    offer_know(o, "@BOARD@", t->board);
    offer_know(o, "@SYSROOT@", sysroot);
    offer_know(o, "@ROOT@", root);
    offer_know(o, "@TOOLCHAIN@", toolchain);
    offer_know(o, "@RANKS@", ranks);
    offer_know(o, "@GDB@", gdb);
    offer_know(o, "@FLAGS@", flags);
    return want_all(o, t, editor, system, err);
}

int cmd_ide(struct app *app, struct err *err)
{
    const char *editor = app->input.args.n ? app->input.args.items[0] : NULL;
    const struct target_request request = {0};
    struct toolset tools;
    struct offer files = {.app = app};

    if (offer_check(app, "ide", "editor", editor, err) != 0) {
        return err_hint(err, "for others: `pisdk build` writes build/compile_commands.json, which "
                             "clangd finds, and build/BOARD-TYPE/gdbinit");
    }
    if (target_make_toolset(&app->work, &request, &tools, err) != 0) {
        return -1;
    }
    int r = choose_files(&files, &tools, editor, err);
    if (r == 0 && input_flag(&app->input, "print")) {
        offer_print(&files);
    } else if (r == 0 && offer_write(&files, err) != 0) {
        r = err_hint(err, "`pisdk ide %s --print` shows what to put there", editor);
    }
    offer_release(&files);
    toolset_release(&tools);
    return r;
}
