// SPDX-License-Identifier: MIT
#include "run/slurm_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "remote/fleet.h"
#include "remote/slurm.h"
#include "run/session.h"
#include "run/slurm_output.h"
#include "workspace/node_choice.h"

#define SCRIPT "slurm.sh"

static const double farewell_seconds = 15; // for a job that was cancelled, and for its last output
static const double unknown_seconds = 30;  // slurmctld may just be restarting
static const double ending_seconds = 5;    // for the nodes of a job whose script has failed

struct watching {
    const struct slurm_watch *w;
    struct log *log;
    struct session session;
    struct fleet *control;
    struct slurm_output output;
    long id;
    struct slurm_job job; // as it was last; state NULL: not known yet
    char *told;           // what the user was told of it last
    bool over;
    bool none; // no Slurm there
    bool stop; // the user does not want to wait for it
    int status;
    bool timed;        // its time has begun
    double give_up_at; // or 0
    double ending;     // since when just nodes are waited for, or 0
    double unknown;    // since when Slurm does not know it, or 0
    char *said;        // by sbatch, against it
    char *lost;        // a node that answered no more
    struct err why;    // the session's end
};

static void send(struct watching *s, const char *command)
{
    fleet_send(s->control, 0, command);
}

static void cancel(struct watching *s)
{
    s->give_up_at = clock_seconds() + farewell_seconds;
    send(s, "cancel\n");
}

static void tell(struct watching *s, char *text)
{
    if (!s->told || strcmp(s->told, text) != 0) {
        log_info(s->log, "%s", text);
    }
    free(s->told);
    s->told = text;
}

static void tell_state(struct watching *s)
{
    const struct slurm_job *job = &s->job;
    if (strcmp(job->state, "PENDING") == 0 && strcmp(job->reason, "None") != 0) {
        tell(s, xasprintf("job %ld waits: %s", s->id, job->reason));
    } else if (strcmp(job->state, "RUNNING") == 0) {
        tell(s, xasprintf("job %ld runs on %s", s->id, job->nodes));
    }
}

static void on_job(struct watching *s, const char *line)
{
    struct slurm_job job;
    struct err ignored = ERR_INIT;
    if (s->over || slurm_read_job(line, &job, &ignored) != 0) {
        return;
    }
    slurm_job_release(&s->job);
    s->job = job;
    s->unknown = 0;
    s->id = job.id;
    tell_state(s);
    bool runs = strcmp(job.state, "RUNNING") == 0;
    if (runs && !s->timed) {
        s->timed = true;
        session_limit(&s->session, s->w->timeout);
    }
    if (slurm_job_is_ending(&job) && s->ending == 0) {
        s->ending = clock_seconds();
    }
    s->over =
        slurm_job_is_over(&job) || (s->ending > 0 && clock_seconds() > s->ending + ending_seconds);
    if ((runs || s->over) && *job.nodes && !s->output.begun) {
        slurm_output_begin(&s->output, s->w->w, s->w->login, &job);
    }
    if (s->over) {
        send(s, "over\n");
        slurm_output_finish(&s->output);
    }
}

// mpirun may notice it too, and the job end by itself; or nobody ever.
static void on_lost(struct watching *s, const char *node)
{
    log_warning(s->log, "%s does not answer", node);
    if (s->w->owned && !s->over && !s->lost) {
        s->lost = xstrdup(node);
        cancel(s);
    }
}

static void on_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    struct watching *s = user;
    struct err ignored = ERR_INIT;
    (void)node;
    if (stream == FLEET_ERRORS) {
        log_debug(s->log, "%s", line);
        slurm_note_error(&s->said, line);
    } else if (str_starts(line, ":id ")) {
        if (slurm_read_answer(line + strlen(":id "), &s->id, &ignored) == 0) {
            tell(s, xasprintf("job %ld", s->id));
        }
    } else if (str_starts(line, ":job ")) {
        on_job(s, line + strlen(":job "));
    } else if (str_starts(line, ":lost ")) {
        on_lost(s, line + strlen(":lost "));
    } else if (strcmp(line, ":unknown") == 0) {
        s->unknown = s->unknown > 0 ? s->unknown : clock_seconds();
    } else if (strcmp(line, ":none") == 0) {
        s->none = true;
    }
}

static void on_end(void *user, size_t node, int status, const struct err *why)
{
    struct watching *s = user;
    (void)node;
    s->status = status;
    s->why = *why;
}

static void on_signal(void *user, int sig)
{
    struct watching *s = user;
    if (sig == SIGUSR1 || sig == SIGUSR2) {
        return;
    }
    bool again = s->session.sig && clock_seconds() - s->session.interrupted < 1;
    s->stop = !s->w->owned || again;
    if (s->w->owned) {
        cancel(s);
    }
}

static void on_late(void *user)
{
    struct watching *s = user;
    if (!s->over) {
        *s->w->timed_out = true;
        cancel(s);
    }
}

static void on_beat(void *user)
{
    send(user, "beat\n");
}

