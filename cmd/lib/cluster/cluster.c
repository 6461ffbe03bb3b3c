#include "cluster/cluster.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/supervise.h"
#include "cluster/identity.h"
#include "cluster/supervisor.h"
#include "cluster/wire.h"
#include "sandbox/namespace.h"
#include "sandbox/ranks.h"
#include "sandbox/sandbox.h"

#define SETTINGS "settings"

enum { DOWN_SECONDS = 20 };

bool cluster_name_is_valid(const char *name)
{
    size_t n = strlen(name);
    bool valid = n > 0 && n <= CLUSTER_NAME_MAX && name[0] != '.' && name[0] != '-';
    for (const char *p = name; *p; p++) {
        valid = valid && (isalnum((unsigned char)*p) || strchr("._-", *p)) && isascii(*p);
    }
    return valid;
}

// What later commands want to know.
static int write_settings(const struct cluster_options *o, const char *dir, struct err *err)
{
    _cleanup_free_ char *path = fs_join(dir, SETTINGS);
    _cleanup_strbuf_ struct strbuf text = {0};

    strbuf_addf(&text, "boards %zu\ncores %ld\n", o->boards, o->board->cores);
    for (size_t i = 0; i < o->visible->n; i++) {
        strbuf_addf(&text, "shown %s\n", o->visible->items[i]);
    }
    return fs_write_file(path, text.data, text.len, 0600, err);
}

static int read_settings(struct cluster *c, struct err *err)
{
    enum { SETTINGS_MAX = 1 << 20 };
    _cleanup_free_ char *path = fs_join(c->dir, SETTINGS);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;
    struct slice key;

    if (fs_read_file(path, SETTINGS_MAX, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        if (!slice_cut(&line, ' ', &key)) {
            continue;
        }
        char *value = slice_dup(line);
        if (slice_is(key, "boards")) {
            c->boards = strtoul(value, NULL, 10);
        } else if (slice_is(key, "cores")) {
            c->cores = strtol(value, NULL, 10);
        } else if (slice_is(key, "shown")) {
            strv_add(&c->shown, value);
        }
        free(value);
    }
    return 0;
}

static void release_supervisor(struct supervisor *s)
{
    const int fds[] = {s->control, s->log};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(s->qemu);
    strv_release(&s->env);
    place_release(&s->place);
}

// All that can fail before a process is started.
static int prepare(struct supervisor *s, struct err *err)
{
    const struct cluster_options *o = s->o;

    s->qemu = sandbox_find_qemu(err);
    if (!s->qemu || namespace_check_qemu(s->qemu, err) != 0 ||
        place_claim(o->runtime, o->name, &s->place, err) != 0) {
        return -1;
    }
    if (mkdirat(s->place.fd, "log", 0700) != 0) {
        return err_sys(err, "cannot create a folder in %s", s->place.dir);
    }
    s->log = openat(s->place.fd, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->log < 0) {
        return err_sys(err, "cannot open the folder log in %s", s->place.dir);
    }
    sandbox_add_login("/bin/bash", &s->env);
    sandbox_add_board(o->board, false, &s->env);
    strv_add_all(&s->env, o->environment->items);
    s->control = place_listen(&s->place, err);
    if (s->control < 0 || write_settings(o, s->place.dir, err) != 0) {
        return -1;
    }
    return identity_make(o, s->place.dir, err);
}

static _Noreturn void become_supervisor(struct supervisor *s, uid_t uid, gid_t gid, int report,
                                        int life)
{
    struct err err = ERR_INIT;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    supervise_watch_parent(SIGKILL, life);
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
        dup2(null, i);
    }
    // Nothing of whoever called us stays: neither open files nor ignored signals.
    const int keep[] = {report, s->control, s->log, s->place.fd, s->place.lock};
    fs_close_all_but(keep, ARRAY_SIZE(keep));
    for (int sig = 1; sig < NSIG; sig++) {
        signal(sig, SIG_DFL);
    }
    if (namespace_map_user(0, uid, 0, gid, &err) != 0) {
        (void)!write(report, &err, sizeof(err));
        _exit(EXIT_FAILURE);
    }
    supervisor_main(s, report);
}

