#include <stdio.h>
#include <string.h>

#include "app.h"
#include "project/project.h"
#include "sysroot/gc.h"
#include "sysroot/store.h"
#include "target.h"

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
        log_info(&app->log, "no sysroots yet; make one with `pisdk sysroot build`");
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
        table_number(t, s.lock.packages.n);
        table_number(t, s.lock.tree_size);
        table_text(t, s.built);
        table_text(t, s.lock.title);
        table_text(t, s.root);
        sysroot_release(&s);
    }
    table_print(t, app->json);
    table_free(t);
    return EXIT_OK;
}

int cmd_sysroot_show(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"package", COLUMN_TEXT}, {"version", COLUMN_TEXT}, {"architecture", COLUMN_TEXT},
        {"size", COLUMN_SIZE},    {"from", COLUMN_TEXT},
    };
    struct sysroot s;

    if (target_open_named(app, &s, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < s.lock.packages.n; i++) {
        const struct package *p = &s.lock.packages.items[i];
        table_text(t, p->name);
        table_text(t, p->version);
        table_text(t, p->arch);
        table_number(t, package_size(p));
        table_text(t, p->kind == PACKAGE_COPIED   ? "a board"
                      : p->kind == PACKAGE_SOURCE ? "source"
                                                  : p->suite);
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
    if (target_open_named(app, &s, err) != 0) {
        return -1;
    }
    puts(s.root);
    sysroot_release(&s);
    return EXIT_OK;
}

static bool wants(const char *dir, const char *name)
{
    struct project project;
    struct err ignored = ERR_INIT;
    if (project_read(dir, &project, &ignored) != 0) {
        return false;
    }
    bool same = strcmp(project.sysroot ? project.sysroot : PROJECT_DEFAULT_SYSROOT, name) == 0;
    project_release(&project);
    return same;
}

// One that cannot be opened is for the user to remove.
static int check_unused(struct app *app, const char *name, struct err *err)
{
    struct sysroot s;
    _cleanup_strv_ struct strv projects = {0};
    struct err ignored = ERR_INIT;

    if (!sysroot_name_is_valid(name) || sysroot_open(app->paths.data, name, &s, &ignored) != 0) {
        return 0;
    }
    (void)sysroot_users(&s, wants, &projects);
    sysroot_release(&s);
    if (projects.n == 0) {
        return 0;
    }
    _cleanup_free_ char *more =
        projects.n > 1 ? xasprintf(" and %zu more", projects.n - 1) : xstrdup("");
    err_set(err, ERR_USAGE, "project %s%s uses sysroot `%s`", projects.items[0], more, name);
    return err_hint(
        err,
        "use --force to remove it anyway; `pisdk sysroot build` in the project makes it again");
}

int cmd_sysroot_remove(struct app *app, struct err *err)
{
    const char *name = app->input.args.items[0];
    if (!input_flag(&app->input, "force") && check_unused(app, name, err) != 0) {
        return -1;
    }
    if (sysroot_remove(app->paths.data, name, err) != 0) {
        if (err->code == ERR_NOT_FOUND) {
            err_hint(err, "`pisdk sysroot list` lists the sysroots");
        }
        return -1;
    }
    log_info(&app->log, "removed %s", name);
    return EXIT_OK;
}
