// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "sysroot/store.h"

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