static void on_tick(void *user)
{
    struct watching *s = user;
    session_tick(&s->session);
    slurm_output_take(&s->output);
}

static bool is_enough(void *user)
{
    const struct watching *s = user;
    double now = clock_seconds();
    return s->stop || (s->give_up_at > 0 && now > s->give_up_at) ||
           (s->unknown > 0 && now > s->unknown + unknown_seconds);
}

static int serve(struct watching *s, struct err *err)
{
    if (session_serve(&s->session, s->control, is_enough, err) != 0) {
        return -1;
    }
    double until = clock_seconds() + farewell_seconds;
    while (s->over && !slurm_output_is_done(&s->output) && clock_seconds() < until) {
        slurm_output_take(&s->output);
        poll(NULL, 0, 10);
    }
    return 0;
}

// --- How it ended --------------------------------------------------------------------------------

static int tell_failure(const struct watching *s, struct err *err)
{
    const char *name = s->w->login->node.items[0].name;
    if (s->none) {
        return slurm_missing(s->w->login, err);
    }
    if (s->id == 0 && s->status > 0) {
        return err_set(err, ERR_FAILED, "%s: %s", name, s->said ? s->said : "sbatch failed");
    }
    if (s->unknown > 0) {
        return err_set(err, ERR_FAILED, "%s: Slurm does not know job %ld any more", name, s->id);
    }
    *err = s->why;
    if (err->code == ERR_NONE) {
        err_set(err, ERR_NETWORK, "the connection was lost");
    }
    err_wrap(err, "%s", name);
    return s->id ? err_hint(err, "`pisdk submit --status %ld` shows what became of the job", s->id)
                 : -1;
}

// Slurm is not done with a job whose nodes do not answer: what it is going to be is the reason
// then.
static bool was_too_long(const struct slurm_job *job)
{
    return strcmp(job->state, "TIMEOUT") == 0 || strcmp(job->reason, "TimeLimit") == 0;
}

// A job that did not end by itself.
static int tell_end(const struct watching *s, int *status, struct err *err)
{
    const struct slurm_job *job = &s->job;
    if (was_too_long(job)) {
        log_warning(s->log, "job %ld reached its time limit of %s", s->id, job->limit);
        *status = RUN_TIMED_OUT;
        return 0;
    }
    if (strcmp(job->state, "CANCELLED") == 0) {
        log_warning(s->log, "job %ld was cancelled", s->id);
        *status = PROC_SIGNALED + SIGTERM;
        return 0;
    }
    if (slurm_job_has_no_folder(job)) {
        err_set(err, ERR_NODES, "job %ld did not start: %s does not have the project's folder",
                s->id, job->host);
        return err_hint(
            err, s->w->w->project->slurm_local
                     ? "with place = local, all of Slurm's nodes must be nodes of the project"
                     : "if nodes do not share files: place = local in [slurm] of " PROJECT_FILE);
    }
    return err_set(err, ERR_NODES, "job %ld was ended by Slurm: %s", s->id, job->state);
}

static int conclude(const struct watching *s, int *status, struct err *err)
{
    if (s->session.sig) {
        *status = PROC_SIGNALED + s->session.sig;
        return 0;
    }
    if (s->w->timed_out && *s->w->timed_out) {
        *status = RUN_TIMED_OUT;
        return 0;
    }
    bool by_itself =
        s->over && (strcmp(s->job.state, "COMPLETED") == 0 || strcmp(s->job.state, "FAILED") == 0);
    if (s->lost && !by_itself) {
        err_set(err, ERR_NODES, "job %ld was cancelled: %s does not answer", s->id, s->lost);
        return err_hint(err, "`sinfo -N` on %s shows what Slurm knows of its nodes",
                        s->w->login->node.items[0].name);
    }
    if (!s->over) {
        return tell_failure(s, err);
    }
    return !was_too_long(&s->job) && slurm_job_status(&s->job, status) ? 0
                                                                       : tell_end(s, status, err);
}

int slurm_watch(const struct slurm_watch *w, int *status, struct err *err)
{
    struct watching s = {.w = w, .log = w->w->log};
    const struct fleet_handlers handlers = {
        .user = &s, .on_line = on_line, .on_end = on_end, .on_tick = on_tick};
    _cleanup_strbuf_ struct strbuf script = {0};

    if (nodes_read_script(w->w, SCRIPT, &script, err) != 0) {
        return -1;
    }
    s.session = (struct session){
        .user = &s, .on_signal = on_signal, .on_late = on_late, .on_beat = on_beat};
    session_begin(&s.session);
    s.control = fleet_new(&w->login->node, &handlers);
    int r = fleet_start(s.control, 0, script.data, w->args, err) == 0 ? serve(&s, err) : -1;
    slurm_output_end(&s.output);
    if (r == 0) {
        r = conclude(&s, status, err);
    }
    // The end of its input makes slurm.sh cancel what is left.
    fleet_free(s.control);
    session_end(&s.session);
    slurm_job_release(&s.job);
    free(s.told);
    free(s.said);
    free(s.lost);
    return r;
}
