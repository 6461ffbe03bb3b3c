// SPDX-License-Identifier: MIT
// `sysroot add` and `sysroot update`: a new pisdk.lock for the project, and the sysroot of it.

#include <string.h>

#include "base/fs.h"
#include "deb/lock.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "pisdk/sysroot/builder.h"
#include "sysroot/native.h"
#include "sysroot/store.h"
#include "workspace/target_choice.h"

struct change {
    struct recipe recipe;
    struct lock old, new; // `old` is empty when the project had no lock
    struct strv added;    // what the user asks for now
    bool keep_versions;
};

static void change_release(struct change *c)
{
    recipe_release(&c->recipe);
    lock_release(&c->old);
    lock_release(&c->new);
    strv_release(&c->added);
}

// What was copied from a board is in no index, so the solver would leave it out.
static int refuse_copied(const struct lock *lock, struct err *err)
{
    for (size_t i = 0; i < lock->packages.n; i++) {
        if (lock->packages.items[i].kind == PACKAGE_COPIED) {
            err_set(err, ERR_FAILED, "the sysroot `%s` is that of a board: %s was copied from it",
                    lock->name, lock->packages.items[i].name);
            return err_hint(err,
                            "change the packages on the board, and `pisdk sysroot import` again");
        }
    }
    return 0;
}

// For `update`, a lock that cannot be read any more, or is for another sysroot, does not count.
static int read_old_lock(struct app *app, struct change *c, struct err *err)
{
    _cleanup_free_ char *path = fs_join(app->project.dir, LOCK_FILE);
    struct err why = ERR_INIT;

    if (c->keep_versions) {
        int r = target_read_lock(&app->work, &c->old, err);
        return r < 0 ? -1 : refuse_copied(&c->old, err);
    }
    if (!fs_exists(path)) {
        return 0;
    }
    if (lock_read(path, &c->old, &why) != 0) {
        log_warning(&app->log, "%s; a new one is made", why.msg);
        return 0;
    }
    if (strcmp(c->old.name, app->project.sysroot) != 0) {
        strv_add_all(&c->added, c->old.added.items);
        lock_release(&c->old);
        return 0;
    }
    return refuse_copied(&c->old, err);
}

static bool same_version(const struct package *a, const struct package *b)
{
    return strcmp(a->version, b->version) == 0 && a->kind == b->kind &&
           (a->kind != PACKAGE_DEB || strcmp(a->files[0].sha256, b->files[0].sha256) == 0);
}

// Either may be NULL.
static void add_row(struct table *t, const struct package *old, const struct package *new)
{
    table_text(t, old ? old->name : new ? new->name : NULL);
    table_text(t, old ? old->version : NULL);
    table_text(t, new ? new->version : NULL);
    table_number(t, new ? package_size(new) : 0);
}

// What differs between the two locks, in the order of names. Returns how much.
static size_t list_changes(const struct change *c, struct table *t)
{
    const struct package_list *old = &c->old.packages;
    const struct package_list *new = &c->new.packages;
    size_t i = 0;
    size_t j = 0;
    size_t n = 0;
    while (i < old->n || j < new->n) {
        int order = i == old->n   ? 1
                    : j == new->n ? -1
                                  : strcmp(old->items[i].name, new->items[j].name);
        const struct package *before = order <= 0 ? &old->items[i++] : NULL;
        const struct package *after = order >= 0 ? &new->items[j++] : NULL;
        if (!before || !after || !same_version(before, after)) {
            add_row(t, before, after);
            n++;
        }
    }
    return n;
}

static size_t show_changes(struct app *app, const struct change *c)
{
    static const struct column columns[] = {
        {"package", COLUMN_TEXT},
        {"old", COLUMN_TEXT},
        {"new", COLUMN_TEXT},
        {"size", COLUMN_SIZE},
    };
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    size_t n = list_changes(c, t);
    if (n > 0 || app->json) {
        ui_clear_bar(&app->ui);
        table_print(t, app->json);
        fflush(stdout);
    }
    table_free(t);
    return n;
}

static int solve(struct app *app, struct builder *m, struct change *c, struct err *err)
{
    _cleanup_strv_ struct strv added = {0};

    if (builder_find_recipe(m, app, app->project.sysroot, NULL, NULL, &c->recipe, err) != 0) {
        return -1;
    }
    strv_add_all(&added, c->old.added.items);
    for (size_t i = 0; i < c->added.n; i++) {
        if (!strv_has(&added, c->added.items[i])) {
            strv_add(&added, c->added.items[i]);
        }
    }
    lock_from_recipe(&c->recipe, &added, &c->new);
    m->options.mirror.ask = !c->keep_versions;
    return native_choose(&c->recipe, &m->options.mirror, app->paths.data,
                         c->keep_versions ? &c->old.packages : NULL, &c->new, err);
}

static int apply(struct app *app, struct builder *m, struct change *c, struct err *err)
{
    _cleanup_free_ char *path = fs_join(app->project.dir, LOCK_FILE);

    if (c->old.name && lock_is_same(&c->old, &c->new)) {
        // What was built from source keeps the digest that the lock has.
        lock_release(&c->new);
        c->new = c->old;
        c->old = (struct lock){0};
    }
    if (builder_build_locked(m, app, &c->new, &c->recipe, err) != 0) {
        return -1;
    }
    return lock_write(path, &c->new, err);
}

static int change(struct app *app, struct builder *m, struct change *c, struct err *err)
{
    if (read_old_lock(app, c, err) != 0 || solve(app, m, c, err) != 0) {
        return -1;
    }
    size_t n = show_changes(app, c);
    if (input_flag(&app->input, "dry-run")) {
        log_info(&app->log, n ? "nothing was changed (--dry-run)" : "nothing would change");
        return EXIT_OK;
    }
    if (apply(app, m, c, err) != 0) {
        return -1;
    }
    log_info(&app->log, n                  ? "wrote " LOCK_FILE
                        : c->keep_versions ? "nothing was missing"
                                           : LOCK_FILE " is as new as the mirror");
    return EXIT_OK;
}

static int check_names(const struct strv *names, struct err *err)
{
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->items[i];
        if (strchr(name, '=') || strchr(name, '/') || strchr(name, ':')) {
            err_set(err, ERR_USAGE, "`%s` is not the name of a package", name);
            return err_hint(err,
                            "only the name, such as libfftw3-dev; " LOCK_FILE " keeps its version");
        }
    }
    return 0;
}

static int add(struct app *app, struct builder *m, struct err *err)
{
    struct change c = {.keep_versions = true};
    strv_add_all(&c.added, app->input.args.items);
    int r = check_names(&c.added, err) == 0 ? change(app, m, &c, err) : -1;
    change_release(&c);
    return r;
}

static int update(struct app *app, struct builder *m, struct err *err)
{
    struct change c = {0};
    int r = change(app, m, &c, err);
    change_release(&c);
    return r;
}

int cmd_sysroot_add(struct app *app, struct err *err)
{
    struct mirror_request request;
    return mirror_request_read(&app->input, &request, err) == 0
               ? builder_run(app, &request, add, err)
               : -1;
}

int cmd_sysroot_update(struct app *app, struct err *err)
{
    struct mirror_request request;
    return mirror_request_read(&app->input, &request, err) == 0
               ? builder_run(app, &request, update, err)
               : -1;
}
