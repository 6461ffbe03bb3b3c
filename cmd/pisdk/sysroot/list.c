// SPDX-License-Identifier: MIT
#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/sysroot/users.h"
#include "sysroot/store.h"

// "heat, ring": the folders' names.
static char *names_of_users(const struct sysroot *s)
{
    _cleanup_strv_ struct strv projects = {0};
    _cleanup_strv_ struct strv names = {0};
    sysroot_add_users(s, &projects);
    for (size_t i = 0; i < projects.n; i++) {
        strv_add(&names, fs_base(projects.items[i]));
    }
    return strv_join(&names, ", ");
}

int cmd_sysroot_list(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"name", COLUMN_TEXT},  {"packages", COLUMN_NUMBER}, {"size", COLUMN_SIZE},
        {"built", COLUMN_TEXT}, {"release", COLUMN_TEXT},    {"used_by", COLUMN_TEXT},
        {"path", COLUMN_TEXT},
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
        _cleanup_free_ char *users = names_of_users(&s);
        table_text(t, s.name);
        table_number(t, s.lock.packages.n);
        table_number(t, s.lock.tree_size);
        table_text(t, s.built);
        table_text(t, s.lock.title);
        table_text(t, users);
        table_text(t, s.root);
        sysroot_release(&s);
    }
    table_print(t, app->json);
    table_free(t);
    return EXIT_OK;
}
