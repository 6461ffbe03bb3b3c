// SPDX-License-Identifier: MIT
#include "deploy/deploy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "deploy/job.h"

enum {
    RETRIES = 5, // of a connection that was lost
    FLEET_LOST = -1,
};

static const double beat_seconds = 4;      // see `watch` in deploy.sh
static const double silence_seconds = 90;  // a board that says nothing for so long is lost
static const double wait_seconds = 2;      // for another deploy, at least
static const double farewell_seconds = 20; // for the ends of all sessions
static const double show_seconds = 0.2;

const char *deploy_state_name(enum deploy_state state)
{
    static const char *const names[] = {
        [DEPLOY_CONNECTING] = "connecting",
        [DEPLOY_WAITING] = "waiting",
        [DEPLOY_CONNECTED] = "connected",
        [DEPLOY_ASKED] = "connected",
        [DEPLOY_ANSWERED] = "connected",
        [DEPLOY_PREPARING] = "preparing",
        [DEPLOY_RECEIVING] = "receiving",
        [DEPLOY_CHECKING] = "checking",
        [DEPLOY_READY] = "ready",
        [DEPLOY_SWITCHING] = "switching",
        [DEPLOY_DONE] = "done",
        [DEPLOY_SHARED] = "shared",
        [DEPLOY_FAILED] = "failed",
    };
    return names[state];
}

// Sends it to all boards in state `from`, which are in state `to` then.
static void command_all(struct job *j, enum deploy_state from, enum deploy_state to,
                        const char *command)
{
    for (size_t i = 0; i < j->n; i++) {
        if (j->boards[i].state == from) {
            j->boards[i].state = to;
            job_command(j, i, "%s", command);
        }
    }
}

static size_t count(const struct job *j, enum deploy_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < j->n; i++) {
        n += j->boards[i].state == state;
    }
    return n;
}

// --- Connections ---------------------------------------------------------------------------------

static void connect_board(struct job *j, size_t node)
{
    _cleanup_strv_ struct strv args = {0};
    struct err err = ERR_INIT;
    strv_add_list(&args, j->o->name, j->token, j->o->who, NULL);
    strv_addf(&args, "%s%s", j->o->about ? "about " : "",
              j->goal == JOB_LIST || j->goal == JOB_VERIFY ? "look" : "lock");
    j->boards[node].state = DEPLOY_CONNECTING;
    j->stations[node].heard = clock_seconds();
    if (fleet_start(j->fleet, node, j->script.data, &args, &err) != 0) {
        j->boards[node].err = err;
        j->boards[node].state = DEPLOY_FAILED;
    }
}

static void on_board_end(struct job *j, size_t node, int status, const struct err *why)
{
    struct deploy_board *b = &j->boards[node];
    bool was_there = b->state != DEPLOY_CONNECTING;

    if (b->state == DEPLOY_FAILED || b->state == DEPLOY_DONE || b->state == DEPLOY_SHARED ||
        j->phase == PHASE_END) {
        return;
    }
    job_send_lost(j, node);
    if (was_there && j->phase < PHASE_SWITCH && j->stations[node].retries < RETRIES) {
        j->stations[node].retries++;
        log_debug(j->o->log, "%s: %s; once more", b->name, why->msg);
        strbuf_release(&j->stations[node].answer); // it is asked again
        j->checking = j->checking == node ? j->n : j->checking;
        connect_board(j, node);
        return;
    }
    if (status == FLEET_LOST) {
        b->err = *why;
        b->state = DEPLOY_FAILED;
    } else {
        job_fail(j, node, ERR_FAILED, "its shell ended with status %d", status);
    }
}

static void on_end(void *user, size_t channel, int status, const struct err *why)
{
    struct job *j = user;
    size_t node = channel % j->n;
    if (channel < j->n) {
        on_board_end(j, node, status, why);
    } else {
        const char *said = j->stations[node].said;
        job_send_channel_ended(j, node, status, status > 0 && said ? said : why->msg);
    }
}

// --- Phases --------------------------------------------------------------------------------------

static bool is_pending(enum deploy_state state)
{
    switch (state) {
    case DEPLOY_CONNECTING:
    case DEPLOY_ASKED:
    case DEPLOY_PREPARING:
    case DEPLOY_RECEIVING:
    case DEPLOY_CHECKING:
    case DEPLOY_SWITCHING:
        return true;
    default:
        return false;
    }
}

static int give_up(struct job *j)
{
    j->stopped = true;
    j->phase = PHASE_END;
    return -1;
}

