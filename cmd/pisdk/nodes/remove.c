// SPDX-License-Identifier: MIT
#include <string.h>

#include "pisdk/app.h"
#include "project/edit.h"
#include "workspace/node_choice.h"

static bool has_section(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        if (strcmp(p->nodes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

// The section whose range has this node, or NULL.
static const struct project_node *range_with(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        _cleanup_strv_ struct strv names = {0};
        struct err ignored = ERR_INIT;
        if (remotes_expand(p->nodes[i].name, &names, &ignored) == 0 && strv_has(&names, name)) {
            return &p->nodes[i];
        }
    }
    return NULL;
}

// Why a node that has no section of its own cannot be removed.
static int refuse(struct app *app, const struct remotes *known, const char *name, struct err *err)
{
    const struct remote *node = remotes_find(known, name);
    const struct project_node *range = range_with(&app->project, name);
    _cleanup_strv_ struct strv names = {0};

    if (range) {
        err_set(err, ERR_USAGE, "`%s` is one of [node %s], %s/" PROJECT_FILE ":%d", name,
                range->name, app->project.dir, range->line);
        return err_hint(err, "change the range there, or remove all of it: pisdk nodes remove '%s'",
                        range->name);
    }
    if (node) {
        err_set(err, ERR_USAGE, "`%s` is in %s, not in " PROJECT_FILE, name, node->from);
        return err_hint(err, "remove it there");
    }
    for (size_t i = 0; i < known->n; i++) {
        strv_add(&names, known->items[i].name);
    }
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "there is no node `%s`", name);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest)
                   : err_hint(err, "`pisdk nodes list` lists them");
}

// A section may have added to a node that is known from elsewhere.
static int tell_what_stays(struct app *app, const struct strv *removed, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};
    _cleanup_free_ char *dir = xstrdup(app->project.dir);

    project_release(&app->project);
    if (project_read(dir, &app->project, err) != 0 ||
        nodes_of_project(&app->work, &known, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < removed->n; i++) {
        const struct remote *n = remotes_find(&known, removed->items[i]);
        if (n) {
            log_warning(&app->log, "removed the settings of `%s`; the node itself is in %s",
                        n->name, n->from);
        }
    }
    return 0;
}

int cmd_nodes_remove(struct app *app, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};
    _cleanup_strv_ struct strv sections = {0};
    const struct strv *names = &app->input.args;

    for (size_t i = 0; i < names->n; i++) {
        if (!has_section(&app->project, names->items[i])) {
            return nodes_of_project(&app->work, &known, err) == 0
                       ? refuse(app, &known, names->items[i], err)
                       : -1;
        }
        strv_addf(&sections, "node %s", names->items[i]);
    }
    if (project_remove_sections(&app->project, &sections, err) != 0) {
        return -1;
    }
    return tell_what_stays(app, names, err) == 0 ? EXIT_OK : -1;
}
