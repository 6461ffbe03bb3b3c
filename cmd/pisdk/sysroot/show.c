// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "workspace/target_choice.h"

int cmd_sysroot_show(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"package", COLUMN_TEXT}, {"version", COLUMN_TEXT}, {"architecture", COLUMN_TEXT},
        {"size", COLUMN_SIZE},    {"from", COLUMN_TEXT},
    };
    struct sysroot s;

    if (target_open_named(&app->work, app->input.args.n ? app->input.args.items[0] : NULL, &s,
                          err) != 0) {
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