static bool some_failed(const struct job *j)
{
    return count(j, DEPLOY_FAILED) > 0 && (!j->o->partial || count(j, DEPLOY_FAILED) == j->n);
}

// Not all locks were free: those that we have are given back, so that two deploys do not wait
// for each other for ever, and all are tried again a little later.
static void wait_for_locks(struct job *j)
{
    double now = clock_seconds();
    unsigned char random = 0;
    if (j->paused_until == 0) {
        (void)!getrandom(&random, 1, 0);
        command_all(j, DEPLOY_CONNECTED, DEPLOY_WAITING, "unlock");
        command_all(j, DEPLOY_SHARED, DEPLOY_WAITING, "unlock");
        j->paused_until = now + wait_seconds + random / 256.0;
    } else if (now > j->paused_until) {
        j->paused_until = 0;
        command_all(j, DEPLOY_WAITING, DEPLOY_CONNECTING, "lock");
    }
}

// A board that is in no state to be switched, whatever happened to it, counts as failed.
static void fail_strays(struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        enum deploy_state state = j->boards[i].state;
        if (state != DEPLOY_READY && state != DEPLOY_DONE && state != DEPLOY_SHARED &&
            state != DEPLOY_FAILED) {
            job_fail(j, i, ERR_FAILED, "release missing (%s)", deploy_state_name(state));
        }
    }
}

static void begin_switch(struct job *j)
{
    j->phase = PHASE_SWITCH;
    j->result->switched = true;
    for (size_t i = 0; i < j->n; i++) {
        if (j->boards[i].state == DEPLOY_READY) {
            job_switch(j, i);
            j->boards[i].state = DEPLOY_SWITCHING;
        }
    }
}

// The release that the first board that can go back had before its current one.
static void choose_previous(struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        const struct deploy_board *b = &j->boards[i];
        for (size_t k = b->n_history; k > 0 && j->id[0] == '\0'; k--) {
            const char *id = b->history[k - 1].id;
            if (strcmp(id, b->current) != 0 && strv_has(&b->releases, id)) {
                memcpy(j->id, id, sizeof(j->id));
            }
        }
    }
}

static int find_wanted(struct job *j, struct err *err)
{
    for (size_t i = 0; i < j->n; i++) {
        for (size_t k = 0; k < j->boards[i].releases.n; k++) {
            const char *id = j->boards[i].releases.items[k];
            if (!str_starts(id, j->wanted) || strcmp(id, j->id) == 0) {
                continue;
            }
            if (j->id[0]) {
                return err_set(err, ERR_USAGE, "several releases begin with `%s`", j->wanted);
            }
            memcpy(j->id, id, sizeof(j->id));
        }
    }
    return 0;
}

static int begin_rollback(struct job *j, struct err *err)
{
    if (j->wanted && find_wanted(j, err) != 0) {
        return give_up(j);
    }
    if (!j->wanted) {
        choose_previous(j);
    }
    if (j->id[0] == '\0') {
        err_set(err, ERR_NOT_FOUND, j->wanted ? "no board has a release `%s`" : "%s",
                j->wanted ? j->wanted : "there is no earlier release to go back to");
        err_hint(err, "`pisdk deploy --list` shows the releases");
        return give_up(j);
    }
    for (size_t i = 0; i < j->n; i++) {
        struct deploy_board *b = &j->boards[i];
        if (b->state == DEPLOY_ANSWERED && strv_has(&b->releases, j->id)) {
            job_inspect(j, i, j->id);
        } else if (b->state == DEPLOY_ANSWERED) {
            job_fail(j, i, ERR_NOT_FOUND, "it does not have release %s", j->id);
        }
    }
    j->phase = PHASE_INSPECT;
    return some_failed(j) ? give_up(j) : 0;
}

// All boards that answer are ours now.
static void after_lock(struct job *j)
{
    if (j->goal == JOB_REMOVE) {
        j->phase = PHASE_SWITCH;
        command_all(j, DEPLOY_CONNECTED, DEPLOY_SWITCHING, "undeploy");
        return;
    }
    j->phase = PHASE_FACTS;
    for (size_t i = 0; i < j->n; i++) {
        if (j->boards[i].state == DEPLOY_CONNECTED) {
            job_ask(j, i);
        }
    }
}

static int after_check(struct job *j, struct err *err)
{
    if (job_check_compare(j, err) != 0) {
        return give_up(j);
    }
    j->phase = PHASE_SEND;
    return job_send_begin(j, err) == 0 ? 0 : give_up(j);
}

