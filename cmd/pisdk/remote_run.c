#include "remote_run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/proc.h"
#include "node_choice.h"
#include "remote/fleet.h"

enum { SSH_FAILED = 255, TIMED_OUT = 124 };

static const double beat_seconds = 4;     // see run.sh
static const double grace_seconds = 2;    // between SIGTERM and SIGKILL
static const double farewell_seconds = 8; // until the board has seen to what is left

#define RUN_FOLDER "${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/"

// One run, and what goes on in it.
struct running {
    const struct remote_run *r;
    struct fleet *control;
    struct remotes first;
    char id[STR_UNIQUE + 1];
    pid_t ssh;  // the one that has our streams; 0: it has ended
    int status; // its status
    bool known; // the board has told the program's own one
    bool asked;
    bool lost;       // the connection for signals
    bool forced;     // it did not end by itself
    double deadline; // for the program, or 0
    double kill_at;  // or 0
    double beaten;
    double give_up_at;  // or 0
    double interrupted; // when Ctrl-C was typed last
    struct err why;
};

// --- What the board gets -------------------------------------------------------------------------

// A word for the shell. In our own ones, {dir} is the run's folder, and {run} its name.
static void add_word(struct strbuf *out, const char *id, const char *word, bool own)
{
    static const char dir[] = "{dir}";
    static const char run[] = "{run}";
    strbuf_adds(out, " '");
    while (*word) {
        if (own && str_starts(word, dir)) {
            strbuf_adds(out, "'\"$dir\"'");
            word += strlen(dir);
        } else if (own && str_starts(word, run)) {
            strbuf_adds(out, id);
            word += strlen(run);
        } else {
            strbuf_addf(out, *word == '\'' ? "'\\''" : "%c", *word);
            word++;
        }
    }
    strbuf_adds(out, "'");
}

static void make_start(const struct running *s, struct strbuf *out)
{
    strbuf_addf(out, "dir=" RUN_FOLDER "%s/run-%s\n", s->r->project, s->id);
    strbuf_addf(out,
                "cd \"${dir%%/*}/work\" || exit 126\n"
                "export PISDK_RUN=%s\n"
                "sh -c 'echo $$ >\"$0/pid\"; exec \"$@\"' \"$dir\"",
                s->id);
    for (size_t i = 0; i < s->r->words->n; i++) {
        add_word(out, s->id, s->r->words->items[i], i < s->r->own_words);
    }
    strbuf_adds(out, "\ns=$?\necho $s 2>/dev/null >\"$dir/status\"\nexit $s\n");
}

static void send_files(struct running *s)
{
    _cleanup_strbuf_ struct strbuf start = {0};
    _cleanup_strbuf_ struct strbuf line = {0};
    strbuf_adds(&line, "put hosts '");
    fleet_encode(s->r->hosts, &line);
    strbuf_adds(&line, "'\nput start '");
    make_start(s, &start);
    fleet_encode(start.data, &line);
    strbuf_adds(&line, "'\n");
    fleet_send(s->control, 0, line.data);
}

static int start_ssh(struct running *s, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    fleet_ssh_argv(s->r->nodes, &s->first.items[0], &argv);
    strv_addf(
        &argv,
        "exec /bin/sh -c 'd=" RUN_FOLDER "%s/run-%s; n=0; until [ -e \"$d/start\" ]; do "
        "n=$((n + 1)); [ $n -lt 300 ] || exit 125; sleep 0.1; done; exec /bin/sh \"$d/start\"'",
        s->r->project, s->id);
    s->ssh = proc_start_deaf(argv.items, err);
    return s->ssh > 0 ? 0 : -1;
}

// --- What comes ----------------------------------------------------------------------------------

static void on_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    struct running *s = user;
    (void)node;
    if (stream == FLEET_ERRORS) {
        log_debug(&s->r->app->log, "%s: %s", s->first.items[0].name, line);
    } else if (str_starts(line, ":status ")) {
        s->status = (int)strtol(line + strlen(":status "), NULL, 10);
        s->known = true;
    } else if (strcmp(line, ":none") == 0) {
        s->lost = true;
    }
}

static void on_end(void *user, size_t node, int status, const struct err *why)
{
    struct running *s = user;
    (void)node;
    (void)status;
    s->lost = true;
    s->why = *why;
}

static void send(struct running *s, const char *command)
{
    fleet_send(s->control, 0, command);
}

static void on_signal(struct running *s, int sig)
{
    static const struct {
        int sig;
        const char *command;
    } known[] = {{SIGINT, "signal INT\n"},   {SIGTERM, "signal TERM\n"},
                 {SIGHUP, "signal HUP\n"},   {SIGQUIT, "signal QUIT\n"},
                 {SIGUSR1, "signal USR1\n"}, {SIGUSR2, "signal USR2\n"}};
    double now = clock_seconds();
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (known[i].sig == sig) {
            send(s, known[i].command);
        }
    }
    if (sig != SIGUSR1 && sig != SIGUSR2) {
        s->forced = true;
    }
    if (sig == SIGINT && now - s->interrupted < 1) {
        send(s, "signal KILL; sweep\n");
    }
    s->interrupted = sig == SIGINT ? now : s->interrupted;
}

