#include "deploying.h"

#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deploy_files.h"
#include "node_choice.h"

enum { KEPT_HERE = 4, FOLDER_MODE = 0700 };

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

static int prepare(struct deploying *d, struct err *err)
{
    struct app *app = d->app;
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(d->date, sizeof(d->date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    d->cache = xasprintf("%s/deploy/%s", app->paths.cache, app->project.name);
    d->scripts = fs_join(app->paths.share, "toolchain/remote");
    d->who = who_deploys();
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

static void begin(struct deploying *d, struct app *app)
{
    *d = (struct deploying){.app = app};
    proc_stop_hold(&d->saved);
    deploy_view_begin(&d->view, app);
}

int deploying_begin(struct deploying *d, struct app *app, const char *where, struct err *err)
{
    begin(d, app);
    return nodes_choose(app, where, &d->nodes, err) == 0 ? prepare(d, err) : -1;
}

int deploying_begin_at(struct deploying *d, struct app *app, struct remotes *nodes, struct err *err)
{
    begin(d, app);
    d->nodes = *nodes;
    *nodes = (struct remotes){0};
    return prepare(d, err);
}

static int add_files(struct deploying *d, struct target *target, struct err *err)
{
    int status = target_build(d->app, target, NULL, err);
    if (status != 0) {
        return status < 0 ? -1 : err_set(err, ERR_FAILED, "the build failed");
    }
    if (deploy_files_built(d->app, target, &d->release, err) != 0 ||
        deploy_files_named(d->app, &d->release, err) != 0) {
        return -1;
    }
    if (d->release.n == 0) {
        err_set(err, ERR_NOT_FOUND, "there is nothing to deploy: the build made no program");
        return err_hint(err, "`files` in [deploy] of " PROJECT_FILE " can name files");
    }
    return 0;
}

int deploying_collect(struct deploying *d, struct err *err)
{
    struct target target;
    if (target_choose(d->app, &target, err) != 0) {
        return -1;
    }
    int r = add_files(d, &target, err);
    target_release(&target);
    return r == 0 ? payload_finish(&d->release, err) : -1;
}

int deploying_send(struct deploying *d, struct err *err)
{
    if (payload_keep(&d->release, d->cache, err) != 0) {
        return -1;
    }
    int r = deploy_release(&d->options, &d->release, &d->result, err);
    payload_forget(d->cache, KEPT_HERE);
    return r;
}

char *deploying_find(const struct deploying *d, const char *program, struct err *err)
{
    for (size_t i = 0; i < d->release.n; i++) {
        const struct payload_file *f = &d->release.items[i];
        if (f->source && strcmp(f->source, program) == 0) {
            return xasprintf("../releases/%s/%s", d->release.id, f->path);
        }
    }
    err_set(err, ERR_NOT_FOUND, "%s is none of the programs that go to the boards", program);
    err_hint(err, "`pisdk deploy --dry-run` lists what does");
    return NULL;
}

int deploying_tell(struct deploying *d, int r, struct err *err)
{
    const struct deploy_result *result = &d->result;
    deploy_view_end(&d->view);
    ui_clear_bar(&d->app->ui);
    deploy_view_failures(d->app, result);
    if (result->refused > 0 && !d->options.direct) {
        log_info(&d->app->log,
                 "some boards cannot log in to others, so this machine sent to each of them; "
                 "`pisdk nodes doctor` says which");
    }
    if (r != 0 && err->code == ERR_NODES) {
        err_wrap(err, result->switched ? "not all boards are alike now" : "no board was changed");
        err_hint(err, result->switched
                          ? "the next `pisdk deploy` brings them in line"
                          : "`pisdk nodes doctor` looks for what is wrong; --partial goes "
                            "on without those that failed");
    }
    return r;
}

void deploying_end(struct deploying *d)
{
    deploy_view_end(&d->view);
    deploy_result_release(&d->result);
    payload_release(&d->release);
    remotes_release(&d->nodes);
    free(d->cache);
    free(d->scripts);
    free(d->who);
    proc_stop_restore(&d->saved);
}
