// SPDX-License-Identifier: MIT
// `pisdk nodes calibrate`: how fast the boards compute and talk to each other, for `pisdk predict`.
//
// toolchain/predict/calibrate is a project like those of users: it is built, deployed and run as
// they are, on this project's boards.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/project/deploy_view.h"
#include "pisdk/requests.h"
#include "predict/figures.h"
#include "remote/probe.h"
#include "run/run.h"
#include "workspace/cluster_choice.h"
#include "workspace/node_choice.h"

enum { OUTPUT_MAX = 1 << 20, SOURCE_MAX = 1 << 20, MEGA = 1000000, BITS = 8 };

// A minute is enough for boards, and emulated ones of a slow desktop take some more.
#define SECONDS_MAX 600

// --- The project ---------------------------------------------------------------------------------

static int copy_sources(const char *from, const char *to, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    if (fs_mkdir_all(to, 0755, err) != 0 || fs_list_dir(from, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *source = fs_join(from, names.items[i]);
        _cleanup_free_ char *copy = fs_join(to, names.items[i]);
        _cleanup_strbuf_ struct strbuf text = {0};
        if (fs_read_file(source, SOURCE_MAX, &text, err) != 0 ||
            fs_write_file(copy, text.data, text.len, 0644, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// As the user's project says, but for what is built and run. Its folder, its name and its build
// system are the caller's to free.
static struct project project_like(const struct project *users, const char *folder)
{
    struct project p = *users;
    p.dir = xstrdup(folder);
    p.name = xstrdup("pisdk-calibrate"); // not that of a user's project, which boards may have
    p.program = xstrdup("calibrate");
    p.build = (struct project_build_settings){.system = xstrdup("make")};
    p.deploy_files = p.run_environment = (struct strv){0};
    return p;
}

// Which boards --to means: a cluster by its name, since that of the project is another one here.
// The caller frees it.
static int choose_where(struct app *app, char **where, struct err *err)
{
    const char *to = input_value(&app->input, "to");
    struct cluster cluster;
    if (!to || strcmp(to, "cluster") != 0) {
        *where = to ? xstrdup(to) : NULL;
        return 0;
    }
    if (cluster_choose(&app->work, NULL, &cluster, err) != 0) {
        return -1;
    }
    *where = xasprintf("cluster:%s", cluster.name);
    cluster_release(&cluster);
    return 0;
}

// --- Running it ----------------------------------------------------------------------------------

// One rank a core of those boards that answer; all have to.
static int count_ranks(struct app *app, const struct deploy_request *request, long *ranks,
                       struct err *err)
{
    struct remotes nodes;
    struct probe probe;
    sigset_t saved;
    _cleanup_free_ char *scripts = fs_join(app->paths.share, "toolchain/remote");
    const struct probe_options options = {.nodes = &nodes, .scripts = scripts};
    if (nodes_choose(&app->work, request->where, &request->nodes, &nodes, err) != 0) {
        remotes_release(&nodes);
        return -1;
    }
    log_working(&app->log, "asking boards");
    proc_stop_hold(&saved);
    int r = probe_nodes(&options, &probe, err);
    proc_stop_restore(&saved);
    log_working(&app->log, NULL);
    *ranks = 0;
    for (size_t i = 0; i < probe.n && r == 0; i++) {
        const struct probed *b = &probe.boards[i];
        long slots = nodes.items[i].slots;
        *ranks += slots > 0 ? slots : (long)b->facts.cores;
        if (!b->answered) {
            *err = b->why;
            err->code = ERR_NODES;
            r = err_wrap(err, "%s", nodes.items[i].name);
        }
    }
    probe_release(&probe);
    remotes_release(&nodes);
    return r;
}

// Takes the program away from the boards again.
static void remove_release(const struct workspace *w, const struct run_request *request)
{
    struct project_deploy d;
    struct err err = ERR_INIT;
    int r = project_deploy_begin(&d, w, request->deploy.where, &request->deploy, request->watcher,
                                 &err);
    r = r == 0 ? deploy_remove(&d.options, &d.result, &err) : r;
    project_deploy_end(&d);
    if (r != 0) {
        log_debug(w->log, "%s", err.msg);
    }
}

// What the program prints goes to `text`, not to our standard output.
static int run_into(struct app *app, struct workspace *w, struct run_request *request,
                    struct strbuf *text, struct err *err)
{
    int status = 0;
    int file = memfd_create("calibrate", MFD_CLOEXEC);
    int saved = dup(STDOUT_FILENO);
    struct deploy_view view;
    if (file < 0 || saved < 0) {
        return err_sys(err, "cannot redirect the output");
    }
    deploy_view_begin(&view, app);
    view.quiet = true;
    const struct deploy_watcher watcher = deploy_view_watcher(&view);
    request->watcher = &watcher;
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    int r = run_program(w, request, &status, err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    remove_release(w, request);
    deploy_view_end(&view);
    off_t size = lseek(file, 0, SEEK_END);
    ssize_t n = size > 0 && size < OUTPUT_MAX
                    ? pread(file, strbuf_reserve(text, (size_t)size), (size_t)size, 0)
                    : 0;
    text->len = n > 0 ? (size_t)n : 0;
    strbuf_adds(text, "");
    close(saved);
    close(file);
    return r == 0 && status != 0
               ? err_set(err, ERR_NODES, "the measurement failed on the boards (status %d)", status)
               : r;
}

static int read_request(struct app *app, char **where, struct run_request *out, struct err *err)
{
    if (deploy_request_read(&app->input, &out->deploy, err) != 0 ||
        run_place_find("nodes", &out->place, &out->which, err) != 0 ||
        choose_where(app, where, err) != 0) {
        return -1;
    }
    out->deploy.where = *where;
    return count_ranks(app, &out->deploy, &out->ranks, err);
}

static int measure(struct app *app, struct predict_calibration *out, struct err *err)
{
    _cleanup_free_ char *source = fs_join(app->paths.share, "toolchain/predict/calibrate");
    _cleanup_free_ char *folder = fs_join(app->paths.cache, "predict/calibrate");
    _cleanup_strbuf_ struct strbuf text = {0};
    const struct strv none = {0};
    struct project p = project_like(&app->project, folder);
    _cleanup_free_ char *where = NULL;
    struct workspace w = app->work;
    struct run_request request = {.args = &none,
                                  .variables = &none,
                                  .mpirun = {.mca = &none, .words = &none},
                                  .memory = RUN_MEMORY_OF_BOARD,
                                  .timeout = SECONDS_MAX};
    w.project = &p;
    int r = read_request(app, &where, &request, err) == 0 ? copy_sources(source, folder, err) : -1;
    r = r == 0 ? run_into(app, &w, &request, &text, err) : r;
    r = r == 0 ? predict_calibration_parse(text.data, out, err) : r;
    free(p.dir);
    free(p.name);
    free(p.program);
    free(p.build.system);
    return r;
}

// --- The answer ----------------------------------------------------------------------------------

static void add_rate(struct table *t, double rate)
{
    if (rate > 0) {
        table_number(t, (unsigned long long)(rate + 0.5));
    } else {
        table_text(t, NULL);
    }
}

static void print(const struct app *app, const struct predict_calibration *c)
{
    static const struct column columns[] = {
        {"board", COLUMN_TEXT},         {"cores", COLUMN_NUMBER},      {"mflops", COLUMN_NUMBER},
        {"memory_mb_s", COLUMN_NUMBER}, {"latency_us", COLUMN_NUMBER}, {"mbit_s", COLUMN_NUMBER},
        {"inner_us", COLUMN_NUMBER},    {"inner_mb_s", COLUMN_NUMBER}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < c->n; i++) {
        const struct predict_figures *f = &c->items[i].figures;
        table_text(t, c->items[i].host);
        table_number(t, (unsigned long long)f->cores);
        add_rate(t, f->cache / MEGA);
        add_rate(t, f->memory / MEGA);
        add_rate(t, f->latency * MEGA);
        add_rate(t, f->bandwidth * BITS / MEGA);
        add_rate(t, f->inner_latency * MEGA);
        add_rate(t, f->inner_bandwidth / MEGA);
    }
    table_print(t, app->json);
    table_free(t);
}

int cmd_nodes_calibrate(struct app *app, struct err *err)
{
    struct predict_calibration c = {0};
    _cleanup_free_ char *file = fs_join(app->project.dir, PREDICT_FILE);
    _cleanup_strbuf_ struct strbuf text = {0};
    int r = measure(app, &c, err);
    if (r == 0) {
        predict_calibration_format(&c, &text);
        r = fs_write_file(file, text.data, text.len, 0644, err);
    }
    if (r == 0) {
        print(app, &c);
        log_info(&app->log, "`pisdk predict` uses these from now on: %s", file);
    }
    predict_calibration_release(&c);
    return r == 0 ? EXIT_OK : -1;
}