static void take_signals(struct running *s)
{
    static const struct timespec now = {0};
    sigset_t set;
    proc_forwarded_signals(&set);
    for (;;) {
        int sig = sigtimedwait(&set, NULL, &now);
        if (sig <= 0) {
            return;
        }
        on_signal(s, sig);
    }
}

static void watch_time(struct running *s, double now)
{
    if (s->deadline > 0 && now > s->deadline) {
        s->deadline = 0;
        s->kill_at = now + grace_seconds;
        s->forced = true;
        *s->r->timed_out = true;
        send(s, "signal TERM\n");
    }
    if (s->kill_at > 0 && now > s->kill_at) {
        s->kill_at = 0;
        send(s, "signal KILL; sweep\n");
    }
}

static void on_tick(void *user)
{
    struct running *s = user;
    double now = clock_seconds();
    take_signals(s);
    watch_time(s, now);
    if (now - s->beaten > beat_seconds) {
        s->beaten = now;
        send(s, "beat\n");
    }
}

// Has the program ended, and is its status known?
static bool is_over(void *user)
{
    struct running *s = user;
    int status;
    double now = clock_seconds();
    if (s->ssh > 0 && waitpid(s->ssh, &status, WNOHANG) == s->ssh) {
        s->ssh = 0;
        s->status = proc_status(status);
        s->known = s->status != SSH_FAILED; // that may be the program's as well as ssh's
    }
    if (s->ssh > 0 && s->lost) { // it can be neither asked nor told any more
        s->give_up_at = s->give_up_at > 0 ? s->give_up_at : now + farewell_seconds;
        if (now > s->give_up_at) {
            kill(s->ssh, SIGKILL);
        }
        return false;
    }
    if (s->ssh == 0 && !s->known && !s->lost && !s->asked) {
        s->asked = true;
        s->give_up_at = now + farewell_seconds;
        send(s, "status\n");
    }
    return s->ssh == 0 && (s->known || s->lost || now > s->give_up_at);
}

// --- The whole -----------------------------------------------------------------------------------

// After a run that did not end by itself, nothing of it may be left on the other boards.
static void sweep_others(const struct running *s)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_strv_ struct strv args = {0};
    struct err ignored = ERR_INIT;
    struct fleet_answer *answers = xcalloc(s->r->nodes->n, sizeof(*answers));

    strv_add(&args, s->id);
    if (nodes_read_script(s->r->app, "sweep.sh", &script, &ignored) == 0 &&
        fleet_ask(s->r->nodes, script.data, &args, answers, &ignored) == 0) {
        fleet_answers_release(answers, s->r->nodes->n);
    }
    free(answers);
}

static bool is_gone(void *user)
{
    const struct running *s = user;
    return clock_seconds() > s->give_up_at;
}

static int serve(struct running *s, struct err *err)
{
    while (fleet_serve(s->control, is_over, err) != 0) {
        if (err->code != ERR_INTERRUPTED) {
            return -1;
        }
        err_clear(err);
        take_signals(s);
    }
    return 0;
}

static void say_good_bye(struct running *s)
{
    struct err ignored = ERR_INIT;
    s->give_up_at = clock_seconds() + farewell_seconds;
    fleet_close_input(s->control, 0);
    (void)!fleet_serve(s->control, is_gone, &ignored);
}

static int begin(struct running *s, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_strv_ struct strv args = {0};
    const struct remotes *nodes = s->r->nodes;

    str_unique(s->id);
    strv_add_list(&args, s->r->project, s->id, NULL);
    for (size_t i = 1; i < nodes->n; i++) {
        strv_add(&args, nodes->items[i].peer);
    }
    if (nodes_read_script(s->r->app, "run.sh", &script, err) != 0 ||
        fleet_start(s->control, 0, script.data, &args, err) != 0) {
        return -1;
    }
    send_files(s);
    s->beaten = clock_seconds();
    s->deadline = s->r->timeout > 0 ? clock_seconds() + s->r->timeout : 0;
    return start_ssh(s, err);
}

int remote_run(const struct remote_run *r, int *status, struct err *err)
{
    struct running s = {.r = r};
    const struct fleet_handlers handlers = {
        .user = &s, .on_line = on_line, .on_end = on_end, .on_tick = on_tick};
    sigset_t set;
    sigset_t saved;

    s.first = (struct remotes){.items = r->nodes->items,
                               .n = 1,
                               .ssh_config = r->nodes->ssh_config,
                               .folder = r->nodes->folder};
    proc_forwarded_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, &saved);
    s.control = fleet_new(&s.first, &handlers);
    int result = begin(&s, err) == 0 ? serve(&s, err) : -1;
    if (result == 0) {
        say_good_bye(&s);
    }
    if (s.ssh > 0) {
        kill(s.ssh, SIGKILL);
        waitpid(s.ssh, NULL, 0);
    }
    fleet_free(s.control);
    if (result == 0 && !s.known) {
        *err = s.why;
        if (err->code == ERR_NONE) {
            err_set(err, ERR_NETWORK, "the connection was lost");
        }
        result = err_wrap(err, "%s", s.first.items[0].name);
    }
    if (s.forced || result != 0) {
        sweep_others(&s);
    }
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    *status = r->timed_out && *r->timed_out ? TIMED_OUT : s.status;
    return result;
}
