// `pisdk deploy`, `rollback`, `undeploy`: releases on the boards.

#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deploy/deploy.h"
#include "deploy_files.h"
#include "deploy_view.h"
#include "node_choice.h"

enum { KEPT_HERE = 4, FOLDER_MODE = 0700, KEEP_MAX = 100 };

// A deploy as this command does it.
struct deploying {
    struct app *app;
    struct remotes nodes;
    struct deploy_view view;
    char *cache, *scripts, *who;
    char date[32];
    struct deploy_options options;
};

static char *who_deploys(void)
{
    char host[256] = "desktop";
    const struct passwd *user = getpwuid(getuid());
    gethostname(host, sizeof(host) - 1);
    return xasprintf("%s@%s", user ? user->pw_name : "somebody", host);
}

static void show(void *user, const struct deploy_board *boards, size_t n)
{
    struct deploying *d = user;
    deploy_view_show(&d->view, boards, n);
}

static int begin(struct deploying *d, struct app *app, struct err *err)
{
    time_t now = time(NULL);
    struct tm utc;
    *d = (struct deploying){.app = app};
    if (nodes_choose(app, input_value(&app->input, "to"), &d->nodes, err) != 0) {
        return -1;
    }
    gmtime_r(&now, &utc);
    strftime(d->date, sizeof(d->date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    d->cache = xasprintf("%s/deploy/%s", app->paths.cache, app->project.name);
    d->scripts = fs_join(app->paths.share, "toolchain/remote");
    d->who = who_deploys();
    deploy_view_begin(&d->view, app);
    d->options = (struct deploy_options){
        .nodes = &d->nodes,
        .name = app->project.name,
        .cache = d->cache,
        .scripts = d->scripts,
        .who = d->who,
        .date = d->date,
        .keep = (size_t)app->project.deploy_keep,
        .log = &app->log,
        .on_progress = show,
        .user = d,
    };
    return fs_mkdir_all(d->cache, FOLDER_MODE, err);
}

static void end(struct deploying *d)
{
    deploy_view_end(&d->view);
    remotes_release(&d->nodes);
    free(d->cache);
    free(d->scripts);
    free(d->who);
}

// Shows what came of it. Returns the exit status, or -1.
static int conclude(struct deploying *d, int r, struct deploy_result *result, struct err *err)
{
    deploy_view_end(&d->view);
    ui_clear_bar(&d->app->ui);
    deploy_view_failures(d->app, result);
    if (result->n > 0 && (r == 0 || err->code == ERR_NODES || d->app->json)) {
        deploy_view_table(d->app, result);
        fflush(stdout);
    }
    if (r != 0 && err->code == ERR_NODES) {
        err_wrap(err, result->switched ? "not all boards are alike now" : "no board was changed");
    }
    deploy_result_release(result);
    return r == 0 ? EXIT_OK : -1;
}

static int collect(struct app *app, struct payload *release, struct err *err)
{
    struct target target;
    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    int status = target_build(app, &target, NULL, err);
    int r = status == 0 ? 0 : status < 0 ? -1 : err_set(err, ERR_FAILED, "the build failed");
    if (r == 0 && (deploy_files_built(app, &target, release, err) != 0 ||
                   deploy_files_named(app, release, err) != 0)) {
        r = -1;
    }
    target_release(&target);
    if (r == 0 && release->n == 0) {
        err_set(err, ERR_NOT_FOUND, "there is nothing to deploy: the build made no program");
        r = err_hint(err, "`files` in [deploy] of " PROJECT_FILE " can name files");
    }
    return r == 0 ? payload_finish(release, err) : -1;
}

static int work(struct deploying *d, struct payload *release, struct err *err)
{
    struct app *app = d->app;
    const struct input *in = &app->input;
    struct deploy_result result = {0};
    long keep;

    if (input_number(in, "keep", (long)d->options.keep, 1, KEEP_MAX, &keep, err) != 0) {
        return -1;
    }
    d->options.keep = (size_t)keep;
    d->options.partial = input_flag(in, "partial");
    d->options.direct = input_flag(in, "direct");
    if (collect(app, release, err) != 0 || payload_keep(release, d->cache, err) != 0) {
        return -1;
    }
    int r = deploy_release(&d->options, release, &result, err);
    payload_forget(d->cache, KEPT_HERE);
    return conclude(d, r, &result, err);
}

int cmd_deploy(struct app *app, struct err *err)
{
    struct deploying d;
    struct payload release = {0};
    sigset_t saved;

    int r = begin(&d, app, err);
    proc_stop_hold(&saved);
    r = r == 0 ? work(&d, &release, err) : r;
    payload_release(&release);
    end(&d);
    proc_stop_restore(&saved);
    return r;
}

int cmd_rollback(struct app *app, struct err *err)
{
    const char *id = app->input.args.n ? app->input.args.items[0] : NULL;
    struct deploy_result result = {0};
    struct deploying d;
    sigset_t saved;

    int r = begin(&d, app, err);
    proc_stop_hold(&saved);
    if (r == 0) {
        r = deploy_rollback(&d.options, id, &result, err);
        r = conclude(&d, r, &result, err);
    }
    end(&d);
    proc_stop_restore(&saved);
    return r;
}

int cmd_undeploy(struct app *app, struct err *err)
{
    struct deploy_result result = {0};
    struct deploying d;
    sigset_t saved;

    int r = begin(&d, app, err);
    proc_stop_hold(&saved);
    if (r == 0) {
        r = deploy_remove(&d.options, &result, err);
        r = conclude(&d, r, &result, err);
    }
    end(&d);
    proc_stop_restore(&saved);
    return r;
}