// Everybody has answered: what comes next.
static int next_phase(struct job *j, struct err *err)
{
    switch (j->phase) {
    case PHASE_LOCK:
        if (some_failed(j)) {
            return give_up(j);
        }
        if (count(j, DEPLOY_WAITING) > 0) {
            wait_for_locks(j);
        } else {
            after_lock(j);
        }
        return 0;
    case PHASE_FACTS:
        if (j->goal == JOB_ROLLBACK) {
            return begin_rollback(j, err);
        }
        if (j->goal == JOB_LIST || j->goal == JOB_VERIFY) {
            j->phase = PHASE_END;
            return 0;
        }
        if (some_failed(j)) {
            return give_up(j);
        }
        if (job_check_next(j)) {
            j->phase = PHASE_CHECK;
            return 0;
        }
        return after_check(j, err);
    case PHASE_CHECK:
        if (some_failed(j)) {
            return give_up(j);
        }
        return job_check_next(j) ? 0 : after_check(j, err);
    case PHASE_INSPECT:
    case PHASE_SEND:
        fail_strays(j);
        if (some_failed(j)) {
            return give_up(j);
        }
        begin_switch(j);
        return 0;
    default:
        j->phase = PHASE_END;
        return 0;
    }
}

static bool step(void *user)
{
    struct job *j = user;
    while (j->phase != PHASE_END) {
        bool pending = false;
        for (size_t i = 0; i < j->n; i++) {
            pending = pending || is_pending(j->boards[i].state);
        }
        if (pending) {
            return false;
        }
        double paused = j->paused_until;
        struct err err = ERR_INIT;
        if (next_phase(j, &err) != 0) {
            j->err = err;
        }
        if (j->paused_until != 0 && j->paused_until == paused) {
            return false; // until the pause is over
        }
    }
    return true;
}

static void on_tick(void *user)
{
    struct job *j = user;
    double now = clock_seconds();
    for (size_t i = 0; i < j->n; i++) {
        if (fleet_is_open(j->fleet, i) && now - j->stations[i].heard > silence_seconds) {
            fleet_kill(j->fleet, i);
        }
    }
    if (now - j->beaten > beat_seconds) {
        j->beaten = now;
        for (size_t i = 0; i < j->n; i++) {
            job_command(j, i, "beat");
        }
    }
    if (j->phase == PHASE_SEND) {
        job_send_tick(j);
    }
    if (j->o->on_progress && now - j->shown > show_seconds) {
        j->shown = now;
        j->o->on_progress(j->o->user, j->boards, j->n);
    }
}

// --- The whole -----------------------------------------------------------------------------------

static int read_scripts(struct job *j, struct err *err)
{
    _cleanup_strbuf_ struct strbuf pieces = {0};
    _cleanup_strbuf_ struct strbuf abi = {0};
    _cleanup_strbuf_ struct strbuf deploy = {0};
    _cleanup_strbuf_ struct strbuf receive = {0};
    if (fleet_read_script(j->o->scripts, "pieces.sh", &pieces, err) != 0 ||
        fleet_read_script(j->o->scripts, "abi.sh", &abi, err) != 0 ||
        fleet_read_script(j->o->scripts, "deploy.sh", &deploy, err) != 0 ||
        fleet_read_script(j->o->scripts, "receive.sh", &receive, err) != 0) {
        return -1;
    }
    strbuf_addf(&j->script, "%s%s%s", pieces.data, abi.data, deploy.data);
    strbuf_adds(&pieces, receive.data);
    strbuf_adds(&j->receiver, "receiver");
    fleet_encode_word(pieces.data, &j->receiver);
    strbuf_adds(&j->receiver, "\n");
    return 0;
}

static void init(struct job *j, struct deploy_result *out)
{
    const struct remotes *nodes = j->o->nodes;
    j->n = nodes->n;
    str_unique(j->token);
    j->result = out;
    j->boards = xcalloc(j->n + 1, sizeof(*j->boards));
    j->stations = xcalloc(j->n + 1, sizeof(*j->stations));
    j->wide = (struct remotes){.items = xcalloc(2 * j->n + 1, sizeof(*nodes->items)),
                               .n = 2 * j->n,
                               .ssh_config = nodes->ssh_config,
                               .folder = nodes->folder,
                               .login_timeout = nodes->login_timeout,
                               .at_once = nodes->at_once};
    for (size_t i = 0; i < j->n; i++) {
        j->stations[i].channel = transfer_nobody;
        j->stations[i].by = xcalloc(j->n + 1, sizeof(*j->stations[i].by));
        j->boards[i].name = nodes->items[i].name;
        j->wide.items[i] = j->wide.items[j->n + i] = nodes->items[i];
    }
    const struct fleet_handlers handlers = {
        .user = j, .on_line = job_on_line, .on_end = on_end, .on_tick = on_tick, .log = j->o->log};
    j->fleet = fleet_new(&j->wide, &handlers);
}

