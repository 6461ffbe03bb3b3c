#include "cluster_choice.h"

#include <string.h>

#define DEFAULT_NAME "default"

char *cluster_choice_new(struct app *app, struct err *err)
{
    const char *given = input_value(&app->input, "name");
    const char *name = given ? given : app->has_project ? app->project.name : DEFAULT_NAME;

    if (!cluster_name_is_valid(name)) {
        err_set(err, ERR_USAGE, "`%s` cannot be the name of a cluster", name);
        err_hint(err, "letters, digits, - and _, at most %d", CLUSTER_NAME_MAX);
        return NULL;
    }
    return xstrdup(name);
}

static int none_runs(struct err *err)
{
    err_set(err, ERR_NOT_FOUND, "no cluster is running");
    return err_hint(err, "pisdk cluster up -n 4");
}

int cluster_choose(struct app *app, const char *name, struct cluster *out, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};

    if (name) {
        return cluster_open(app->paths.runtime, name, out, err);
    }
    if (cluster_names(app->paths.runtime, &names, err) != 0) {
        return -1;
    }
    if (names.n == 0) {
        return none_runs(err);
    }
    if (app->has_project && strv_has(&names, app->project.name)) {
        return cluster_open(app->paths.runtime, app->project.name, out, err);
    }
    if (names.n == 1 || strv_has(&names, DEFAULT_NAME)) {
        name = names.n == 1 ? names.items[0] : DEFAULT_NAME;
        return cluster_open(app->paths.runtime, name, out, err);
    }
    _cleanup_free_ char *list = strv_join(&names, ", ");
    err_set(err, ERR_USAGE, "several clusters are running: %s", list);
    return err_hint(err, "--name says which one is meant");
}
