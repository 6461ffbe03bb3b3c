// SPDX-License-Identifier: MIT
// What a board's process 1 does: starts an sshd for each connection, runs programs for the desktop,
// slows the board down when it is asked to, and reaps.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cluster/journal.h"
#include "cluster/node.h"
#include "cluster/wire.h"

enum {
    SESSION_FAILED = 127, // as of a shell that cannot start a program
    MS_A_SECOND = 1000,
    FULL_SPEED = 100,    // percent
    SLICE_MS = 100,      // in which a slowed board runs and rests once
    END_SECONDS = 5,     // from asking a program to end until it is made to
    SESSIONS_MAX = 1024, //
};

// A program that runs for somebody on the desktop.
struct session {
    int client;
    pid_t pid;      // also of its process group
    double kill_at; // 0: the client is there
};

struct server {
    const struct node_world *w;
    int signals;
    unsigned speed; // percent of the time that programs run
    bool resting;
    struct session *sessions;
    size_t n;
};

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
}

static _Noreturn void become_sshd(const struct server *s, int connection)
{
    _cleanup_strv_ struct strv argv = {0};
    int log = openat(s->w->log, s->w->hostname, O_WRONLY | O_APPEND | O_CLOEXEC);
    dup2(connection, STDIN_FILENO);
    dup2(connection, STDOUT_FILENO);
    if (log >= 0) {
        dup2(log, STDERR_FILENO);
    }
    reset_signals();
    strv_add_list(&argv, "sshd", "-i", "-e", "-f", "/etc/ssh/sshd_config", NULL);
    execve("/usr/sbin/sshd", argv.items, s->w->env->items);
    dprintf(STDERR_FILENO, "cannot run /usr/sbin/sshd: %s\n", strerror(errno));
    _exit(SESSION_FAILED);
}

static void accept_ssh(const struct server *s)
{
    struct sockaddr_in from;
    socklen_t n = sizeof(from);
    char address[INET_ADDRSTRLEN] = "";
    _cleanup_close_ int connection =
        accept4(s->w->listening, (struct sockaddr *)&from, &n, SOCK_CLOEXEC);

    if (connection < 0) {
        return;
    }
    // sshd asks for it on terminals only: other sessions wait 40 ms for acknowledgements.
    const int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    inet_ntop(AF_INET, &from.sin_addr, address, sizeof(address));
    _cleanup_free_ char *text = xasprintf("a connection from %s", address);
    journal_write(s->w->log, s->w->hostname, text);
    pid_t pid = fork();
    if (pid == 0) {
        become_sshd(s, connection);
    }
    if (pid < 0) {
        journal_write(s->w->log, s->w->hostname, "cannot start sshd: too many processes");
    }
}

// A request of the desktop to run a program.
struct request {
    struct wire wire;
    const char *dir;
    bool mpirun;
    char **argv; // with a NULL at its end
    struct strv env;
};

static int read_request(const struct server *s, int client, struct request *r, struct err *err)
{
    if (wire_receive(client, &r->wire, err) != 0) {
        return -1;
    }
    char **words = r->wire.words.items;
    size_t n = r->wire.words.n;
    enum { DIR, KIND, ARGS, FIRST };
    size_t args = n > FIRST ? strtoul(words[ARGS], NULL, 10) : 0;
    if (args < 1 || args > n - FIRST || r->wire.fds[WIRE_FDS - 1] < 0) {
        return wire_other_version(err);
    }
    r->dir = words[DIR][0] ? words[DIR] : NODE_HOME;
    r->mpirun = strcmp(words[KIND], "mpirun") == 0;
    for (size_t i = FIRST + args; i < n; i++) {
        strv_add(&r->env, words[i]);
    }
    for (size_t i = 0; i < s->w->env->n; i++) {
        if (!strv_assigns(&r->env, s->w->env->items[i])) {
            strv_add(&r->env, s->w->env->items[i]);
        }
    }
    r->argv = xcalloc(args + 1, sizeof(*r->argv));
    memcpy(r->argv, words + FIRST, args * sizeof(*r->argv));
    return 0;
}

static void release_request(struct request *r)
{
    free(r->argv);
    strv_release(&r->env);
    wire_release(&r->wire);
}

static _Noreturn void become_program(const struct request *r)
{
    for (int i = 0; i < WIRE_FDS; i++) {
        dup2(r->wire.fds[i], i);
    }
    reset_signals();
    if (r->mpirun) { // see ranks_output_is_closed
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        sigprocmask(SIG_BLOCK, &pipe, NULL);
    }
    if (chdir(r->dir) != 0) {
        dprintf(STDERR_FILENO, "pisdk: cannot enter %s on the board: %s\n", r->dir,
                strerror(errno));
        _exit(SESSION_FAILED);
    }
    execve(r->argv[0], r->argv, r->env.items);
    dprintf(STDERR_FILENO, "pisdk: cannot run %s on the board: %s\n", r->argv[0], strerror(errno));
    _exit(SESSION_FAILED);
}

static void start_session(struct server *s, int client)
{
    struct request r = {.wire = {.fds = {-1, -1, -1}}};
    struct err err = ERR_INIT;
    _cleanup_close_ int owned = client;

    if (s->n == SESSIONS_MAX) {
        err_set(&err, ERR_FAILED, "the board already runs %d programs for the desktop",
                SESSIONS_MAX);
        wire_send_error(client, &err);
    } else if (read_request(s, client, &r, &err) != 0) {
        wire_send_error(client, &err);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            become_program(&r);
        }
        if (pid < 0) {
            err_sys(&err, "cannot start a program on the board");
            wire_send_error(client, &err);
        } else {
            VEC_GROW(s->sessions, s->n);
            s->sessions[s->n++] = (struct session){.client = TAKE_FD(owned), .pid = pid};
        }
    }
    release_request(&r);
}

