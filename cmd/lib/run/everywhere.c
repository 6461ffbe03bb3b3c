// SPDX-License-Identifier: MIT
#include "run/everywhere.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/proc.h"
#include "remote/fleet.h"

// What came of it on a board.
struct executed {
    int status;                // -1: the connection failed, see `err`
    struct strbuf out, errors; // with --in-order: what it has said
    struct err err;
};

struct execution {
    struct log *log;
    const struct remotes *nodes;
    bool in_order;
    bool unread; // nobody reads our output any more
    struct executed *boards;
};

static void on_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    struct execution *e = user;
    FILE *to = stream == FLEET_OUT ? stdout : stderr;
    if (e->in_order) {
        strbuf_addf(stream == FLEET_OUT ? &e->boards[node].out : &e->boards[node].errors, "%s\n",
                    line);
    } else {
        fprintf(to, "%s: %s\n", e->nodes->items[node].name, line);
        e->unread = fflush(to) != 0 || e->unread;
    }
}

static void on_end(void *user, size_t node, int status, const struct err *why)
{
    struct execution *e = user;
    e->boards[node].status = status;
    e->boards[node].err = *why;
}

static void print_in_order(const struct execution *e)
{
    for (size_t i = 0; i < e->nodes->n && e->in_order; i++) {
        const struct executed *b = &e->boards[i];
        printf("--- %s\n%s", e->nodes->items[i].name, b->out.data ? b->out.data : "");
        fflush(stdout);
        fputs(b->errors.data ? b->errors.data : "", stderr);
    }
}

static int tell_failures(const struct execution *e, struct err *err)
{
    size_t failed = 0;
    for (size_t i = 0; i < e->nodes->n; i++) {
        const struct executed *b = &e->boards[i];
        const char *name = e->nodes->items[i].name;
        if (b->status < 0) {
            log_warning(e->log, "%s: %s", name, b->err.msg);
            if (b->err.hint[0]) {
                log_info(e->log, "hint: %s", b->err.hint);
            }
        } else if (b->status > 0) {
            log_warning(e->log, "%s: ended with status %d", name, b->status);
        }
        failed += b->status != 0;
    }
    return failed == 0
               ? 0
               : err_set(err, ERR_NODES, "it failed on %zu of %zu boards", failed, e->nodes->n);
}

static bool is_unread(void *user)
{
    const struct execution *e = user;
    return e->unread;
}

static int execute(struct execution *e, const char *script, const struct strv *words,
                   struct err *err)
{
    const struct fleet_handlers handlers = {
        .user = e, .on_line = on_line, .on_end = on_end, .log = e->log};
    struct fleet *f = fleet_new(e->nodes, &handlers);
    int r = 0;
    for (size_t i = 0; i < e->nodes->n && r == 0; i++) {
        r = fleet_start(f, i, script, words, err);
    }
    r = r == 0 ? fleet_serve(f, is_unread, err) : r;
    fleet_free(f);
    if (e->unread) { // as a program does that writes to a closed pipe, `| head`
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    print_in_order(e);
    return r == 0 ? tell_failures(e, err) : -1;
}

int run_everywhere(const struct workspace *w, const struct everywhere_request *request,
                   const struct strv *words, struct err *err)
{
    struct remotes nodes;
    struct execution e = {.log = w->log, .nodes = &nodes, .in_order = request->in_order};
    _cleanup_strbuf_ struct strbuf script = {0};
    sigset_t saved;

    proc_stop_hold(&saved);
    int r = nodes_choose(w, request->where, &request->nodes, &nodes, err);
    r = r == 0 ? nodes_read_script(w, "exec.sh", &script, err) : r;
    e.boards = xcalloc(nodes.n + 1, sizeof(*e.boards));
    r = r == 0 ? execute(&e, script.data, words, err) : r;
    for (size_t i = 0; i < nodes.n; i++) {
        strbuf_release(&e.boards[i].out);
        strbuf_release(&e.boards[i].errors);
    }
    free(e.boards);
    remotes_release(&nodes);
    proc_stop_restore(&saved);
    return r;
}
