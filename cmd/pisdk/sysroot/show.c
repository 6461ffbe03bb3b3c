// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "workspace/target_choice.h"

static void add_rows(struct table *t, const struct package_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct package *p = &list->items[i];
        table_text(t, p->name);
        table_text(t, p->version);
        table_text(t, p->arch);
        table_number(t, package_size(p));
        table_text(t, p->kind == PACKAGE_COPIED   ? "a board"
                      : p->kind == PACKAGE_SOURCE ? "source"
                                                  : p->suite);
    }
}

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
    add_rows(t, &s.lock.packages);
    for (size_t i = 0; i < s.lock.n_natives; i++) {
        add_rows(t, &s.lock.natives[i].packages);
    }
    table_print(t, app->json);
    table_free(t);
    sysroot_release(&s);
    return EXIT_OK;
}
