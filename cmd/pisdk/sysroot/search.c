// SPDX-License-Identifier: MIT
// `sysroot search`: packages that can be added.

#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "pisdk/sysroot/builder.h"
#include "sysroot/index.h"

struct found {
    struct table *table;
    size_t n;
};

static void add_row(void *user, struct slice name, struct slice version, struct slice description)
{
    struct found *found = user;
    const struct slice texts[] = {name, version, description};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_free_ char *text = slice_dup(texts[i]);
        table_text(found->table, text);
    }
    found->n++;
}

static int search(struct app *app, struct builder *m, struct err *err)
{
    static const struct column columns[] = {
        {"package", COLUMN_TEXT}, {"version", COLUMN_TEXT}, {"description", COLUMN_TEXT}};
    const char *name = app->has_project ? app->project.sysroot : PROJECT_DEFAULT_SYSROOT;
    struct recipe recipe = {0};

    if (builder_find_recipe(m, app, name, NULL, NULL, &recipe, err) != 0) {
        recipe_release(&recipe);
        return -1;
    }
    struct found found = {table_new(columns, ARRAY_SIZE(columns)), 0};
    const struct index_query query = {&app->input.args, add_row, &found};
    int r = index_search(&recipe, &m->options.mirror, &query, err);
    if (r == 0 && found.n == 0 && !app->json) {
        r = err_set(err, ERR_NOT_FOUND, "no package of %s has these words", recipe.title);
    } else if (r == 0) {
        table_print(found.table, app->json);
    }
    table_free(found.table);
    recipe_release(&recipe);
    return r;
}

int cmd_sysroot_search(struct app *app, struct err *err)
{
    struct mirror_request request;
    return mirror_request_read(&app->input, &request, err) == 0
               ? builder_run(app, &request, search, err)
               : -1;
}