static bool has_waited(void *user)
{
    const struct job *j = user;
    return clock_seconds() > j->parted + farewell_seconds;
}

// Says good-bye, so that locks are given back before this returns. A board that is still removing
// what is old goes on with that by itself.
static void part(struct job *j)
{
    struct err ignored = ERR_INIT;
    j->phase = PHASE_END;
    j->parted = clock_seconds();
    for (size_t i = 0; i < 2 * j->n; i++) {
        if (j->stopped && i < j->n && j->boards[i].state == DEPLOY_CONNECTING) {
            fleet_kill(j->fleet, i);
        }
        if (i >= j->n) {
            fleet_kill(j->fleet, i);
        }
        fleet_close_input(j->fleet, i);
    }
    (void)!fleet_serve(j->fleet, has_waited, &ignored);
}

static int conclude(const struct job *j, struct err *err)
{
    size_t failed = count(j, DEPLOY_FAILED);
    if (j->err.code) {
        *err = j->err;
        return -1;
    }
    if (failed == 0) {
        return 0;
    }
    err_set(err, ERR_NODES, "%zu of %zu board%s failed", failed, j->n, j->n == 1 ? "" : "s");
    return -1;
}

static int run_phases(struct job *j, struct deploy_result *out, struct err *err)
{
    *out = (struct deploy_result){0};
    if (j->o->nodes->n == 0) {
        return err_set(err, ERR_NOT_FOUND, "no boards");
    }
    init(j, out);
    int r = read_scripts(j, err);
    for (size_t i = 0; r == 0 && i < j->n; i++) {
        connect_board(j, i);
    }
    r = r == 0 ? fleet_serve(j->fleet, step, err) : r;
    if (r == 0) {
        part(j);
        r = conclude(j, err);
    }
    job_send_release(j);
    fleet_free(j->fleet);
    memcpy(out->id, j->id, sizeof(out->id));
    out->boards = j->boards;
    out->n = j->n;
    for (size_t i = 0; i < j->n; i++) {
        free(j->stations[i].key);
        free(j->stations[i].said);
        free(j->stations[i].place);
        free(j->stations[i].had);
        free(j->stations[i].by);
        strbuf_release(&j->stations[i].answer);
    }
    free(j->stations);
    free(j->wide.items);
    strv_release(&j->lost_bases);
    strbuf_release(&j->script);
    strbuf_release(&j->receiver);
    return r;
}

int deploy_release(const struct deploy_options *o, const struct payload *release,
                   struct deploy_result *out, struct err *err)
{
    struct job j = {.o = o, .release = release, .goal = JOB_RELEASE};
    memcpy(j.id, release->id, sizeof(j.id));
    return run_phases(&j, out, err);
}

int deploy_rollback(const struct deploy_options *o, const char *id, struct deploy_result *out,
                    struct err *err)
{
    struct job j = {.o = o, .goal = JOB_ROLLBACK, .wanted = id};
    return run_phases(&j, out, err);
}

int deploy_remove(const struct deploy_options *o, struct deploy_result *out, struct err *err)
{
    struct job j = {.o = o, .goal = JOB_REMOVE};
    return run_phases(&j, out, err);
}

int deploy_verify(const struct deploy_options *o, struct deploy_result *out, struct err *err)
{
    struct job j = {.o = o, .goal = JOB_VERIFY};
    return run_phases(&j, out, err);
}

int deploy_list(const struct deploy_options *o, struct deploy_result *out, struct err *err)
{
    struct job j = {.o = o, .goal = JOB_LIST};
    return run_phases(&j, out, err);
}

void deploy_result_release(struct deploy_result *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct deploy_board *b = &r->boards[i];
        strv_release(&b->releases);
        strv_release(&b->networks);
        strv_release(&b->differences);
        free(b->from);
        free(b->address);
        for (size_t k = 0; k < b->n_history; k++) {
            free(b->history[k].at);
            free(b->history[k].who);
        }
        free(b->history);
    }
    free(r->boards);
    *r = (struct deploy_result){0};
}
