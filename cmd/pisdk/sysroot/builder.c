// SPDX-License-Identifier: MIT
#include "pisdk/sysroot/builder.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "sysroot/packages.h"
#include "sysroot/store.h"

void builder_init(struct builder *m, struct app *app, const struct mirror_request *request)
{
    const char *mirrors = getenv("PISDK_MIRROR");
    const char *etc_apt = getenv("PISDK_APT_DIR");

    *m = (struct builder){.scripts = fs_join(app->paths.share, "sysroot-scripts")};
    struct sysroot_build_options *o = &m->options;
    o->data = app->paths.data;
    o->share = app->paths.share;
    o->mirror.etc_apt = etc_apt ? etc_apt : "/etc/apt";
    o->mirror.fetch.cache = app->paths.cache;
    o->mirror.fetch.offline = request->offline;
    o->mirror.fetch.stall_seconds = request->timeout;
    o->mirror.fetch.log = &app->log;
    if (request->mirrors->n) {
        strv_add_all(&o->mirror.mirrors, request->mirrors->items);
    } else {
        strv_add_words(&o->mirror.mirrors, mirrors ? mirrors : "");
    }
}

void builder_release(struct builder *m)
{
    strv_release(&m->options.mirror.mirrors);
    free(m->scripts);
    *m = (struct builder){0};
}

int builder_find_recipe(struct builder *m, struct app *app, const char *name, const char *flavour,
                        const char *addition, struct recipe *out, struct err *err)
{
    _cleanup_free_ char *file = NULL;
    _cleanup_free_ char *in_name = NULL;
    const char *own = app->has_project ? app->project.dir : NULL;

    if (recipe_find(m->scripts, own, name, &file, &in_name, err) != 0) {
        return -1;
    }
    if (flavour && in_name && strcmp(flavour, in_name) != 0) {
        return err_set(err, ERR_USAGE, "`%s` has its own MPI; --mpi %s cannot be added to it", name,
                       flavour);
    }
    if (recipe_read(m->scripts, file, flavour ? flavour : in_name, addition, out, err) != 0) {
        return -1;
    }
    // "bookworm-openmpi" is called so, though bookworm has that one anyway.
    if (in_name && !addition) {
        free(out->name);
        out->name = xstrdup(name);
    }
    return 0;
}

void builder_tell(struct app *app, const char *name, const struct sysroot_build_report *report)
{
    char size[32];
    char downloaded[32];
    char seconds[32];

    ui_clear_bar(&app->ui);
    if (report->up_to_date) {
        log_info(&app->log, "%s is up to date: %zu packages, %s", name, report->packages,
                 str_size(size, report->bytes));
        return;
    }
    log_info(&app->log, "%s: %zu packages, %s (%s downloaded) in %s", name, report->packages,
             str_size(size, report->bytes), str_size(downloaded, report->downloaded_bytes),
             str_seconds(seconds, report->seconds));
}

int builder_build_locked(struct builder *m, struct app *app, struct lock *lock,
                         const struct recipe *recipe, struct err *err)
{
    struct sysroot_build_report report;
    _cleanup_free_ char *name = NULL;
    struct sysroot s;

    if (sysroot_build_locked(lock, recipe, &m->options, &name, &report, err) != 0) {
        return -1;
    }
    if (app->has_project && strcmp(name, lock->name) != 0 &&
        sysroot_open(app->paths.data, name, &s, err) == 0) {
        sysroot_note_project(&s, app->project.dir);
        sysroot_release(&s);
    }
    builder_tell(app, name, &report);
    return 0;
}

int builder_run(struct app *app, const struct mirror_request *request,
                int (*work)(struct app *app, struct builder *m, struct err *err), struct err *err)
{
    struct builder m;
    sigset_t saved;

    _cleanup_close_ int in_use = packages_lock(app->paths.data, FS_LOCK_SHARED, err);
    // Ctrl-C takes effect after half-made things are gone.
    proc_stop_hold(&saved);
    builder_init(&m, app, request);
    int r = in_use >= 0 ? work(app, &m, err) : -1;
    builder_release(&m);
    if (r < 0 && err->code == ERR_INTERRUPTED) {
        log_info(&app->log, "interrupted; what was downloaded is kept");
    }
    ui_clear_bar(&app->ui);
    proc_stop_restore(&saved);
    return r;
}
