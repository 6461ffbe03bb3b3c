// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "pisdk/sysroot/users.h"
#include "sysroot/store.h"

// One that cannot be opened is for the user to remove.
static int check_unused(struct app *app, const char *name, struct err *err)
{
    struct sysroot s;
    _cleanup_strv_ struct strv projects = {0};
    struct err ignored = ERR_INIT;

    if (!sysroot_name_is_valid(name) || sysroot_open(app->paths.data, name, &s, &ignored) != 0) {
        return 0;
    }
    sysroot_add_users(&s, &projects);
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
