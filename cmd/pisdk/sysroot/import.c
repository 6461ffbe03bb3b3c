// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "pisdk/sysroot/builder.h"
#include "sysroot/board_import.h"
#include "sysroot/index.h"
#include "sysroot/store.h"

// What to call it: the word that the user gives, else the host's name.
static char *choose_name(const struct app *app, const char *host)
{
    if (app->input.args.n > 1) {
        return xstrdup(app->input.args.items[1]);
    }
    const char *at = strrchr(host, '@');
    const char *name = at ? at + 1 : host;
    return xstrndup(name, strcspn(name, "."));
}

// Which MPI the board has, of those that the release has as packages.
static const char *choose_flavour(const struct board_facts *facts)
{
    const struct strv *there = &facts->installed;
    return strv_has(there, "libopenmpi-dev") || strv_has(there, "openmpi-bin") ? "openmpi"
           : strv_has(there, "libmpich-dev") || strv_has(there, "mpich")       ? "mpich"
                                                                               : "none";
}

static void show_packages(struct app *app, const struct lock *lock, size_t *copied)
{
    static const struct column columns[] = {
        {"package", COLUMN_TEXT},
        {"version", COLUMN_TEXT},
        {"from", COLUMN_TEXT},
    };
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    *copied = 0;
    for (size_t i = 0; i < lock->packages.n; i++) {
        const struct package *p = &lock->packages.items[i];
        bool own = p->kind == PACKAGE_COPIED;
        table_text(t, p->name);
        table_text(t, p->version);
        table_text(t, own ? INDEX_BOARD : p->suite);
        *copied += own;
    }
    ui_clear_bar(&app->ui);
    table_print(t, app->json);
    fflush(stdout);
    table_free(t);
}

static int import(struct app *app, struct builder *m, const struct board_facts *facts,
                  const char *name, struct err *err)
{
    _cleanup_(recipe_release) struct recipe recipe = {0};
    _cleanup_(lock_release) struct lock lock = {0};
    struct sysroot_build_report report;
    size_t copied;

    if (builder_find_recipe(m, app, facts->release, choose_flavour(facts), NULL, &recipe, err) !=
        0) {
        return err_wrap(err, "%s has Debian's release %s", facts->host, facts->release);
    }
    lock_from_recipe(&recipe, NULL, &lock);
    free(lock.name);
    lock.name = xstrdup(name);
    if (board_import(facts, &recipe, &m->options, &lock, err) != 0 ||
        sysroot_build_as(name, &lock, &recipe, &m->options, &report, err) != 0) {
        return -1;
    }
    show_packages(app, &lock, &copied);
    builder_tell(app, name, &report);
    log_info(&app->log, "%zu packages came from the mirror, %zu were copied from %s",
             lock.packages.n - copied, copied, facts->host);
    return EXIT_OK;
}

static int work(struct app *app, struct builder *m, struct err *err)
{
    const char *host = app->input.args.items[0];
    _cleanup_free_ char *name = choose_name(app, host);
    struct board_facts facts;

    if (!sysroot_name_is_valid(name)) {
        err_set(err, ERR_USAGE, "`%s` is not a valid sysroot name", name);
        return err_hint(err, "choose one: pisdk sysroot import %s NAME", host);
    }
    log_info(&app->log, "asking %s", host);
    _cleanup_free_ char *scripts = fs_join(app->paths.share, "toolchain/remote");
    if (board_ask(host, scripts, &facts, err) != 0) {
        return -1;
    }
    int r = import(app, m, &facts, name, err);
    board_facts_release(&facts);
    return r;
}

int cmd_sysroot_import(struct app *app, struct err *err)
{
    struct mirror_request request;
    return mirror_request_read(&app->input, &request, err) == 0
               ? builder_run(app, &request, work, err)
               : -1;
}
