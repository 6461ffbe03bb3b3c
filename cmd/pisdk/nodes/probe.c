// SPDX-License-Identifier: MIT
// `pisdk nodes probe`, `status` and `doctor`: what boards are and have, and what is wrong with
// them.

#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/app.h"
#include "pisdk/nodes/probe_json.h"
#include "pisdk/requests.h"
#include "pisdk/watch.h"
#include "workspace/node_choice.h"

enum { MILLI = 1000 };

struct probing {
    struct app *app;
    struct remotes nodes;
    struct probe probe;
    struct checkup checkup;
};

static void on_answer(void *user, size_t done)
{
    struct probing *p = user;
    log_progress(&p->app->log, "asking boards", done, p->nodes.n);
}

static int begin(struct probing *p, struct app *app, struct err *err)
{
    const struct nodes_request request = nodes_request_read(&app->input);
    sigset_t saved;
    *p = (struct probing){.app = app};
    if (nodes_choose(&app->work, input_value(&app->input, "to"), &request, &p->nodes, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *scripts = fs_join(app->paths.share, "toolchain/remote");
    const struct probe_options options = {
        .nodes = &p->nodes, .scripts = scripts, .on_answer = on_answer, .user = p};
    proc_stop_hold(&saved);
    int r = probe_nodes(&options, &p->probe, err);
    proc_stop_restore(&saved);
    if (r == 0) {
        checkup_run(&p->nodes, &p->probe, &p->checkup);
    }
    ui_clear_bar(&app->ui);
    return r;
}

static void end(struct probing *p)
{
    checkup_release(&p->checkup);
    probe_release(&p->probe);
    remotes_release(&p->nodes);
}

static size_t count_silent(const struct probe *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += !p->boards[i].answered;
    }
    return n;
}

// --- probe ---------------------------------------------------------------------------------------

// "bookworm armhf", of words that may not be known.
static void add_words(struct table *t, const char *a, const char *b)
{
    _cleanup_free_ char *text = xasprintf("%s%s%s", a ? a : "", a && b ? " " : "", b ? b : "");
    table_text(t, text);
}

static void add_number(struct table *t, uint64_t n, bool known)
{
    if (known) {
        table_number(t, n);
    } else {
        table_text(t, NULL);
    }
}

static void add_problems(struct table *t, const struct checkup *c, size_t node)
{
    _cleanup_strv_ struct strv words = {0};
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].node == node && !c->items[i].note) {
            strv_add(&words, c->items[i].kind);
        }
    }
    _cleanup_free_ char *text = strv_join(&words, ",");
    table_text(t, text);
}

static void add_row(struct table *t, const struct probing *p, size_t i)
{
    const struct facts *f = &p->probe.boards[i].facts;
    _cleanup_free_ char *clock = f->has_clock ? xasprintf("%+.2f s", f->clock_offset) : NULL;
    bool answered = p->probe.boards[i].answered;
    table_text(t, p->nodes.items[i].name);
    table_text(t, answered ? f->model : "(no answer)");
    add_words(t, f->release, f->arch);
    table_text(t, f->glibc);
    add_words(t, f->mpi, f->mpi_version);
    add_number(t, (uint64_t)f->time_bits, f->time_bits > 0);
    add_number(t, f->cores, f->cores > 0);
    add_number(t, f->memory, f->memory > 0);
    add_number(t, f->free_space, f->has_space);
    table_text(t, clock);
    add_problems(t, &p->checkup, i);
}

static void print_table(const struct probing *p)
{
    static const struct column columns[] = {
        {"node", COLUMN_TEXT},    {"model", COLUMN_TEXT},    {"system", COLUMN_TEXT},
        {"glibc", COLUMN_TEXT},   {"mpi", COLUMN_TEXT},      {"time_t", COLUMN_NUMBER},
        {"cores", COLUMN_NUMBER}, {"memory", COLUMN_SIZE},   {"free", COLUMN_SIZE},
        {"clock", COLUMN_TEXT},   {"problems", COLUMN_TEXT},
    };
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < p->nodes.n; i++) {
        add_row(t, p, i);
    }
    table_print(t, false);
    table_free(t);
}

