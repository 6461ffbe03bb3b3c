#include <stdlib.h>

#include "app.h"
#include "base/fs.h"
#include "base/proc.h"
#include "sysroot/build.h"

enum { TIMEOUT_MAX = 3600 };

static int build(struct app *app, const struct recipe *recipe, struct sysroot_build_report *report,
                 struct err *err)
{
    const char *mirror = input_value(&app->input, "mirror");
    const char *from_environment = getenv("PISDK_MIRROR");
    struct sysroot_build_options options = {
        .data = app->paths.data,
        .cache = app->paths.cache,
        .mirror = mirror ? mirror : from_environment,
        .etc_apt = getenv("PISDK_APT_DIR"),
        .refresh = input_flag(&app->input, "refresh"),
        .log = &app->log,
    };
    if (options.mirror && !*options.mirror) {
        options.mirror = NULL;
    }
    if (input_number(&app->input, "timeout", 0, 1, TIMEOUT_MAX, &options.stall_seconds, err) != 0) {
        return -1;
    }
    return sysroot_build(recipe, &options, report, err);
}

static void tell(struct app *app, const struct recipe *recipe,
                 const struct sysroot_build_report *report)
{
    char size[32];
    char downloaded[32];
    char seconds[32];

    if (report->up_to_date) {
        log_info(&app->log, "%s is up to date: %zu packages, %s%s", recipe->name, report->packages,
                 str_size(size, report->bytes),
                 input_flag(&app->input, "refresh") ? "" : " (--refresh asks for newer packages)");
        return;
    }
    log_info(&app->log, "%s: %zu packages, %s (%s downloaded) in %s", recipe->name,
             report->packages, str_size(size, report->bytes),
             str_size(downloaded, report->downloaded_bytes), str_seconds(seconds, report->seconds));
}

int cmd_sysroot_build(struct app *app, struct err *err)
{
    const char *name = app->input.args.n ? app->input.args.items[0] : PROJECT_DEFAULT_SYSROOT;
    _cleanup_free_ char *folder = fs_join(app->paths.share, "sysroot-scripts");
    _cleanup_free_ char *file = NULL;
    _cleanup_(recipe_release) struct recipe recipe = {0};
    struct sysroot_build_report report;
    sigset_t saved;

    if (recipe_find(folder, name, &file, err) != 0 || recipe_read(file, &recipe, err) != 0) {
        return -1;
    }
    // Ctrl-C takes effect after the half-made sysroot is gone.
    proc_stop_hold(&saved);
    int r = build(app, &recipe, &report, err);
    if (r != 0 && err->code == ERR_INTERRUPTED) {
        log_info(&app->log, "interrupted; what was downloaded is kept");
    }
    ui_clear_bar(&app->ui);
    proc_stop_restore(&saved);
    if (r != 0) {
        return -1;
    }
    tell(app, &recipe, &report);
    return EXIT_OK;
}
