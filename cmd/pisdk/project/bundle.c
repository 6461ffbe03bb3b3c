// `pisdk bundle`: the project, with all that it needs, as one file that installs itself.

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "deploy/bundle.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "workspace/release_files.h"

enum { KEPT_HERE = 4 };

static int check_with(const struct strv *with, struct err *err)
{
    for (size_t i = 0; i < with->n; i++) {
        if (strcmp(with->items[i], "python") != 0 && strcmp(with->items[i], "r") != 0) {
            return err_set(err, ERR_USAGE, "--with takes python or r, not `%s`", with->items[i]);
        }
    }
    return 0;
}

static int collect(struct app *app, const char *work, struct payload *r, struct err *err)
{
    const struct release_runtime runtime = {.work = work,
                                            .with = input_values(&app->input, "with")};
    struct target_request request;
    struct target target;

    if (target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    int result = release_files_collect(&app->work, &target, &runtime, r, err);
    target_release(&target);
    if (result == 0 && r->n == 0) {
        err_set(err, ERR_NOT_FOUND, "nothing to bundle: the build made no program");
        return err_hint(err,
                        "`files` in [deploy] of " PROJECT_FILE " can name files; --with python");
    }
    if (result == 0) {
        bundle_add_links(r);
        result = payload_finish(r, err);
    }
    return result;
}

static int write_bundle(struct app *app, const char *work, const char *dir, struct payload *r,
                        struct err *err)
{
    const char *output = input_value(&app->input, "output");
    _cleanup_free_ char *scripts = fs_join(app->paths.share, "toolchain/bundle");
    const struct bundle bundle = {
        .name = app->project.name, .release = r, .dir = dir, .scripts = scripts, .work = work};
    char bytes[32];
    uint64_t size;

    if (collect(app, work, r, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *file =
        output ? xstrdup(output) : xasprintf("%s-%s-Linux-armv7l.sh", app->project.name, r->id);
    if (bundle_write(&bundle, file, &size, err) != 0) {
        return -1;
    }
    payload_forget(dir, KEPT_HERE);
    log_info(&app->log, "%s: %s", file, str_size(bytes, size));
    log_info(&app->log, "on a board: sh %s", fs_base(file));
    return 0;
}

int cmd_bundle(struct app *app, struct err *err)
{
    _cleanup_free_ char *dir = xasprintf("%s/deploy/%s", app->paths.cache, app->project.name);
    _cleanup_free_ char *work = fs_join(dir, ".work-XXXXXX");
    struct payload release = {0};
    struct err ignored = ERR_INIT;

    if (check_with(input_values(&app->input, "with"), err) != 0 ||
        fs_mkdir_all(dir, 0700, err) != 0) {
        return -1;
    }
    if (!mkdtemp(work)) {
        return err_sys(err, "cannot create a folder in %s", dir);
    }
    int r = write_bundle(app, work, dir, &release, err);
    payload_release(&release);
    (void)!fs_remove_tree(work, &ignored);
    return r == 0 ? EXIT_OK : -1;
}
