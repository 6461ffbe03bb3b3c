// SPDX-License-Identifier: MIT
#include "run/boards.h"

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
#include "remote/mpi_error.h"
#include "run/session.h"
#include "workspace/node_choice.h"

enum {
    SSH_FAILED = 255,
    CHUNK = 1 << 14,
    LINE_MAX_BYTES = 1 << 14,
    STACKS_MAX = 4096,
    FRAMES_MAX = 100
};

static const double grace_seconds = 2;    // between SIGTERM and SIGKILL
static const double patience_seconds = 5; // after Ctrl-C, for the program to end by itself
static const double stacks_seconds = 8;   // for gdb on the boards
static const double farewell_seconds = 3; // for what is left on the boards, and the last output

// One run, and what goes on in it.
struct running {
    const struct boards_run *r;
    struct session session;
    struct fleet *boards; // a session each
    struct remotes nodes; // those that take part
    bool *ready, *gone;
    struct strv addresses; // of the others, as the first board knows them
    char id[STR_UNIQUE + 1];
    bool started;
    pid_t ssh;  // the one that has our streams; 0: it has ended
    int errors; // its standard error; -1: closed
    int status; // its status
    bool known; // the board has told the program's own one
    bool asked;
    bool forced;        // it did not end by itself
    bool swept;         // and what was left is being ended
    double kill_at;     // or 0
    double give_up_at;  // or 0
    struct strbuf line; // of mpirun's, so far
    const struct mpi_error *told;
    bool *answered;      // about where its ranks are
    double stacks_until; // 0: nobody was asked; -1: that is over
    int held;            // the signal that is passed on then
    struct board_stack *stacks;
    size_t n_stacks;
    struct err why; // a board that went away
};

// --- What the first board gets -------------------------------------------------------------------

// A word for the shell. In our own ones, {dir} is the run's folder, and {run} its name.
static void add_word(struct strbuf *out, const char *id, const char *word, bool own)
{
    const struct str_pair pairs[] = {{"'", "'\\''"}, {"{dir}", "'\"$dir\"'"}, {"{run}", id}};
    _cleanup_free_ char *text = str_expand(word, pairs, own ? ARRAY_SIZE(pairs) : 1);
    strbuf_addf(out, " '%s'", text);
}

// The file "start", see start.sh.
static void make_start(const struct running *s, struct strbuf *out)
{
    const struct boards_run *r = s->r;
    _cleanup_strv_ struct strv more = {0};
    if (r->add_words) {
        r->add_words(r->user, &s->addresses, &more);
    }
    strbuf_adds(out, "set --");
    for (size_t i = 0; i <= r->words->n; i++) {
        for (size_t k = 0; i == r->own_words && k < more.n; k++) {
            add_word(out, s->id, more.items[k], true);
        }
        if (i < r->words->n) {
            add_word(out, s->id, r->words->items[i], i < r->own_words);
        }
    }
    strbuf_adds(out, "\n");
}

static void send(struct running *s, size_t node, const char *command)
{
    if (!s->gone[node]) {
        fleet_send(s->boards, node, command);
    }
}

static void send_all(struct running *s, const char *command)
{
    for (size_t i = 0; i < s->nodes.n; i++) {
        send(s, i, command);
    }
}

// All boards are there: now it begins.
static void begin_program(struct running *s)
{
    _cleanup_strbuf_ struct strbuf start = {0};
    _cleanup_strbuf_ struct strbuf line = {0};
    strbuf_adds(&line, "put hosts");
    fleet_encode_word(s->r->hosts, &line);
    if (s->r->kernel) {
        strbuf_adds(&line, "\nput kernel.json");
        fleet_encode_word(s->r->kernel, &line);
    }
    strbuf_adds(&line, "\nput start");
    make_start(s, &start);
    fleet_encode_word(start.data, &line);
    strbuf_adds(&line, "\n");
    send(s, 0, line.data);
    s->started = true;
    session_limit(&s->session, s->r->timeout);
}