int cmd_nodes_probe(struct app *app, struct err *err)
{
    struct probing p;
    int r = begin(&p, app, err);
    size_t silent = r == 0 ? count_silent(&p.probe) : 0;

    if (r == 0 && app->json) {
        probe_json_print(&p.nodes, &p.probe, &p.checkup);
    } else if (r == 0) {
        print_table(&p);
    }
    fflush(stdout);
    if (silent > 0) {
        err_set(err, ERR_NODES, "%zu of %zu boards did not answer", silent, p.nodes.n);
        r = err_hint(err, "`pisdk nodes doctor` shows how to fix it");
    }
    end(&p);
    return r == 0 ? EXIT_OK : -1;
}

// --- status --------------------------------------------------------------------------------------

static int show_status(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"node", COLUMN_TEXT},        {"state", COLUMN_VERDICT},  {"load", COLUMN_TEXT},
        {"cores", COLUMN_NUMBER},     {"available", COLUMN_SIZE}, {"free", COLUMN_SIZE},
        {"temperature", COLUMN_TEXT},
    };
    struct probing p;
    int r = begin(&p, app, err);
    if (r != 0) {
        end(&p);
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < p.nodes.n; i++) {
        const struct facts *f = &p.probe.boards[i].facts;
        _cleanup_free_ char *warm =
            f->temperature ? xasprintf("%.1f C", (double)f->temperature / MILLI) : NULL;
        table_text(t, p.nodes.items[i].name);
        table_text(t, p.probe.boards[i].answered ? "up" : "down");
        table_text(t, f->load);
        add_number(t, f->cores, f->cores > 0);
        add_number(t, f->available, f->available > 0);
        add_number(t, f->free_space, f->has_space);
        table_text(t, warm);
    }
    table_print(t, app->json);
    table_free(t);
    end(&p);
    return EXIT_OK;
}

int cmd_nodes_status(struct app *app, struct err *err)
{
    return input_flag(&app->input, "watch") ? watch(app, WATCH_SECONDS, show_status, err)
                                            : show_status(app, err);
}

// --- doctor --------------------------------------------------------------------------------------

static void print_problems(const struct probing *p)
{
    static const struct column columns[] = {
        {"node", COLUMN_TEXT},  {"verdict", COLUMN_VERDICT}, {"problem", COLUMN_TEXT},
        {"found", COLUMN_TEXT}, {"mend", COLUMN_TEXT},
    };
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < p->checkup.n; i++) {
        const struct problem *found = &p->checkup.items[i];
        table_text(t, p->nodes.items[found->node].name);
        table_text(t, found->note ? "note" : "wrong");
        table_text(t, found->kind);
        table_text(t, found->what);
        table_text(t, found->mend);
    }
    table_print(t, p->app->json);
    table_free(t);
    fflush(stdout);
}

// Boards that have a problem.
static size_t count_ill(const struct checkup *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += !c->items[i].note && (i == 0 || c->items[i - 1].node != c->items[i].node);
    }
    return n;
}

int cmd_nodes_doctor(struct app *app, struct err *err)
{
    struct probing p;
    int r = begin(&p, app, err);

    if (r == 0) {
        print_problems(&p);
        size_t ill = count_ill(&p.checkup);
        if (ill > 0) {
            err_set(err, ERR_NODES, "found problems on %zu of %zu boards", ill, p.nodes.n);
            r = err_hint(err, "the last column shows how to fix it");
        } else {
            log_info(&app->log, "no problems found on %zu board%s", p.nodes.n,
                     p.nodes.n == 1 ? "" : "s");
        }
    }
    end(&p);
    return r == 0 ? EXIT_OK : -1;
}
