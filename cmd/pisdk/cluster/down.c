// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "workspace/cluster_choice.h"

static int take_down(struct app *app, struct cluster *c, struct err *err)
{
    int r = cluster_down(c, err);
    if (r == 0) {
        log_info(&app->log, "cluster `%s` is down", c->name);
    }
    cluster_release(c);
    return r;
}

int cmd_cluster_down(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct cluster c;

    if (!input_flag(&app->input, "all")) {
        return cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) == 0 &&
                       take_down(app, &c, err) == 0
                   ? EXIT_OK
                   : -1;
    }
    if (cluster_names(app->paths.runtime, &names, err) != 0) {
        return -1;
    }
    int r = 0;
    for (size_t i = 0; i < names.n; i++) {
        struct err own = ERR_INIT;
        if (cluster_open(app->paths.runtime, names.items[i], &c, &own) != 0
                ? own.code != ERR_NOT_FOUND // somebody else was faster
                : take_down(app, &c, &own) != 0) {
            *err = own;
            r = -1;
        }
    }
    return r == 0 ? EXIT_OK : -1;
}