// The login of the program waits until it may begin. Its login may be slow, as may the others'.
static int start_ssh(struct running *s, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strv_ struct strv argv = {0};
    if (nodes_read_script(s->r->w, "start.sh", &script, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *quoted = str_quoted(script.data);
    fleet_ssh_argv(&s->nodes, &s->nodes.items[0], &words);
    strv_add(&argv, words.items[0]);
    strv_add_all(&argv, s->r->ssh->items);
    strv_add_all(&argv, words.items + 1);
    strv_addf(&argv, "exec /bin/sh -c %s sh %s %s", quoted, s->r->w->project->name, s->id);
    s->ssh = proc_start_deaf(argv.items, &s->errors, err);
    return s->ssh > 0 ? 0 : -1;
}

// --- How it is ended -----------------------------------------------------------------------------

// Everything that can be reached ends now, and is not waited for longer than a moment.
static void end_everything(struct running *s)
{
    s->forced = true;
    if (!s->swept) {
        s->swept = true;
        s->give_up_at = clock_seconds() + farewell_seconds;
        send(s, 0, "signal KILL\n");
        send_all(s, "sweep\n");
    }
}

static void lose_board(struct running *s, size_t node, const struct err *why)
{
    const char *name = s->nodes.items[node].name;
    s->gone[node] = true;
    if (s->why.code != ERR_NONE || (s->ssh == 0 && s->known)) {
        return; // the first one counts; and nothing does after the end
    }
    err_set(&s->why, ERR_NODES, s->started ? "%s went away during the run: %s" : "%s: %s", name,
            why->msg);
    if (why->hint[0]) {
        err_hint(&s->why, "%s", why->hint);
    }
    if (s->started) {
        log_warning(s->r->w->log, "%s: %s; the run is ended on all other boards", name, why->msg);
        send(s, 0, "signal TERM\n");
        s->kill_at = clock_seconds() + (node == 0 ? 0 : grace_seconds);
    } else {
        end_everything(s);
    }
    s->forced = true;
}

// --- Where ranks are -----------------------------------------------------------------------------

// Asks for it once, before the program is told `sig`. False: it is not asked for.
static bool ask_for_stacks(struct running *s, int sig)
{
    if (!s->r->on_stacks || s->stacks_until != 0 || !s->started) {
        return false;
    }
    _cleanup_strbuf_ struct strbuf command = {0};
    strbuf_adds(&command, "stacks");
    fleet_encode_word(s->r->program, &command);
    strbuf_adds(&command, "\n");
    send_all(s, command.data);
    s->stacks_until = clock_seconds() + stacks_seconds;
    s->held = sig;
    return true;
}

static bool all_have_answered(const struct running *s)
{
    for (size_t i = 0; i < s->nodes.n; i++) {
        if (!s->answered[i] && !s->gone[i]) {
            return false;
        }
    }
    return true;
}

static struct board_stack *find_stack(struct running *s, int rank)
{
    for (size_t i = 0; i < s->n_stacks; i++) {
        if (s->stacks[i].rank == rank) {
            return &s->stacks[i];
        }
    }
    if (s->n_stacks >= STACKS_MAX) {
        return NULL;
    }
    VEC_GROW(s->stacks, s->n_stacks);
    s->stacks[s->n_stacks] = (struct board_stack){.rank = rank};
    return &s->stacks[s->n_stacks++];
}

// ":base RANK HEX" and ":frame RANK #0  0x… in …"
static void add_frame(struct running *s, const char *line, bool base)
{
    char *end;
    long rank = strtol(line, &end, 10);
    struct board_stack *stack =
        end != line && rank >= 0 && rank < STACKS_MAX ? find_stack(s, (int)rank) : NULL;
    end += strspn(end, " ");
    if (stack && base) {
        stack->base = strtoul(end, NULL, 16);
    } else if (stack && stack->lines.n < FRAMES_MAX) {
        strv_add(&stack->lines, end);
    }
}

// --- What comes ----------------------------------------------------------------------------------

static bool all_are_ready(const struct running *s)
{
    for (size_t i = 0; i < s->nodes.n; i++) {
        if (!s->ready[i]) {
            return false;
        }
    }
    return true;
}

static void on_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    static const char status[] = ":status ";
    static const char peer[] = ":peer ";
    struct running *s = user;
    if (stream == FLEET_ERRORS) {
        log_debug(s->r->w->log, "%s: %s", s->nodes.items[node].name, line);
    } else if (strcmp(line, ":ready") == 0) {
        s->ready[node] = true;
        if (all_are_ready(s) && !s->started && !s->forced) {
            begin_program(s);
        }
    } else if (str_starts(line, ":base ") || str_starts(line, ":frame ")) {
        add_frame(s, strchr(line, ' ') + 1, line[1] == 'b');
    } else if (strcmp(line, ":stacked") == 0 || strcmp(line, ":nostacks") == 0) {
        s->answered[node] = true;
    } else if (node == 0 && str_starts(line, status)) {
        s->status = (int)strtol(line + strlen(status), NULL, 10);
        s->known = true;
    } else if (node == 0 && str_starts(line, peer) &&
               !strv_has(&s->addresses, line + strlen(peer))) {
        strv_add(&s->addresses, line + strlen(peer));
    }
}

static void on_end(void *user, size_t node, int status, const struct err *why)
{
    struct running *s = user;
    struct err own = ERR_INIT;
    if (status >= 0) {
        err_set(&own, ERR_NODES, "its shell ended with status %d", status);
        why = &own;
    }
    lose_board(s, node, why);
}

static void pass_on(struct running *s, int sig)
{
    static const struct {
        int sig;
        const char *command;
    } known[] = {{SIGINT, "signal INT\n"},   {SIGTERM, "signal TERM\n"},
                 {SIGHUP, "signal HUP\n"},   {SIGQUIT, "signal QUIT\n"},
                 {SIGUSR1, "signal USR1\n"}, {SIGUSR2, "signal USR2\n"}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (known[i].sig == sig) {
            send(s, 0, known[i].command);
        }
    }
}

static void on_signal(void *user, int sig)
{
    struct running *s = user;
    if (sig != SIGINT || !ask_for_stacks(s, sig)) {
        pass_on(s, sig);
    }
    if (sig == SIGUSR1 || sig == SIGUSR2) {
        return;
    }
    s->forced = true;
    if (!s->started || (sig == SIGINT && s->session.interrupted > 0)) {
        end_everything(s);
    } else if (s->kill_at == 0 && s->stacks_until <= 0) {
        s->kill_at = clock_seconds() + patience_seconds;
    }
}

static void on_late(void *user)
{
    struct running *s = user;
    s->forced = true;
    *s->r->timed_out = true;
    if (!ask_for_stacks(s, SIGTERM)) {
        s->kill_at = clock_seconds() + grace_seconds;
        pass_on(s, SIGTERM);
    }
}

static void on_beat(void *user)
{
    send_all(user, "beat\n");
}

// What has been waited for long enough.
static void watch_time(struct running *s)
{
    double now = clock_seconds();
    if (s->stacks_until > 0 && (now > s->stacks_until || all_have_answered(s))) {
        s->stacks_until = -1;
        s->kill_at = now + (s->held == SIGTERM ? grace_seconds : patience_seconds);
        pass_on(s, s->held);
    }
    if (s->kill_at > 0 && now > s->kill_at) {
        s->kill_at = 0;
        end_everything(s);
    }
    if (s->swept && s->ssh > 0 && now > s->give_up_at) {
        kill(s->ssh, SIGKILL);
    }
}

// --- What the program and mpirun say -------------------------------------------------------------

static void note_mpi_error(struct running *s, const char *line)
{
    const struct mpi_error *e = mpi_error_find(line);
    if (e && (!s->told || e->weight > s->told->weight)) {
        s->told = e;
    }
}

static void read_errors(struct running *s)
{
    char data[CHUNK];
    struct pollfd p = {.fd = s->errors, .events = POLLIN};
    while (s->errors >= 0 && poll(&p, 1, 0) > 0) {
        ssize_t n = read(s->errors, data, sizeof(data));
        if (n <= 0) {
            close(s->errors);
            s->errors = p.fd = -1;
            return;
        }
        (void)!fwrite(data, 1, (size_t)n, stderr);
        fflush(stderr);
        for (ssize_t i = 0; i < n; i++) {
            if (data[i] == '\n') {
                note_mpi_error(s, s->line.data ? s->line.data : "");
                s->line.len = 0;
                strbuf_adds(&s->line, "");
            } else if (data[i] && s->line.len < LINE_MAX_BYTES) {
                strbuf_add(&s->line, &data[i], 1);
            }
        }
    }
}

// Not of what we have ended ourselves: mpirun complains then.
static void tell_mpi_error(const struct running *s)
{
    if (s->told && !s->forced && s->status != 0) {
        log_warning(s->r->w->log, "%s", s->told->meaning);
        if (s->told->mend) {
            log_info(s->r->w->log, "hint: %s", s->told->mend);
        }
    }
}

// --- The whole -----------------------------------------------------------------------------------

static void on_tick(void *user)
{
    struct running *s = user;
    read_errors(s);
    session_tick(&s->session);
    watch_time(s);
}

// Has the program ended, and is its status known?
static bool is_over(void *user)
{
    struct running *s = user;
    int status;
    double now = clock_seconds();
    if (s->ssh > 0 && waitpid(s->ssh, &status, WNOHANG) == s->ssh) {
        s->ssh = 0;
        s->status = signals_status(status);
        s->known = s->started && s->status != SSH_FAILED; // which may be the program's as well
    }
    if (s->ssh > 0) {
        return false;
    }
    if (!s->known && s->started && !s->asked && !s->gone[0]) {
        s->asked = true;
        s->give_up_at = now + farewell_seconds;
        send(s, 0, "status\n");
    }
    return s->known || !s->started || s->gone[0] || now > s->give_up_at;
}

static bool is_gone(void *user)
{
    const struct running *s = user;
    return clock_seconds() > s->give_up_at;
}

// What is left of a run that did not end by itself is ended; then the sessions are. Boards that
// were lost are not waited for.
static void say_good_bye(struct running *s)
{
    struct err ignored = ERR_INIT;
    if (s->forced || !s->known) {
        send_all(s, "sweep\n");
    }
    send_all(s, "over\n");
    for (size_t i = 0; i < s->nodes.n; i++) {
        if (s->gone[i] || !s->ready[i]) {
            fleet_kill(s->boards, i);
        }
        s->gone[i] = true; // what comes now is not news
        fleet_close_input(s->boards, i);
    }
    s->give_up_at = clock_seconds() + farewell_seconds;
    (void)!fleet_serve(s->boards, is_gone, &ignored);
    read_errors(s);
}

static int begin(struct running *s, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};

    str_unique(s->id);
    if (nodes_read_script(s->r->w, "run.sh", &script, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < s->nodes.n; i++) {
        _cleanup_strv_ struct strv args = {0};
        strv_add_list(&args, s->r->w->project->name, s->id, i == 0 ? "first" : "other", NULL);
        for (size_t k = 1; i == 0 && k < s->nodes.n; k++) {
            strv_add(&args, s->nodes.items[k].peer);
        }
        if (fleet_start(s->boards, i, script.data, &args, err) != 0) {
            return -1;
        }
    }
    return start_ssh(s, err);
}

static void init(struct running *s, const struct boards_run *r)
{
    static const struct fleet_handlers calls = {
        .on_line = on_line, .on_end = on_end, .on_tick = on_tick};
    struct fleet_handlers handlers = calls;
    handlers.user = s;
    handlers.log = r->w->log;
    *s = (struct running){.r = r, .errors = -1, .nodes = *r->nodes};
    s->session =
        (struct session){.user = s, .on_signal = on_signal, .on_late = on_late, .on_beat = on_beat};
    s->nodes.n = r->alone ? 1 : r->nodes->n;
    s->ready = xcalloc(s->nodes.n + 1, sizeof(*s->ready));
    s->gone = xcalloc(s->nodes.n + 1, sizeof(*s->gone));
    s->answered = xcalloc(s->nodes.n + 1, sizeof(*s->answered));
    s->boards = fleet_new(&s->nodes, &handlers);
}

static void release(struct running *s)
{
    if (s->ssh > 0) {
        kill(s->ssh, SIGKILL);
        waitpid(s->ssh, NULL, 0);
    }
    if (s->errors >= 0) {
        close(s->errors);
    }
    fleet_free(s->boards);
    strv_release(&s->addresses);
    strbuf_release(&s->line);
    free(s->ready);
    free(s->gone);
    free(s->answered);
    for (size_t i = 0; i < s->n_stacks; i++) {
        strv_release(&s->stacks[i].lines);
    }
    free(s->stacks);
}

int boards_run(const struct boards_run *r, int *status, struct err *err)
{
    struct running s;

    init(&s, r);
    session_begin(&s.session);
    int result = begin(&s, err) == 0 ? session_serve(&s.session, s.boards, is_over, err) : -1;
    if (result == 0) {
        read_errors(&s);
        say_good_bye(&s);
        tell_mpi_error(&s);
        if (s.n_stacks > 0) {
            r->on_stacks(r->user, s.stacks, s.n_stacks);
        }
    }
    bool timed_out = r->timed_out && *r->timed_out;
    if (result == 0 && s.why.code != ERR_NONE) {
        *err = s.why;
        result = -1;
    } else if (result == 0 && !s.known && !timed_out && s.session.sig == 0) {
        result = err_set(err, ERR_NETWORK, "%s: the connection was lost", s.nodes.items[0].name);
    } else if (result == 0 && !s.known) {
        s.status = PROC_SIGNALED + s.session.sig;
    }
    *status = timed_out ? RUN_TIMED_OUT : s.status;
    release(&s);
    session_end(&s.session);
    return result;
}
