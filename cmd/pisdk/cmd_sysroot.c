#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "base/fs.h"
#include "base/proc.h"
#include "project/project.h"
#include "sysroot/build.h"
#include "sysroot/store.h"
#include "target.h"

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

int cmd_sysroot_list(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"name", COLUMN_TEXT},  {"packages", COLUMN_NUMBER}, {"size", COLUMN_SIZE},
        {"built", COLUMN_TEXT}, {"release", COLUMN_TEXT},    {"path", COLUMN_TEXT},
    };
    _cleanup_strv_ struct strv names = {0};

    if (sysroot_names(app->paths.data, &names, err) != 0) {
        return -1;
    }
    if (names.n == 0 && !app->json) {
        log_info(&app->log, "there is no sysroot yet; `pisdk sysroot build` makes one");
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < names.n; i++) {
        struct sysroot s;
        struct err why = ERR_INIT;
        if (sysroot_open(app->paths.data, names.items[i], &s, &why) != 0) {
            log_warning(&app->log, "%s", why.msg);
            continue;
        }
        table_text(t, s.name);
        table_number(t, s.packages.n);
        table_number(t, s.bytes);
        table_text(t, s.built);
        table_text(t, s.title);
        table_text(t, s.root);
        sysroot_release(&s);
    }
    table_print(t, app->json);
    table_free(t);
    return EXIT_OK;
}

// The sysroot that the user names, else the project's, else the default one.
static int open_named(struct app *app, struct sysroot *s, struct err *err)
{
    const char *name = app->input.args.n  ? app->input.args.items[0]
                       : app->has_project ? app->project.sysroot
                                          : PROJECT_DEFAULT_SYSROOT;
    return target_open_sysroot(app, name, s, err);
}

int cmd_sysroot_show(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"package", COLUMN_TEXT},
        {"version", COLUMN_TEXT},
        {"architecture", COLUMN_TEXT},
        {"size", COLUMN_SIZE},
    };
    struct sysroot s;

    if (open_named(app, &s, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < s.packages.n; i++) {
        const struct package *p = &s.packages.items[i];
        table_text(t, p->name);
        table_text(t, p->version);
        table_text(t, p->arch);
        table_number(t, p->size);
    }
    table_print(t, app->json);
    table_free(t);
    sysroot_release(&s);
    return EXIT_OK;
}

int cmd_sysroot_path(struct app *app, struct err *err)
{
    if (input_flag(&app->input, "toolchain")) {
        printf("%s/toolchain/pisdk.cmake\n", app->paths.share);
        return EXIT_OK;
    }
    struct sysroot s;
    if (open_named(app, &s, err) != 0) {
        return -1;
    }
    puts(s.root);
    sysroot_release(&s);
    return EXIT_OK;
}

int cmd_sysroot_remove(struct app *app, struct err *err)
{
    const char *name = app->input.args.items[0];
    if (sysroot_remove(app->paths.data, name, err) != 0) {
        if (err->code == ERR_NOT_FOUND) {
            err_hint(err, "`pisdk sysroot list` shows the sysroots there are");
        }
        return -1;
    }
    log_info(&app->log, "removed %s", name);
    return EXIT_OK;
}
