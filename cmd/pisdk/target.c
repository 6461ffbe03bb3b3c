#include "target.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "deb/lock.h"
#include "deb/recipe.h"
#include "project/build.h"

enum { JOBS_MAX = 4096 };

int target_open_sysroot(struct app *app, const char *name, struct sysroot *out, struct err *err)
{
    if (sysroot_open(app->paths.data, name, out, err) == 0) {
        return 0;
    }
    _cleanup_free_ char *recipes = fs_join(app->paths.share, "sysroot-scripts");
    _cleanup_free_ char *file = NULL;
    _cleanup_free_ char *flavour = NULL;
    struct err no_recipe = ERR_INIT;
    if (err->code != ERR_NOT_FOUND || name[0] == '/' ||
        recipe_find(recipes, app->has_project ? app->project.dir : NULL, name, &file, &flavour,
                    &no_recipe) == 0) {
        return -1; // the hint that it has is right
    }
    if (no_recipe.hint[0]) {
        return err_hint(err, "%s", no_recipe.hint);
    }
    return err_hint(err, "`pisdk sysroot list` shows the sysroots there are");
}

int target_read_lock(struct app *app, struct lock *out, struct err *err)
{
    _cleanup_free_ char *path = fs_join(app->project.dir, LOCK_FILE);

    *out = (struct lock){0};
    if (!fs_exists(path)) {
        return 1;
    }
    if (lock_read(path, out, err) != 0) {
        return -1;
    }
    if (strcmp(out->name, app->project.sysroot) != 0) {
        err_set(err, ERR_USAGE, "%s is for sysroot `%s`, but " PROJECT_FILE " wants `%s`", path,
                out->name, app->project.sysroot);
        lock_release(out);
        return err_hint(err, "`pisdk sysroot update` makes a new " LOCK_FILE);
    }
    return 0;
}

int target_open_project_sysroot(struct app *app, struct sysroot *out, struct err *err)
{
    _cleanup_(lock_release) struct lock lock = {0};
    int r = target_read_lock(app, &lock, err);
    if (r != 0) {
        return r < 0 ? -1 : target_open_sysroot(app, app->project.sysroot, out, err);
    }
    if (sysroot_open_locked(app->paths.data, &lock, out, err) != 0) {
        return err->code == ERR_NOT_FOUND ? err_hint(err, "pisdk sysroot build") : -1;
    }
    if (strcmp(out->name, lock.name) != 0) {
        sysroot_note_project(out, app->project.dir);
    }
    return 0;
}

int target_open_named(struct app *app, struct sysroot *out, struct err *err)
{
    if (app->input.args.n) {
        return target_open_sysroot(app, app->input.args.items[0], out, err);
    }
    return app->has_project ? target_open_project_sysroot(app, out, err)
                            : target_open_sysroot(app, PROJECT_DEFAULT_SYSROOT, out, err);
}

// Says where a name that does not exist comes from, when it was not given on the command line.
static int from_project(struct app *app, const char *key, struct err *err)
{
    if (app->has_project && !input_value(&app->input, key)) {
        return err_wrap(err, "%s/" PROJECT_FILE, app->project.dir);
    }
    return -1;
}

int target_choose(struct app *app, struct target *out, struct err *err)
{
    const struct project *p = app->has_project ? &app->project : NULL;
    const char *sysroot = input_value(&app->input, "sysroot");
    const char *board = input_value(&app->input, "board");
    _cleanup_free_ char *folder = fs_join(app->paths.share, "toolchain/boards");

    if (input_flag(&app->input, "debug") && input_flag(&app->input, "release")) {
        return err_set(err, ERR_USAGE, "--debug and --release exclude each other");
    }
    *out = (struct target){.type = input_flag(&app->input, "debug") ? "debug" : "release"};
    board = board ? board : p ? p->board : PROJECT_DEFAULT_BOARD;
    if (board_read(folder, board, false, &out->board, err) != 0) {
        return from_project(app, "board", err);
    }
    int r = p && !sysroot ? target_open_project_sysroot(app, &out->sysroot, err)
                          : target_open_sysroot(app, sysroot ? sysroot : PROJECT_DEFAULT_SYSROOT,
                                                &out->sysroot, err);
    if (r != 0) {
        board_release(&out->board);
        return from_project(app, "sysroot", err);
    }
    return 0;
}

void target_release(struct target *t)
{
    sysroot_release(&t->sysroot);
    board_release(&t->board);
}

static int build(struct app *app, const struct target *t, struct project_build_options *options,
                 struct err *err)
{
    int status = 0;
    options->share = app->paths.share;
    options->program = app->paths.program;
    options->sysroot = t->sysroot.root;
    options->board = t->board.name;
    options->type = t->type;
    options->log = &app->log;
    int r = project_build(&app->project, options, &status, err);
    if (r == 0 && status != 0 && options->output && options->output->len &&
        strstr(options->output->data, "ninja: error: unknown target")) {
        return TARGET_UNKNOWN;
    }
    if (options->output && options->output->len && (r != 0 || status != 0)) {
        fwrite(options->output->data, 1, options->output->len, stderr);
    }
    return r == 0 ? status : -1;
}

int target_build_all(struct app *app, const struct target *t, struct err *err)
{
    _cleanup_strbuf_ struct strbuf output = {0};
    struct project_build_options options = {
        .output = input_flag(&app->input, "quiet") ? &output : NULL,
        .clean = input_flag(&app->input, "clean"),
        .extra = &app->input.rest,
    };
    if (input_number(&app->input, "jobs", 0, 1, JOBS_MAX, &options.jobs, err) != 0) {
        return -1;
    }
    return build(app, t, &options, err);
}

int target_build(struct app *app, const struct target *t, const char *program, struct err *err)
{
    _cleanup_strbuf_ struct strbuf output = {0};
    _cleanup_strv_ struct strv words = {0};
    struct project_build_options options = {.output = &output, .extra = &words};
    if (program) {
        strv_add(&words, program);
    }
    return build(app, t, &options, err);
}
