// SPDX-License-Identifier: MIT
// `pisdk submit`: jobs for a Slurm that is there.

#include <stdio.h>
#include <string.h>

#include "pisdk/project/deploy_view.h"
#include "pisdk/requests.h"
#include "remote/slurm.h"
#include "run/slurm_output.h"
#include "run/slurm_watch.h"

// --- Handing one in ------------------------------------------------------------------------------

static int hand_in(struct app *app, const struct slurm_login *login, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    struct run_request request;
    struct deploy_view view;
    long id;

    if (run_request_read(&app->input, app->project.ranks, &args, &request, err) != 0) {
        return -1;
    }
    deploy_view_begin(&view, app);
    view.quiet = true; // unless something is sent
    const struct deploy_watcher watcher = deploy_view_watcher(&view);
    request.watcher = &watcher;
    int r = run_submit(&app->work, &request, login, &id, err);
    deploy_view_end(&view);
    if (r == 0) {
        printf("%ld\n", id);
    }
    return r == 0 ? EXIT_OK : -1;
}

// --- Asking for them -----------------------------------------------------------------------------

static int read_jobs(const struct app *app, struct strv *args, struct err *err)
{
    for (size_t i = 0; i < app->input.args.n; i++) {
        long id;
        if (slurm_read_id(app->input.args.items[i], &id, err) != 0) {
            return -1;
        }
        strv_add(args, app->input.args.items[i]);
    }
    return 0;
}

static void add_job(struct table *t, const struct slurm_job *job)
{
    int status;
    bool ended = slurm_job_status(job, &status);
    bool ran = strcmp(job->state, "PENDING") != 0;
    table_number(t, (unsigned long long)job->id);
    table_text(t, job->state);
    table_text(t, job->time);
    table_text(t, job->limit);
    table_text(t, ran ? job->nodes : NULL);
    table_text(t, strcmp(job->reason, "None") == 0 ? NULL : job->reason);
    if (ended) {
        table_number(t, (unsigned long long)status);
    } else {
        table_text(t, NULL);
    }
}

static int list(struct app *app, const struct slurm_login *login, struct err *err)
{
    static const struct column columns[] = {
        {"job", COLUMN_NUMBER},    {"state", COLUMN_TEXT}, {"time", COLUMN_TEXT},
        {"limit", COLUMN_TEXT},    {"nodes", COLUMN_TEXT}, {"reason", COLUMN_TEXT},
        {"status", COLUMN_NUMBER},
    };
    _cleanup_strv_ struct strv args = {0};
    _cleanup_strv_ struct strv lines = {0};

    strv_add_list(&args, "list", app->project.name, NULL);
    if (read_jobs(app, &args, err) != 0 || slurm_ask(&app->work, login, &args, &lines, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    size_t n = 0;
    for (size_t i = 0; i < lines.n; i++) {
        struct slurm_job job;
        struct err ignored = ERR_INIT;
        if (str_starts(lines.items[i], "job ") &&
            slurm_read_job(lines.items[i] + strlen("job "), &job, &ignored) == 0) {
            add_job(t, &job);
            slurm_job_release(&job);
            n++;
        }
    }
    if (n > 0 || app->input.args.n == 0) {
        table_print(t, app->json);
    }
    table_free(t);
    return n > 0 || app->input.args.n == 0
               ? EXIT_OK
               : err_set(err, ERR_NOT_FOUND, "Slurm does not know job %s",
                         app->input.args.items[0]);
}

static int cancel(struct app *app, const struct slurm_login *login, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    _cleanup_strv_ struct strv lines = {0};
    strv_add_list(&args, "cancel", app->project.name, NULL);
    return read_jobs(app, &args, err) == 0 && slurm_ask(&app->work, login, &args, &lines, err) == 0
               ? EXIT_OK
               : -1;
}

static int print_output(struct app *app, const struct slurm_login *login, struct err *err)
{
    long id;
    if (slurm_read_id(app->input.args.items[0], &id, err) != 0) {
        return -1;
    }
    if (!input_flag(&app->input, "follow")) {
        return slurm_print_output(&app->work, login, id, err) == 0 ? EXIT_OK : -1;
    }
    _cleanup_strv_ struct strv args = {0};
    int status = 0;
    strv_add_list(&args, "follow", app->project.name, app->input.args.items[0], NULL);
    const struct slurm_watch w = {.w = &app->work, .login = login, .args = &args};
    return slurm_watch(&w, &status, err) == 0 ? status : -1;
}

// --- Which of it ---------------------------------------------------------------------------------

typedef int work(struct app *app, const struct slurm_login *login, struct err *err);

static work *choose(struct app *app, struct err *err)
{
    static const struct {
        const char *option;
        work *work;
        size_t min, max; // jobs
    } known[] = {
        {"status", list, 0, 1}, {"output", print_output, 1, 1}, {"cancel", cancel, 1, 1000}};
    work *chosen = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        size_t n = app->input.args.n + app->input.rest.n;
        if (!input_flag(&app->input, known[i].option)) {
            continue;
        }
        if (chosen) {
            err_set(err, ERR_USAGE, "--status, --output and --cancel exclude each other");
            return NULL;
        }
        if (n < known[i].min || n > known[i].max) {
            err_set(err, ERR_USAGE, "--%s is for %s", known[i].option,
                    known[i].max > 1 ? "jobs" : "one job");
            err_hint(err, "`pisdk submit --status` lists jobs; put other options before the job");
            return NULL;
        }
        chosen = known[i].work;
    }
    return chosen ? chosen : hand_in;
}

int cmd_submit(struct app *app, struct err *err)
{
    struct slurm_login login;
    work *chosen = choose(app, err);
    if (!chosen) {
        return -1;
    }
    const struct slurm_request request = slurm_request_read(&app->input);
    int r =
        slurm_login_choose(&app->work, &request, &login, err) == 0 ? chosen(app, &login, err) : -1;
    slurm_login_release(&login);
    return r;
}
