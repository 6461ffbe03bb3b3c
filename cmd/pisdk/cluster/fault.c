// SPDX-License-Identifier: MIT
// What `pisdk cluster` does to boards, so that programs can be tried against it.
#include "pisdk/app.h"
#include "pisdk/cluster/rate.h"
#include "workspace/cluster_choice.h"

static int set_fault(struct app *app, enum cluster_fault fault, uint64_t value, struct err *err)
{
    struct cluster c;
    int r = 0;

    if (cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < app->input.args.n; i++) { // one that fails does not spare the others
        struct err own = ERR_INIT;
        if (cluster_set_fault(&c, fault, app->input.args.items[i], value, &own) != 0) {
            *err = r == 0 ? own : *err;
            r = -1;
        }
    }
    cluster_release(&c);
    return r == 0 ? EXIT_OK : -1;
}

int cmd_cluster_kill(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_KILL, 0, err);
}

int cmd_cluster_start(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_START, 0, err);
}

int cmd_cluster_cut(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_CUT, 0, err);
}

int cmd_cluster_heal(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_HEAL, 0, err);
}

int cmd_cluster_fill(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_FILL, 0, err);
}

int cmd_cluster_limit(struct app *app, struct err *err)
{
    const char *rate = input_value(&app->input, "rate");
    uint64_t kbit = 0;

    if (!rate) {
        err_set(err, ERR_USAGE, "`pisdk cluster limit` needs a rate");
        return err_hint(err, "pisdk cluster limit pi2 --rate 10mbit");
    }
    return cluster_read_rate(rate, &kbit, err) == 0 ? set_fault(app, CLUSTER_LIMIT, kbit, err) : -1;
}

int cmd_cluster_slow(struct app *app, struct err *err)
{
    enum { DEFAULT = 10, MAX = 99 };
    long speed;
    if (input_number(&app->input, "speed", DEFAULT, 1, MAX, &speed, err) != 0) {
        return -1;
    }
    return set_fault(app, CLUSTER_SLOW, (uint64_t)speed, err);
}
