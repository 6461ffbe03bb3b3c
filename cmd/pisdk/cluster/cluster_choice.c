#include "pisdk/cluster/cluster_choice.h"

#include <string.h>

#define DEFAULT_NAME "default"

char *cluster_choice_new(struct app *app, const char *asked, struct err *err)
{
    const char *name = asked ? asked : app->has_project ? app->project.name : DEFAULT_NAME;

    if (!cluster_name_is_valid(name)) {
        err_set(err, ERR_USAGE, "`%s` is not a valid cluster name", name);
        err_hint(err, "letters, digits, - and _, at most %d", CLUSTER_NAME_MAX);
        return NULL;
    }
    return xstrdup(name);
}

// What somebody else started is somebody else's: it is meant only when it is named.
static int none_is_ours(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (cluster_names(app->paths.runtime, &names, &ignored) != 0 || names.n == 0) {
        err_set(err, ERR_NOT_FOUND, "no cluster is running");
        return err_hint(err, "pisdk cluster up -n 4");
    }
    _cleanup_free_ char *list = strv_join(&names, ", ");
    if (app->has_project) {
        err_set(err, ERR_NOT_FOUND, "no cluster of project `%s` is running", app->project.name);
    } else {
        err_set(err, ERR_NOT_FOUND,
                "no cluster `" DEFAULT_NAME "` is running, and this is not a project");
    }
    return err_hint(err,
                    "start one with `pisdk cluster up -n 4`, or use one that is running: %s "
                    "(--name %s, or cluster:%s)",
                    list, names.items[0], names.items[0]);
}

int cluster_choose(struct app *app, const char *name, struct cluster *out, struct err *err)
{
    const char *ours = app->has_project ? app->project.name : DEFAULT_NAME;

    int r = cluster_open(app->paths.runtime, name ? name : ours, out, err);
    return r == 0 || name || err->code != ERR_NOT_FOUND ? r : none_is_ours(app, err);
}
