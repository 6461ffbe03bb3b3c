// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "pisdk/sysroot/builder.h"
#include "sysroot/export.h"
#include "sysroot/store.h"
#include "workspace/target_choice.h"

static int build_recipe(struct app *app, struct builder *m, const char *name, struct err *err)
{
    _cleanup_(recipe_release) struct recipe recipe = {0};
    struct sysroot_build_report report;

    m->options.refresh = m->options.mirror.ask = input_flag(&app->input, "refresh");
    if (builder_find_recipe(m, app, name, input_value(&app->input, "mpi"), NULL, &recipe, err) !=
            0 ||
        sysroot_build(&recipe, &m->options, &report, err) != 0) {
        return -1;
    }
    builder_tell(app, recipe.name, &report);
    if (report.up_to_date && !m->options.refresh) {
        log_info(&app->log, "use --refresh to check the mirror for newer packages");
    }
    return EXIT_OK;
}

// The project's sysroot gets a lock when it has none.
static int lock_project(struct app *app, struct err *err)
{
    _cleanup_free_ char *path = fs_join(app->project.dir, LOCK_FILE);
    struct sysroot s;
    if (sysroot_open(app->paths.data, app->project.sysroot, &s, err) != 0) {
        return -1;
    }
    int r = lock_write(path, &s.lock, err);
    sysroot_release(&s);
    if (r == 0) {
        log_info(&app->log, "wrote " LOCK_FILE "; commit it with the project");
    }
    return r;
}

// Is there a sysroot of the project's name that no recipe makes: a board's, or one from a file?
static bool is_without_recipe(struct app *app, struct builder *m)
{
    _cleanup_(recipe_release) struct recipe recipe = {0};
    struct sysroot s;
    struct err ignored = ERR_INIT;
    if (sysroot_open(app->paths.data, app->project.sysroot, &s, &ignored) != 0) {
        return false;
    }
    sysroot_release(&s);
    return builder_find_recipe(m, app, app->project.sysroot, NULL, NULL, &recipe, &ignored) != 0;
}

static int build_project(struct app *app, struct builder *m, struct err *err)
{
    _cleanup_(lock_release) struct lock lock = {0};
    _cleanup_(recipe_release) struct recipe recipe = {0};
    struct err ignored = ERR_INIT;

    if (input_value(&app->input, "mpi")) {
        err_set(err, ERR_USAGE, "this project uses sysroot `%s`, with its MPI",
                app->project.sysroot);
        return err_hint(err, "change `sysroot` in " PROJECT_FILE ", or name a release: pisdk "
                             "sysroot build bookworm --mpi …");
    }
    int r = target_read_lock(&app->work, &lock, err);
    if (r < 0) {
        return -1;
    }
    if (input_flag(&app->input, "locked") && (r > 0 || lock.tree_sha256[0] == '\0')) {
        err_set(err, ERR_VERIFY, r > 0 ? "there is no " LOCK_FILE : LOCK_FILE " has no digest");
        return err_hint(err, "pisdk sysroot build, and commit " LOCK_FILE);
    }
    if (r > 0 && is_without_recipe(app, m)) {
        return lock_project(app, err);
    }
    if (r > 0) {
        return build_recipe(app, m, app->project.sysroot, err) == 0 ? lock_project(app, err) : -1;
    }
    if (input_flag(&app->input, "refresh")) {
        err_set(err, ERR_USAGE, "this project takes its packages from " LOCK_FILE);
        return err_hint(err, "`pisdk sysroot update` gets newer ones");
    }
    // The recipe may know mirrors; what is built, the lock knows alone.
    bool known = lock.recipe && builder_find_recipe(m, app, lock.recipe, lock.flavour, NULL,
                                                    &recipe, &ignored) == 0;
    bool complete = lock.tree_sha256[0] != '\0';
    if (builder_build_locked(m, app, &lock, known ? &recipe : NULL, err) != 0) {
        return -1;
    }
    // One that somebody wrote without having built it gets its digest.
    _cleanup_free_ char *path = fs_join(app->project.dir, LOCK_FILE);
    return complete ? EXIT_OK : lock_write(path, &lock, err);
}

static int build_file(struct app *app, const char *file, struct err *err)
{
    _cleanup_free_ char *name = NULL;
    bool found;
    if (sysroot_import_file(app->paths.data, file, &app->log, &name, &found, err) != 0) {
        return -1;
    }
    log_info(&app->log, found ? "%s already exists" : "%s: made from the file", name);
    return EXIT_OK;
}

static int work(struct app *app, struct builder *m, struct err *err)
{
    const struct strv *args = &app->input.args;
    if (input_flag(&app->input, "locked") && (args->n || !app->has_project)) {
        return err_set(err, ERR_USAGE, "--locked is for the sysroot of a project");
    }
    if (args->n && str_ends(args->items[0], EXPORT_SUFFIX)) {
        return build_file(app, args->items[0], err);
    }
    if (args->n) {
        return build_recipe(app, m, args->items[0], err);
    }
    return app->has_project ? build_project(app, m, err)
                            : build_recipe(app, m, PROJECT_DEFAULT_SYSROOT, err);
}

int cmd_sysroot_build(struct app *app, struct err *err)
{
    struct mirror_request request;
    return mirror_request_read(&app->input, &request, err) == 0
               ? builder_run(app, &request, work, err)
               : -1;
}