// Waits for the supervisor's report, or for somebody who wants us to stop.
static int wait_for_boards(int report, int signals, struct err *err)
{
    struct pollfd polled[] = {{.fd = report, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    struct err failure;

    while (poll(polled, ARRAY_SIZE(polled), -1) < 0) {
    }
    if (!polled[0].revents) {
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    }
    if (read(report, &failure, sizeof(failure)) != (ssize_t)sizeof(failure)) {
        err_set(err, ERR_FAILED, "the cluster's process was ended while it started");
        return err_hint(err, "is there enough memory? fewer boards: -n 16");
    }
    if (failure.code != ERR_NONE) {
        *err = failure;
        return -1;
    }
    return 0;
}

static int start(struct supervisor *s, int signals, struct err *err)
{
    int report[2];
    int life[2];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (pipe2(report, O_CLOEXEC) != 0 || pipe2(life, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    long flags = supervisor_flags() | SIGCHLD;
    pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
    if (pid == 0) {
        close(report[0]);
        close(life[1]);
        become_supervisor(s, uid, gid, report[1], life[0]);
    }
    close(report[1]);
    close(life[0]);
    int r = pid > 0 ? wait_for_boards(report[0], signals, err)
                    : namespace_unsupported(err, "cannot make the namespaces of a cluster");
    if (r != 0 && pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(report[0]);
    close(life[1]);
    return r;
}

int cluster_up(const struct cluster_options *o, struct err *err)
{
    struct supervisor s = {
        .o = o, .control = -1, .log = -1, .link = -1, .place = {.fd = -1, .lock = -1}};
    sigset_t stop;
    sigset_t saved;

    proc_forwarded_signals(&stop);
    sigprocmask(SIG_BLOCK, &stop, &saved);
    _cleanup_close_ int signals = signalfd(-1, &stop, SFD_CLOEXEC);
    int r = prepare(&s, err);
    r = r == 0 ? start(&s, signals, err) : r;
    if (r != 0 && s.place.dir) {
        place_remove(s.place.dir);
    }
    release_supervisor(&s);
    sigprocmask(SIG_SETMASK, &saved, NULL);
    return r;
}

int cluster_names(const char *runtime, struct strv *names, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(runtime, "cluster");
    _cleanup_strv_ struct strv all = {0};

    if (place_check_runtime(runtime, err) != 0) {
        return -1;
    }
    if (!fs_is_dir(folder)) {
        return 0;
    }
    if (fs_list_dir(folder, &all, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < all.n; i++) {
        _cleanup_free_ char *dir = fs_join(folder, all.items[i]);
        if (place_is_alive(dir)) {
            strv_add(names, all.items[i]);
        }
    }
    return 0;
}

int cluster_open(const char *runtime, const char *name, struct cluster *out, struct err *err)
{
    *out = (struct cluster){.name = xstrdup(name), .dir = place_path(runtime, name)};
    if (place_check_runtime(runtime, err) != 0) {
        cluster_release(out);
        return -1;
    }
    if (cluster_name_is_valid(name) && place_is_alive(out->dir)) {
        return read_settings(out, err) == 0 ? 0 : err_wrap(err, "cluster `%s`", name);
    }
    cluster_release(out);
    err_set(err, ERR_NOT_FOUND, "there is no cluster `%s`", name);
    return err_hint(err, "pisdk cluster up -n 4");
}

void cluster_release(struct cluster *c)
{
    free(c->name);
    free(c->dir);
    strv_release(&c->shown);
    *c = (struct cluster){0};
}

// Sends a request; the answer is still to be read from the socket, which is the caller's.
static int ask(const struct cluster *c, const struct strv *words, struct err *err)
{
    _cleanup_close_ int fd = place_connect(c->dir, err);
    if (fd < 0 || wire_send(fd, words, NULL, 0, err) != 0) {
        return -1;
    }
    return TAKE_FD(fd);
}

int cluster_down(struct cluster *c, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    struct wire answer;

    strv_add(&words, "down");
    // One that does not answer is ending already, or somebody else ended it.
    _cleanup_close_ int fd = ask(c, &words, err);
    if (fd >= 0 && wire_expect(fd, "done", &answer, err) == 0) {
        wire_release(&answer);
    }
    return place_wait_gone(c->dir, DOWN_SECONDS)
               ? 0
               : err_set(err, ERR_FAILED, "cluster `%s` does not end", c->name);
}

static unsigned long long number(const struct wire *w, size_t i)
{
    return strtoull(w->words.items[i], NULL, 10);
}

static int take_board(struct cluster_status *out, const struct wire *w, struct err *err)
{
    enum { NAME = 1, ADDRESS, STATE, PROCESSES, MEMORY, STORAGE, RATE, WORDS };
    char *const *words = w->words.items;

    if (wire_is_error(w)) {
        return wire_take_error(w, err);
    }
    if (w->words.n != WORDS || strcmp(words[0], "board") != 0) {
        return wire_other_version(err);
    }
    VEC_GROW(out->boards, out->n);
    out->boards[out->n++] = (struct cluster_board){
        .name = xstrdup(words[NAME]),
        .address = xstrdup(words[ADDRESS]),
        .state = xstrdup(words[STATE]),
        .processes = number(w, PROCESSES),
        .memory = number(w, MEMORY),
        .storage = number(w, STORAGE),
        .rate = number(w, RATE),
    };
    return 0;
}

int cluster_get_status(const struct cluster *c, struct cluster_status *out, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};

    *out = (struct cluster_status){0};
    strv_add(&words, "status");
    _cleanup_close_ int fd = ask(c, &words, err);
    int r = fd < 0 ? -1 : 0;
    for (bool done = false; r == 0 && !done;) {
        struct wire w;
        r = wire_receive(fd, &w, err);
        done = r != 0 || strcmp(w.words.items[0], "done") == 0;
        r = done ? r : take_board(out, &w, err);
        if (r <= 0) {
            wire_release(&w);
        }
    }
    if (r != 0) {
        cluster_status_release(out);
        return r < 0 ? -1 : err_set(err, ERR_FAILED, "cluster `%s` ended", c->name);
    }
    return 0;
}

void cluster_status_release(struct cluster_status *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->boards[i].name);
        free(s->boards[i].address);
        free(s->boards[i].state);
    }
    free(s->boards);
    *s = (struct cluster_status){0};
}

int cluster_set_fault(const struct cluster *c, enum cluster_fault fault, const char *board,
                      uint64_t value, struct err *err)
{
    static const char *const verbs[] = {
        [CLUSTER_KILL] = "kill", [CLUSTER_START] = "start", [CLUSTER_CUT] = "cut",
        [CLUSTER_HEAL] = "heal", [CLUSTER_LIMIT] = "limit", [CLUSTER_FILL] = "fill",
        [CLUSTER_SLOW] = "slow",
    };
    _cleanup_strv_ struct strv words = {0};
    struct wire answer;

    strv_add_list(&words, verbs[fault], board, NULL);
    strv_addf(&words, "%llu", (unsigned long long)value);
    _cleanup_close_ int fd = ask(c, &words, err);
    if (fd < 0 || wire_expect(fd, "done", &answer, err) != 0) {
        return -1;
    }
    wire_release(&answer);
    return 0;
}

int cluster_connect(const struct cluster *c, const char *board, unsigned port, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    struct wire answer;

    strv_add_list(&words, "connect", board, NULL);
    strv_addf(&words, "%u", port);
    _cleanup_close_ int fd = ask(c, &words, err);
    if (fd < 0 || wire_expect(fd, "connection", &answer, err) != 0) {
        return -1;
    }
    int connection = TAKE_FD(answer.fds[0]);
    wire_release(&answer);
    return connection >= 0 ? connection
                           : err_set(err, ERR_FAILED, "the cluster gave no connection");
}

static int begin_run(const struct cluster *c, const struct cluster_command *command,
                     struct err *err)
{
    static const int streams[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strv_ struct strv request = {0};
    struct wire answer;

    strv_add_list(&words, "run", command->board, NULL);
    _cleanup_close_ int fd = ask(c, &words, err);
    if (fd < 0 || wire_expect(fd, "done", &answer, err) != 0) {
        return -1;
    }
    wire_release(&answer);
    strv_add(&request, command->dir ? command->dir : "");
    strv_addf(&request, "%zu", command->argv->n);
    strv_add_all(&request, command->argv->items);
    strv_add_all(&request, command->env->items);
    return wire_send(fd, &request, streams, ARRAY_SIZE(streams), err) == 0 ? TAKE_FD(fd) : -1;
}

// What ends a program that does not end by itself.
struct ending {
    double at; // when it is told to; 0: never
    double kill_at;
    bool interrupted, lost, stacks;
    double next_look; // at the other boards
    double cut_since; // 0: none is
    struct err why;   // which board was lost
};

enum {
    GRACE_SECONDS = 2,
    PATIENCE_SECONDS = 5,
    LOOK_SECONDS = 2,
    CUT_SECONDS = 12,
    STACKS_SECONDS = 5
};

static const double STACKS_LOOK = 0.2;

static double earlier(double a, double b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

// Milliseconds until something is to be done; -1: nothing is.
static int time_left(const struct ending *e)
{
    enum { MS_A_SECOND = 1000 };
    double at = earlier(earlier(e->at, e->kill_at), e->next_look);
    double left = at - clock_seconds();
    return at == 0 ? -1 : left > 0 ? (int)(left * MS_A_SECOND) + 1 : 0;
}

// The ranks write down where they are before mpirun, which is stopped meanwhile, can end them.
static int take_stacks(const struct cluster_command *command, struct ending *e, int fd,
                       struct err *err)
{
    e->at = 0;
    if (wire_send_number(fd, "signal", SIGSTOP, err) != 0) {
        return -1;
    }
    double now = clock_seconds();
    e->stacks = ranks_abort(command->stacks, command->core_max) > 0;
    e->kill_at = now + (e->stacks ? STACKS_SECONDS : 0);
    e->next_look = e->stacks ? now + STACKS_LOOK : 0;
    return 0;
}

static int tell_to_end(struct ending *e, int fd, struct err *err)
{
    e->at = 0;
    e->kill_at = earlier(e->kill_at, clock_seconds() + GRACE_SECONDS);
    return wire_send_number(fd, "signal", SIGTERM, err);
}

// A board that takes part and is off, or has been cut off for so long that nobody waits for it.
static bool has_lost_board(const struct cluster *c, const struct cluster_command *command,
                           struct ending *e)
{
    struct cluster_status status;
    struct err ignored = ERR_INIT;
    double now = clock_seconds();
    bool cut = false;

    e->next_look = now + LOOK_SECONDS;
    if (cluster_get_status(c, &status, &ignored) != 0) {
        return false; // the cluster itself ends, which is noticed otherwise
    }
    for (size_t i = 0; i < status.n && !e->lost; i++) {
        const struct cluster_board *b = &status.boards[i];
        bool is_cut = strstr(b->state, "cut") != NULL;
        if (!strv_has(command->others, b->name)) {
            continue;
        }
        cut = cut || is_cut;
        e->lost = strcmp(b->state, "off") == 0 ||
                  (is_cut && e->cut_since > 0 && now - e->cut_since > CUT_SECONDS);
        if (e->lost) {
            err_set(&e->why, ERR_NODES, "%s %s during the run, which was ended on the others",
                    b->name, is_cut ? "was cut off" : "went off");
            err_hint(&e->why, "pisdk cluster %s --name %s %s", is_cut ? "heal" : "start", c->name,
                     b->name);
        }
    }
    e->cut_since = !cut ? 0 : e->cut_since > 0 ? e->cut_since : now;
    cluster_status_release(&status);
    return e->lost;
}

static int look(const struct cluster *c, const struct cluster_command *command, int fd,
                struct ending *e, struct err *err)
{
    double now = clock_seconds();
    if (e->stacks && e->kill_at > 0 && ranks_count(command->stacks) == 0) {
        e->kill_at = now;
    }
    if (e->kill_at > 0 && now >= e->kill_at) {
        e->kill_at = e->next_look = 0;
        return wire_send_number(fd, "signal", SIGKILL, err);
    }
    if (e->at > 0 && now >= e->at) {
        *command->timed_out = true;
        return command->stacks ? take_stacks(command, e, fd, err) : tell_to_end(e, fd, err);
    }
    if (e->stacks) {
        e->next_look = e->kill_at > 0 ? now + STACKS_LOOK : 0;
        return 0;
    }
    if (e->next_look > 0 && now >= e->next_look && !e->lost && has_lost_board(c, command, e)) {
        return tell_to_end(e, fd, err);
    }
    return 0;
}

static int forward_signal(const struct cluster_command *command, int signals, int fd,
                          struct ending *e, struct err *err)
{
    struct signalfd_siginfo info;
    ssize_t n = read(signals, &info, sizeof(info));
    if (n != (ssize_t)sizeof(info)) {
        return 0;
    }
    if (info.ssi_signo != SIGUSR1 && info.ssi_signo != SIGUSR2) { // it is asked, and then ended
        e->kill_at = e->interrupted ? clock_seconds()
                                    : earlier(e->kill_at, clock_seconds() + PATIENCE_SECONDS);
        bool first = !e->interrupted;
        e->interrupted = true;
        if (command->interrupted) {
            *command->interrupted = true;
        }
        if (first && command->stacks && info.ssi_signo == SIGINT) {
            return take_stacks(command, e, fd, err);
        }
    }
    return wire_send_number(fd, "signal", info.ssi_signo, err);
}

static int read_end(const struct cluster_command *command, int fd, int *status, struct err *err)
{
    struct wire w;
    int r = wire_receive(fd, &w, err);
    if (r == 0 && w.words.n == 2 && strcmp(w.words.items[0], "status") == 0) {
        *status = (int)strtol(w.words.items[1], NULL, 10);
        wire_release(&w);
        return 0;
    }
    bool told = r == 0 && wire_is_error(&w);
    if (told) {
        wire_take_error(&w, err);
    }
    if (r == 0) {
        wire_release(&w);
    }
    return told ? -1
                : err_set(err, ERR_NODES, "%s went off while it ran the program", command->board);
}

static int wait_run(const struct cluster *c, const struct cluster_command *command, int fd,
                    int signals, int *status, struct err *err)
{
    struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    double now = clock_seconds();
    struct ending e = {.at = command->timeout > 0 ? now + command->timeout : 0,
                       .next_look =
                           command->others && command->others->n > 1 ? now + LOOK_SECONDS : 0};

    do {
        polled[0].revents = polled[1].revents = 0;
        if (poll(polled, ARRAY_SIZE(polled), time_left(&e)) < 0) {
            continue;
        }
        if ((polled[1].revents && forward_signal(command, signals, fd, &e, err) != 0) ||
            look(c, command, fd, &e, err) != 0) {
            return -1;
        }
    } while (!polled[0].revents);
    int r = read_end(command, fd, status, err);
    if (e.lost) {
        *err = e.why;
        return -1;
    }
    return r;
}

int cluster_run(const struct cluster *c, const struct cluster_command *command, int *status,
                struct err *err)
{
    sigset_t set;
    sigset_t saved;

    proc_forwarded_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &saved);
    _cleanup_close_ int signals = signalfd(-1, &set, SFD_CLOEXEC);
    _cleanup_close_ int fd = begin_run(c, command, err);
    int r = fd >= 0 ? wait_run(c, command, fd, signals, status, err) : -1;
    sigprocmask(SIG_SETMASK, &saved, NULL);
    return r;
}
