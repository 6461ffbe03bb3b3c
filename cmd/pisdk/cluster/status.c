// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "pisdk/watch.h"
#include "workspace/cluster_choice.h"

static int list_boards(struct app *app, const char *name, struct table *t, struct err *err)
{
    struct cluster c;
    struct cluster_status status;

    if (cluster_open(app->paths.runtime, name, &c, err) != 0) {
        return -1;
    }
    int r = cluster_get_status(&c, &status, err);
    for (size_t i = 0; r == 0 && i < status.n; i++) {
        const struct cluster_board *b = &status.boards[i];
        table_text(t, c.name);
        table_text(t, b->name);
        table_text(t, b->state);
        table_text(t, b->address);
        table_number(t, b->processes);
        table_number(t, b->memory);
        table_number(t, b->storage);
        table_number(t, b->rate);
    }
    if (r == 0) {
        cluster_status_release(&status);
    }
    cluster_release(&c);
    return r;
}

static int show(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"cluster", COLUMN_TEXT}, {"board", COLUMN_TEXT},       {"state", COLUMN_VERDICT},
        {"address", COLUMN_TEXT}, {"processes", COLUMN_NUMBER}, {"memory", COLUMN_SIZE},
        {"storage", COLUMN_SIZE}, {"kbit", COLUMN_NUMBER},
    };
    const char *given = input_value(&app->input, "name");
    _cleanup_strv_ struct strv names = {0};

    if (given) {
        strv_add(&names, given);
    } else if (cluster_names(app->paths.runtime, &names, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    int r = 0;
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        r = list_boards(app, names.items[i], t, err);
        if (r != 0 && !given) { // it may just be ending
            log_warning(&app->log, "cluster `%s` does not answer: %s", names.items[i], err->msg);
            err_clear(err);
            r = 0;
        }
    }
    if (r == 0) {
        table_print(t, app->json);
    }
    if (names.n == 0) {
        log_info(&app->log, "no cluster is running");
    }
    table_free(t);
    return r != 0 ? -1 : names.n == 0 ? WATCH_END : EXIT_OK;
}

int cmd_cluster_status(struct app *app, struct err *err)
{
    if (input_flag(&app->input, "watch")) {
        return watch(app, WATCH_SECONDS, show, err);
    }
    int r = show(app, err);
    return r == WATCH_END ? EXIT_OK : r;
}
