// SPDX-License-Identifier: MIT
#include "pisdk/project/deploy_view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/printable.h"

enum { ROWS_DEFAULT = 24, PERCENT = 100, BAR = 20 };

#define UP_AND_CLEAR "\033[A\r\033[K"

void deploy_view_begin(struct deploy_view *v, struct app *app)
{
    *v = (struct deploy_view){.app = app, .began = clock_seconds()};
}

static size_t terminal_rows(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2 ? size.ws_row
                                                                           : ROWS_DEFAULT;
}

static void clear(struct deploy_view *v)
{
    for (; v->lines > 0; v->lines--) {
        fputs(UP_AND_CLEAR, stderr);
    }
}

static void print_board(const struct deploy_board *b)
{
    char have[32];
    char size[32];
    char rate[32];
    const char *state =
        b->state == DEPLOY_DONE && !b->switched ? "unchanged" : deploy_state_name(b->state);
    _cleanup_free_ char *name = printable(b->name, PRINTABLE_LINE);
    fprintf(stderr, "%-16s %-10s", name, state);
    if (b->state == DEPLOY_RECEIVING) {
        int part = b->size ? (int)(b->have * BAR / b->size) : 0;
        fprintf(stderr, " [%.*s%.*s] %s of %s, %s/s", part, "####################", BAR - part,
                "--------------------", str_size(have, b->have), str_size(size, b->size),
                str_size(rate, (unsigned long long)b->rate));
    } else if (b->state == DEPLOY_FAILED) {
        _cleanup_free_ char *why = printable(b->err.msg, PRINTABLE_LINE);
        fprintf(stderr, " %.50s", why);
    }
    fputs("\n", stderr);
}

static bool is_over(enum deploy_state state)
{
    return state == DEPLOY_DONE || state == DEPLOY_SHARED || state == DEPLOY_READY;
}

// Where there are more boards than lines, those at work come first, and the rest is counted.
static void draw(struct deploy_view *v, const struct deploy_board *boards, size_t n)
{
    size_t rows = terminal_rows() - 2;
    size_t over = 0;
    clear(v);
    for (size_t i = 0; i < n; i++) {
        if (n > rows && (is_over(boards[i].state) || v->lines + 1 >= rows)) {
            over++;
            continue;
        }
        print_board(&boards[i]);
        v->lines++;
    }
    if (over > 0) {
        fprintf(stderr, "and %zu more\n", over);
        v->lines++;
    }
    fflush(stderr);
}

static bool is_told(enum deploy_state state)
{
    return state == DEPLOY_RECEIVING || state == DEPLOY_READY || state == DEPLOY_DONE ||
           state == DEPLOY_WAITING || state == DEPLOY_FAILED;
}

static void tell(struct deploy_view *v, const struct deploy_board *b)
{
    char size[32];
    switch (b->state) {
    case DEPLOY_RECEIVING:
        log_info(&v->app->log, "%s: receiving %s", b->name, str_size(size, b->size));
        break;
    case DEPLOY_FAILED:
        break; // at the end, with its cause
    default:
        log_info(&v->app->log, "%s: %s", b->name,
                 b->state == DEPLOY_DONE && !b->switched ? "unchanged"
                                                         : deploy_state_name(b->state));
    }
}

static void show(void *user, const struct deploy_board *boards, size_t n)
{
    struct deploy_view *v = user;
    for (size_t i = 0; i < n && v->quiet; i++) {
        v->quiet = boards[i].state != DEPLOY_RECEIVING;
    }
    if (v->app->ui.verbosity < 0 || v->quiet) {
        return;
    }
    if (v->app->ui.progress) {
        draw(v, boards, n);
        return;
    }
    if (!v->last) {
        v->last = xcalloc(n + 1, sizeof(*v->last));
        v->n = n;
    }
    for (size_t i = 0; i < n; i++) {
        if (boards[i].state != v->last[i] && is_told(boards[i].state)) {
            tell(v, &boards[i]);
            v->last[i] = boards[i].state;
        }
    }
}

void deploy_view_end(struct deploy_view *v)
{
    clear(v);
    fflush(stderr);
    free(v->last);
    v->last = NULL;
}

// The hint of each cause once.
static void tell_failures(struct app *app, const struct deploy_result *r)
{
    _cleanup_strv_ struct strv hints = {0};
    for (size_t i = 0; i < r->n; i++) {
        const struct deploy_board *b = &r->boards[i];
        if (b->state == DEPLOY_FAILED) {
            log_warning(&app->log, "%s: %s", b->name, b->err.msg);
        }
        if (b->state == DEPLOY_FAILED && b->err.hint[0] && !strv_has(&hints, b->err.hint)) {
            strv_add(&hints, b->err.hint);
        }
    }
    for (size_t i = 0; i < hints.n; i++) {
        log_info(&app->log, "hint: %s", hints.items[i]);
    }
}

static void print_mismatches(struct app *app, const struct abi_report *r)
{
    static const struct column columns[] = {{"board", COLUMN_TEXT},
                                            {"file", COLUMN_TEXT},
                                            {"needs", COLUMN_TEXT},
                                            {"has", COLUMN_TEXT},
                                            {"solve", COLUMN_TEXT}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < r->n; i++) {
        const struct abi_row *row = &r->rows[i];
        table_text(t, row->board);
        table_text(t, row->file);
        table_text(t, row->needs);
        table_text(t, row->has);
        table_text(t, row->solve);
    }
    table_print(t, app->json);
    fflush(stdout);
    table_free(t);
}

static void tell_end(void *user, const struct project_deploy *d)
{
    struct deploy_view *v = user;
    show(v, d->result.boards, d->result.n); // what came since the last time
    deploy_view_end(v);
    ui_clear_bar(&v->app->ui);
    tell_failures(v->app, &d->result);
    if (d->report.n > 0) {
        print_mismatches(v->app, &d->report);
    }
}

struct deploy_watcher deploy_view_watcher(struct deploy_view *v)
{
    return (struct deploy_watcher){.user = v, .progress = show, .tell = tell_end};
}

void deploy_view_table(struct app *app, const struct deploy_result *r)
{
    static const struct column columns[] = {
        {"board", COLUMN_TEXT}, {"state", COLUMN_TEXT}, {"release", COLUMN_TEXT},
        {"sent", COLUMN_SIZE},  {"from", COLUMN_TEXT},  {"error", COLUMN_TEXT},
    };
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < r->n; i++) {
        const struct deploy_board *b = &r->boards[i];
        bool unchanged = b->state == DEPLOY_DONE && !b->switched;
        table_text(t, b->name);
        table_text(t, unchanged ? "unchanged" : deploy_state_name(b->state));
        table_text(t, b->current);
        table_number(t, b->sent ? b->have : 0);
        table_text(t, b->from);
        table_text(t, b->state == DEPLOY_FAILED ? b->err.msg : "");
    }
    table_print(t, app->json);
    table_free(t);
}
