// SPDX-License-Identifier: MIT
#include "workspace/project_deploy.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deploy/runtime.h"
#include "workspace/bundle_files.h"
#include "workspace/node_choice.h"
#include "workspace/release_files.h"
#include "workspace/target_choice.h"

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
    struct project_deploy *d = user;
    d->watcher->progress(d->watcher->user, boards, n);
}

static int prepare(struct project_deploy *d, struct err *err)
{
    const struct workspace *w = d->w;
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(d->date, sizeof(d->date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    d->cache = xasprintf("%s/deploy/%s", w->paths->cache, w->project->name);
    d->scripts = fs_join(w->paths->share, "toolchain/remote");
    d->who = who_deploys();
    d->options = (struct deploy_options){
        .nodes = &d->nodes,
        .name = w->project->name,
        .cache = d->cache,
        .scripts = d->scripts,
        .who = d->who,
        .date = d->date,
        .keep = (size_t)w->project->deploy_keep,
        .log = w->log,
        .on_progress = show,
        .user = d,
    };
    return fs_mkdir_all(d->cache, FOLDER_MODE, err);
}

static void begin(struct project_deploy *d, const struct workspace *w,
                  const struct deploy_request *request, const struct deploy_watcher *watcher)
{
    *d = (struct project_deploy){.w = w, .request = request, .watcher = watcher};
    proc_stop_hold(&d->saved);
}

int project_deploy_begin(struct project_deploy *d, const struct workspace *w, const char *where,
                         const struct deploy_request *request, const struct deploy_watcher *watcher,
                         struct err *err)
{
    begin(d, w, request, watcher);
    return nodes_choose(w, where, &request->nodes, &d->nodes, err) == 0 ? prepare(d, err) : -1;
}

int project_deploy_begin_at(struct project_deploy *d, const struct workspace *w,
                            struct remotes *nodes, const struct deploy_request *request,
                            const struct deploy_watcher *watcher, struct err *err)
{
    begin(d, w, request, watcher);
    d->nodes = *nodes;
    *nodes = (struct remotes){0};
    return prepare(d, err);
}

// --- Bundles -------------------------------------------------------------------------------------

// Beside the releases that are kept here: which bundle was deployed last, "" for the project's own.
static char *bundle_note(const struct project_deploy *d)
{
    return fs_join(d->cache, ".bundle");
}

static void choose_bundle(struct project_deploy *d)
{
    _cleanup_free_ char *note = bundle_note(d);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (d->request->bundle) {
        d->bundle = *d->request->bundle ? fs_absolute(d->request->bundle) : xstrdup("");
    } else if (d->request->as_before && !d->request->with_runtime &&
               fs_read_file(note, PATH_MAX, &text, &ignored) == 0) {
        d->bundle = xstrdup(text.data ? text.data : "");
    }
}

// What a run deploys later is of the same kind.
static void note_bundle(const struct project_deploy *d)
{
    _cleanup_free_ char *note = bundle_note(d);
    struct err ignored = ERR_INIT;
    if (d->bundle) {
        (void)!fs_write_file(note, d->bundle, strlen(d->bundle), 0600, &ignored);
    } else {
        unlink(note);
    }
}

static int add_bundle(struct project_deploy *d, struct target *target, struct err *err)
{
    _cleanup_free_ char *scripts = fs_join(d->w->paths->share, "toolchain/bundle");
    _cleanup_strbuf_ struct strbuf sbom = {0};
    const struct bundle_wish wish = {
        .names = {d->w->project->name, d->w->project->program, scripts, d->work}};
    if (*d->bundle == '\0') {
        return bundle_files_collect(d->w, target, &wish, &d->release, &sbom, err);
    }
    if (bundle_read(d->bundle, d->work, &d->release, d->bundle_id, err) == 0) {
        return 0;
    }
    return d->request->bundle ? -1
                              : err_hint(err, "it was deployed last; `pisdk deploy` deploys the "
                                              "project instead");
}

// --- The release ---------------------------------------------------------------------------------

static int add_recorder(struct project_deploy *d, struct err *err)
{
    const char *file = d->request->recorder;
    _cleanup_free_ char *folder = file ? fs_parent(file) : NULL;
    return file ? payload_add(&d->release, folder, file, fs_base(file), err) : 0;
}

static int add_files(struct project_deploy *d, struct target *target, struct err *err)
{
    choose_bundle(d);
    if (d->request->recorder && (d->bundle || d->request->no_deploy)) {
        err_set(err, ERR_USAGE,
                "--trace deploys a library with the program, and %s leaves out what is new",
                d->bundle ? "a bundle" : "--no-deploy");
        return err_hint(err, "pisdk run --on nodes --trace …");
    }
    if (d->bundle) {
        return add_bundle(d, target, err);
    }
    bool runtime = d->request->with_runtime || d->w->project->deploy_runtime;
    const struct release_runtime wish = {.work = d->work};
    if (release_files_collect(d->w, target, runtime ? &wish : NULL, &d->release, err) != 0) {
        return -1;
    }
    if (d->release.n == 0) {
        err_set(err, ERR_NOT_FOUND, "nothing to deploy: the build made no program");
        return err_hint(err, "`files` in [deploy] of " PROJECT_FILE " can name files");
    }
    return add_recorder(d, err);
}

// What of the release does not fit a board: the answer of that board goes into the report.
static int check(void *user, size_t node, const char *answer, struct err *err)
{
    struct project_deploy *d = user;
    const struct remote *r = &d->nodes.items[node];
    _cleanup_free_ char *boards = fs_join(d->w->paths->share, "toolchain/boards");
    _cleanup_free_ char *recipes = fs_join(d->w->paths->share, "sysroot-scripts");
    const struct abi_advice advice = {.boards = boards, .recipes = recipes, .lock = d->lock};
    return abi_compare(&d->needs, &advice, answer, r->name, r->host, &d->report, err);
}

// Reads what the release needs, while the target is known that it was built for.
static int read_needs(struct project_deploy *d, struct target *target, struct err *err)
{
    struct toolset tools;
    struct toolset kept; // one that is there already has its limit only in its file
    struct arm_needs built_for;
    if (target_make_build_toolset(d->w, target, &tools, err) != 0) {
        return -1;
    }
    int r = toolset_read(tools.dir, &kept, err);
    toolset_release(&tools);
    if (r != 0) {
        return -1;
    }
    bool known = toolset_limit(&kept, &built_for);
    toolset_release(&kept);
    return abi_needs_read(&d->release, known ? &built_for : NULL, &d->needs, err);
}

static void prepare_check(struct project_deploy *d)
{
    if (d->needs.n_files > 0) { // else there is nothing but data
        abi_question(&d->needs, &d->question);
        d->options.question = d->question.data;
        d->options.check = check;
    }
}

int project_deploy_collect(struct project_deploy *d, struct err *err)
{
    struct target target;
    _cleanup_free_ char *template = fs_join(d->cache, ".work-XXXXXX");

    if (target_choose(d->w, &d->request->target, &target, err) != 0) {
        return -1;
    }
    int r = 0;
    if (!mkdtemp(template)) {
        r = err_sys(err, "cannot create a folder in %s", d->cache);
    } else {
        d->work = TAKE_PTR(template);
    }
    r = r == 0 ? add_files(d, &target, err) : r;
    r = r == 0 ? read_needs(d, &target, err) : r;
    if (r == 0) { // the lock is all that is wanted of the sysroot from here on
        d->lock = xmalloc(sizeof(*d->lock));
        *d->lock = target.sysroot.lock;
        target.sysroot.lock = (struct lock){0};
    }
    target_release(&target);
    if (r == 0) {
        prepare_check(d);
        r = payload_finish(&d->release, err);
    }
    if (r == 0 && d->bundle_id[0] && strcmp(d->bundle_id, d->release.id) != 0) {
        return err_set(err, ERR_VERIFY, "%s does not have the release that it says", d->bundle);
    }
    return r;
}

int project_deploy_send(struct project_deploy *d, struct err *err)
{
    if (payload_keep(&d->release, d->cache, err) != 0) {
        return -1;
    }
    int r = deploy_release(&d->options, &d->release, &d->result, err);
    payload_forget(d->cache, KEPT_HERE);
    if (r == 0) {
        note_bundle(d);
    }
    return r;
}

char *project_deploy_folder(const struct project_deploy *d)
{
    return d->request->no_deploy ? xstrdup("../current")
                                 : xasprintf("../releases/%s", d->release.id);
}

char *project_deploy_find(const struct project_deploy *d, const char *program, struct err *err)
{
    static const char programs[] = RUNTIME_FOLDER "/programs/"; // see deploy/runtime.h
    _cleanup_free_ char *folder = project_deploy_folder(d);
    for (size_t i = 0; i < d->release.n; i++) {
        const struct payload_file *f = &d->release.items[i];
        if (f->source && strcmp(f->source, program) == 0) {
            // With the runtime, its own place has what starts it.
            const char *path = str_starts(f->path, programs) ? f->path + strlen(programs) : f->path;
            return xasprintf("%s/%s", folder, path);
        }
    }
    // That of a bundle was built elsewhere, or before.
    _cleanup_free_ char *named = fs_join("bin", fs_base(program));
    if (d->bundle_id[0] && payload_find(&d->release, named)) {
        return fs_join(folder, named);
    }
    err_set(err, ERR_NOT_FOUND, "%s is not one of the deployed programs", program);
    err_hint(err, "`pisdk deploy --dry-run` lists them");
    return NULL;
}

int project_deploy_tell(struct project_deploy *d, int r, struct err *err)
{
    const struct deploy_result *result = &d->result;
    d->watcher->tell(d->watcher->user, d);
    if (result->refused > 0 && !d->options.direct) {
        log_info(d->w->log, "some boards cannot log in to others, so this machine sent to each "
                            "of them; `pisdk nodes doctor` shows which");
    }
    if (r != 0 && err->code == ERR_NODES && d->request->no_deploy) {
        err_wrap(err, "the program was not started");
        err_hint(err, "`pisdk nodes doctor` looks for the cause; --nodes leaves boards out");
    } else if (r != 0 && err->code == ERR_NODES && d->request->only_look) {
        err_hint(err, "`pisdk nodes doctor` looks for the cause");
    } else if (r != 0 && err->code == ERR_NODES) {
        err_wrap(err, result->switched ? "the boards do not all have the same release now"
                                       : "no board was changed");
        err_hint(err, result->switched ? "the next `pisdk deploy` brings them in line"
                                       : "`pisdk nodes doctor` looks for the cause; --partial goes "
                                         "on without those that failed");
    }
    return r;
}

void project_deploy_end(struct project_deploy *d)
{
    struct err ignored = ERR_INIT;
    deploy_result_release(&d->result);
    payload_release(&d->release);
    abi_needs_release(&d->needs);
    abi_report_release(&d->report);
    strbuf_release(&d->question);
    if (d->lock) {
        lock_release(d->lock);
        free(d->lock);
    }
    if (d->work) {
        (void)!fs_remove_tree(d->work, &ignored);
        free(d->work);
    }
    remotes_release(&d->nodes);
    free(d->bundle);
    free(d->cache);
    free(d->scripts);
    free(d->who);
    proc_stop_restore(&d->saved);
}
