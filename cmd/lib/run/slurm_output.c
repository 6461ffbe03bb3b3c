// SPDX-License-Identifier: MIT
#include "run/slurm_output.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "remote/fleet.h"
#include "workspace/node_choice.h"

enum { CHUNK = 1 << 16 };

// The words of an ssh whose far end sends the output.
static int make_argv(const struct workspace *w, const struct remotes *nodes,
                     const struct remote *node, long id, struct strv *argv, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    if (nodes_read_script(w, "slurm-output.sh", &script, err) != 0) {
        return -1;
    }
    _cleanup_strv_ struct strv args = {0};
    strv_add(&args, w->project->name);
    strv_addf(&args, "%ld", id);
    fleet_script_argv(nodes, node, script.data, &args, argv);
    return 0;
}

// Slurm's name of a node may be short, and the user's long.
static bool is_called(const struct remote *node, const char *host)
{
    size_t n = strlen(host);
    return n > 0 && (strcmp(node->name, host) == 0 ||
                     (strncmp(node->peer, host, n) == 0 && strchr(".", node->peer[n])));
}

static const struct remote *find_host(const struct slurm_login *login, const struct slurm_job *job)
{
    for (size_t i = 0; i < login->nodes.n; i++) {
        if (is_called(&login->nodes.items[i], job->host)) {
            return &login->nodes.items[i];
        }
    }
    return NULL;
}

void slurm_output_begin(struct slurm_output *o, const struct workspace *w,
                        const struct slurm_login *login, const struct slurm_job *job)
{
    bool local = w->project->slurm_local;
    const struct remote *node = local ? find_host(login, job) : &login->node.items[0];
    _cleanup_strv_ struct strv argv = {0};
    struct err err = ERR_INIT;

    *o = (struct slurm_output){.begun = true, .log = w->log};
    if (!node) {
        log_warning(w->log, "the output is on %s, which is not one of the nodes", job->host);
        return;
    }
    if (make_argv(w, local ? &login->nodes : &login->node, node, job->id, &argv, &err) != 0 ||
        proc_start(argv.items, &o->child, &err) != 0) {
        o->child.pid = 0;
        log_warning(w->log, "the output cannot be shown: %s", err.msg);
    }
}

static void stop(struct slurm_output *o)
{
    int status;
    if (o->child.in >= 0) {
        close(o->child.in);
    }
    close(o->child.out);
    close(o->child.errors);
    waitpid(o->child.pid, &status, 0);
    o->child.pid = 0;
}

void slurm_output_take(struct slurm_output *o)
{
    char data[CHUNK];
    ssize_t n = 0;
    if (o->child.pid == 0) {
        return;
    }
    while (read(o->child.errors, data, sizeof(data)) > 0) {
        // What ssh says of its end is told by the other session.
    }
    while ((n = read(o->child.out, data, sizeof(data))) > 0) {
        fwrite(data, 1, (size_t)n, stdout);
    }
    fflush(stdout);
    if (n == 0) {
        if (!o->finishing) {
            log_warning(o->log, "the output is truncated here");
            log_info(o->log, "hint: pisdk submit --output JOB prints all of it");
        }
        stop(o);
    }
}

void slurm_output_finish(struct slurm_output *o)
{
    o->finishing = true;
    if (o->child.pid > 0 && o->child.in >= 0) {
        close(o->child.in);
        o->child.in = -1;
    }
}

bool slurm_output_is_done(const struct slurm_output *o)
{
    return o->child.pid == 0;
}

void slurm_output_end(struct slurm_output *o)
{
    if (o->child.pid > 0) {
        kill(o->child.pid, SIGKILL);
        stop(o);
    }
}

// --- All of it, now ------------------------------------------------------------------------------

static void on_data(void *user, const char *data, size_t n)
{
    (void)user;
    fwrite(data, 1, n, stdout);
}

// 0: it was there; 1: not.
static int print_of(const struct workspace *w, const struct remotes *nodes, size_t node, long id,
                    struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf out = {0};
    const struct proc_capture capture = {
        .input = -1, .max = CHUNK, .on_data = on_data, .out = &out};
    int status = 0;
    if (make_argv(w, nodes, &nodes->items[node], id, &argv, err) != 0 ||
        proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    return status == 0 ? 0 : 1;
}

int slurm_print_output(const struct workspace *w, const struct slurm_login *login, long id,
                       struct err *err)
{
    const struct remotes *nodes = w->project->slurm_local ? &login->nodes : &login->node;
    for (size_t i = 0; i < nodes->n; i++) {
        int r = print_of(w, nodes, i, id, err);
        if (r <= 0) {
            return r;
        }
    }
    err_set(err, ERR_NOT_FOUND, "job %ld has no output", id);
    return err_hint(err, "`pisdk submit --status %ld` shows whether it started", id);
}