static void take_order(struct server *s)
{
    struct wire w;
    struct err ignored = ERR_INIT;

    if (wire_receive(s->w->control, &w, &ignored) != 0) {
        _exit(0); // the supervisor is gone
    }
    if (strcmp(w.words.items[0], "run") == 0 && w.fds[0] >= 0) {
        start_session(s, TAKE_FD(w.fds[0]));
    } else if (strcmp(w.words.items[0], "speed") == 0 && w.words.n > 1) {
        s->speed = (unsigned)strtoul(w.words.items[1], NULL, 10);
    }
    wire_release(&w);
}

// What the client has to say: a signal, or that it is gone.
static void hear_client(struct session *session)
{
    enum { WORDS = 2 };
    struct wire w;
    struct err ignored = ERR_INIT;

    if (wire_receive(session->client, &w, &ignored) != 0) {
        close(session->client);
        session->client = -1;
        session->kill_at = clock_seconds() + END_SECONDS;
        kill(-session->pid, SIGTERM);
        return;
    }
    if (w.words.n == WORDS && strcmp(w.words.items[0], "signal") == 0) {
        kill(-session->pid, (int)strtol(w.words.items[1], NULL, 10));
    }
    wire_release(&w);
}

static void end_session(struct server *s, struct session *session, int status)
{
    struct err ignored = ERR_INIT;

    kill(-session->pid, SIGKILL); // what it left in its group
    if (session->client >= 0) {
        (void)!wire_send_number(session->client, "status", (unsigned)status, &ignored);
        close(session->client);
    }
    *session = s->sessions[--s->n];
}

static void reap(struct server *s)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    (void)!read(s->signals, &info, sizeof(info));
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < s->n; i++) {
            if (s->sessions[i].pid == pid) {
                end_session(s, &s->sessions[i], signals_status(status));
                break;
            }
        }
    }
}

// How many seccomp filters the process `pid` ("self": this one) has.
static unsigned long count_filters(const char *pid)
{
    _cleanup_free_ char *path = xasprintf("/proc/%s/status", pid);
    _cleanup_free_ char *filters = fs_read_field(path, "Seccomp_filters");
    return filters ? strtoul(filters, NULL, 10) : 0;
}

// Signals all programs of the board but those that have confined themselves, as sshd's part does
// that deals with strangers: going on after a stop is a system call (restart_syscall), for which
// their own filter kills them.
static void signal_all(int sig)
{
    _cleanup_strv_ struct strv pids = {0};
    struct err ignored = ERR_INIT;
    unsigned long ours = count_filters("self");

    if (fs_list_dir("/proc", &pids, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < pids.n; i++) {
        pid_t pid = (pid_t)strtol(pids.items[i], NULL, 10);
        if (pid > 1 && count_filters(pids.items[i]) <= ours) {
            kill(pid, sig);
        }
    }
}

// A board at 20 percent: its programs run 20 ms, then rest for 80 ms.
static int pace(struct server *s)
{
    if (s->speed >= FULL_SPEED) {
        if (s->resting) {
            signal_all(SIGCONT);
            s->resting = false;
        }
        return -1;
    }
    s->resting = !s->resting;
    signal_all(s->resting ? SIGSTOP : SIGCONT);
    unsigned run = SLICE_MS * s->speed / FULL_SPEED;
    return (int)(s->resting ? SLICE_MS - run : run);
}

static void end_stubborn(const struct server *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct session *session = &s->sessions[i];
        if (session->kill_at > 0 && clock_seconds() >= session->kill_at) {
            kill(-session->pid, SIGKILL);
        }
    }
}

static bool waits_for_end(const struct server *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->sessions[i].kill_at > 0) {
            return true;
        }
    }
    return false;
}

// How long the server may sleep, in milliseconds; `next` is when the pace changes.
static int sleep_time(struct server *s, double *next)
{
    double now = clock_seconds();
    int left = -1;

    if (s->speed < FULL_SPEED || s->resting) {
        if (now >= *next) {
            left = pace(s);
            *next = now + left / (double)MS_A_SECOND;
        } else {
            left = (int)((*next - now) * MS_A_SECOND) + 1;
        }
    }
    return left < 0 && waits_for_end(s) ? MS_A_SECOND : left;
}

static void serve(struct server *s)
{
    enum { FIXED = 3 };
    double next = 0;
    for (;;) {
        struct pollfd polled[FIXED + SESSIONS_MAX] = {
            {.fd = s->w->control, .events = POLLIN},
            {.fd = s->w->listening, .events = POLLIN},
            {.fd = s->signals, .events = POLLIN},
        };
        size_t n = s->n;
        for (size_t i = 0; i < n; i++) {
            polled[FIXED + i] = (struct pollfd){.fd = s->sessions[i].client, .events = POLLIN};
        }
        if (poll(polled, FIXED + n, sleep_time(s, &next)) < 0) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            if (polled[FIXED + i].revents) {
                hear_client(&s->sessions[i]);
            }
        }
        end_stubborn(s);
        if (polled[0].revents) {
            take_order(s);
            next = 0;
        }
        if (polled[1].revents) {
            accept_ssh(s);
        }
        if (polled[2].revents) { // last: it changes the sessions
            reap(s);
        }
    }
}

_Noreturn void node_serve(const struct node_world *w)
{
    struct server s = {.w = w, .speed = FULL_SPEED};
    sigset_t set;

    prctl(PR_SET_NAME, w->hostname);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_SETMASK, &set, NULL);
    s.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    journal_write(w->log, w->hostname, "on");
    serve(&s);
    _exit(0);
}
