// SPDX-License-Identifier: MIT
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/supervise.h"

enum { STATUS_FD = 3, EXEC_FAILED = 127, SAID_MAX = 1 << 20 };

uint64_t proc_own_memory(pid_t pid)
{
    char path[64];
    char text[128] = "";
    char *at = text;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return 0;
    }
    strtoull(at, &at, 10); // all of its address space
    uint64_t resident = strtoull(at, &at, 10);
    uint64_t shared = strtoull(at, &at, 10);
    return resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

unsigned long long proc_started(pid_t pid)
{
    enum { START = 22, STATE = 3 }; // fields; the second one, in brackets, may have anything in it
    char path[64];
    char text[1024] = "";

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return 0;
    }
    char *at = strrchr(text, ')');
    for (int field = STATE; at && field <= START; field++) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoull(at, NULL, 10) : 0;
}

bool proc_kill_exactly(pid_t pid, unsigned long long started)
{
    _cleanup_close_ int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    return fd >= 0 && started > 0 && proc_started(pid) == started &&
           syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

static int wait_forwarding(pid_t pid, int hard, int *asked, const struct proc_context *place)
{
    sigset_t set;
    double last_interrupt = -10;

    signals_forwarded(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        int status;
        pid_t done = waitpid(pid, &status, WNOHANG);
        if (done == pid) {
            return signals_status(status);
        }
        if (done < 0 && errno == ECHILD) {
            return EXEC_FAILED; // somebody else reaped it: its status is lost
        }
        siginfo_t info;
        int sig = sigwaitinfo(&set, &info);
        if (sig <= 0 || sig == SIGCHLD) {
            continue;
        }
        if (asked && sig != SIGUSR1 && sig != SIGUSR2) {
            *asked = sig;
        }
        if (sig == SIGINT) {
            double now = clock_seconds();
            if (hard && now - last_interrupt < 1) {
                kill(pid, hard);
            }
            last_interrupt = now;
        }
        // Sent by a process; a terminal's signal reached the child too. But a terminal that is
        // closed tells only the process that leads its session.
        if (info.si_code <= 0 || sig == SIGHUP) {
            kill(pid, sig);
        }
        if (place && place->on_signal) {
            place->on_signal(place->user, sig);
        }
    }
}

// SIGCHLD and the forwarded signals are blocked by the caller.
int proc_wait_forwarding(pid_t pid, int hard, int *asked)
{
    return wait_forwarding(pid, hard, asked, NULL);
}

// Without those that were ignored when pisdk was started, as by nohup.
static void stop_signals(sigset_t *set)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(set);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(set, signals[i]);
        }
    }
}

enum { CAPTURED = 3 }; // streams that can be collected: standard output, descriptor 3, error

// A program being started: what its child needs to know.
struct launch {
    char *const *argv;
    const struct proc_context *place; // or NULL
    int input;                        // for standard input; -1: ours
    int out[CAPTURED];                // for the streams that are collected; -1: ours
    sigset_t mask;                    // the signals that were blocked before
    pid_t group;                      // pisdk's process group
    int report[2];                    // what went wrong with exec
    int life[2];                      // closed when pisdk ends
};

static _Noreturn void exec_child(const struct launch *l)
{
    static const int places[CAPTURED] = {STDOUT_FILENO, STATUS_FD, STDERR_FILENO};
    int high[CAPTURED];
    enum { OUT_OF_THE_WAY = 16 };

    supervise_join_group(l->group);
    int report = fcntl(l->report[1], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    for (size_t i = 0; i < CAPTURED; i++) {
        high[i] = l->out[i] >= 0 ? fcntl(l->out[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) : -1;
    }
    if (l->input >= 0) {
        dup2(l->input, STDIN_FILENO);
    }
    for (size_t i = 0; i < CAPTURED; i++) {
        if (high[i] >= 0) {
            dup2(high[i], places[i]);
        }
    }
    sigset_t mask = l->mask; // what pisdk holds back itself, the program should not
    sigset_t held;
    stop_signals(&held);
    for (int sig = 1; sig < NSIG; sig++) {
        if (sigismember(&held, sig) == 1) {
            sigdelset(&mask, sig);
        }
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (l->place && l->place->enter) {
        l->place->enter(l->place->user);
    }
    if (l->place && l->place->env) {
        environ = l->place->env->items;
    }
    if (!l->place || !l->place->dir || chdir(l->place->dir) == 0) {
        execvp(l->argv[0], l->argv);
    }
    int saved = errno;
    (void)!write(report, &saved, sizeof(saved));
    _exit(EXEC_FAILED);
}

static void close_end(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static _Noreturn void supervisor_main(struct launch *l)
{
    bool stopped;
    close_end(&l->life[1]);
    supervise_begin();
    supervise_watch_parent(SIGRTMIN, l->life[0]);
    pid_t program = fork();
    if (program == 0) {
        exec_child(l);
    }
    close_end(&l->report[1]);
    for (size_t i = 0; i < CAPTURED; i++) {
        close_end(&l->out[i]);
    }
    int status = program > 0 ? supervise_wait(program, NULL, &stopped) : EXEC_FAILED;
    // A program that ends by itself may leave others, such as a compiler cache, at work.
    if (program > 0 && (stopped || status > PROC_SIGNALED)) {
        supervise_kill_rest();
    }
    _exit(status);
}

static int read_exec_report(int fd, const char *program, struct err *err)
{
    int code = 0;
    ssize_t n;
    do {
        n = read(fd, &code, sizeof(code));
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return 0; // closed by exec: it runs
    }
    errno = code;
    err_sys(err, "cannot run %s", program);
    err->code = code == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
    return -1;
}

// Starts the program under a supervisor, whose process number it returns. The signals that are
// passed on, and SIGCHLD, are blocked from here until `finish`.
static pid_t start(struct launch *l, struct err *err)
{
    sigset_t block;

    l->report[0] = l->report[1] = l->life[0] = l->life[1] = -1;
    l->group = getpgrp();
    signals_forwarded(&block);
    sigaddset(&block, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &block, &l->mask);
    if (pipe2(l->report, O_CLOEXEC) != 0 || pipe2(l->life, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        supervisor_main(l);
    }
    close_end(&l->report[1]);
    close_end(&l->life[0]);
    return pid > 0 ? pid : err_sys(err, "cannot start %s", l->argv[0]);
}

static void finish(struct launch *l)
{
    for (size_t i = 0; i < 2; i++) {
        close_end(&l->report[i]);
        close_end(&l->life[i]);
    }
    pthread_sigmask(SIG_SETMASK, &l->mask, NULL);
}

int proc_run(char *const argv[], int *status, struct err *err)
{
    return proc_run_at(argv, NULL, status, err);
}

int proc_run_at(char *const argv[], const struct proc_context *place, int *status, struct err *err)
{
    struct launch l = {.argv = argv, .place = place, .input = -1, .out = {-1, -1, -1}};
    int r = -1;
    pid_t pid = start(&l, err);
    if (pid > 0) {
        r = read_exec_report(l.report[0], argv[0], err);
        *status = wait_forwarding(pid, 0, NULL, place);
    }
    finish(&l);
    return r;
}

// True while the stream is open. What is over `max` bytes is read and dropped.
static bool capture_read(int fd, struct strbuf *into, const struct proc_capture *c)
{
    enum { CHUNK = 1 << 14 };
    char chunk[CHUNK];
    ssize_t n = read(fd, chunk, sizeof(chunk));
    if (n > 0 && c->on_data) {
        c->on_data(c->user, chunk, (size_t)n);
    } else if (n > 0 && into->len < c->max) {
        size_t room = c->max - into->len;
        strbuf_add(into, chunk, (size_t)n < room ? (size_t)n : room);
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

// Passes on to `pid` what somebody sent to pisdk alone. Returns the signal.
static int forward_signal(int fd, pid_t pid)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return 0;
    }
    if (info.ssi_code <= 0 || info.ssi_signo == SIGHUP) { // see wait_forwarding
        kill(pid, (int)info.ssi_signo);
    }
    return (int)info.ssi_signo;
}

// Collects the streams until all are closed. Returns the last signal that came meanwhile, or 0.
static int capture_all(const int fds[CAPTURED], struct strbuf *const into[CAPTURED],
                       const struct proc_capture *c, int signals, pid_t pid)
{
    enum { POLL_MS = 200 };
    struct pollfd polled[CAPTURED + 1] = {{.fd = signals, .events = POLLIN}};
    size_t open_streams = 0;
    int sig = 0;

    for (size_t i = 0; i < CAPTURED; i++) {
        polled[i + 1] = (struct pollfd){.fd = into[i] ? fds[i] : -1, .events = POLLIN};
        open_streams += into[i] ? 1 : 0;
    }
    while (open_streams > 0) {
        int ready = poll(polled, ARRAY_SIZE(polled), signals < 0 ? POLL_MS : -1);
        if (signals < 0 && proc_stop_requested()) {
            kill(pid, SIGRTMIN); // end everything, see base/supervise.h
        }
        if (ready < 0) {
            continue;
        }
        if (polled[0].revents) {
            sig = forward_signal(signals, pid);
        }
        for (size_t i = 0; i < CAPTURED; i++) {
            struct pollfd *p = &polled[i + 1];
            if (into[i] && p->revents && !capture_read(p->fd, into[i], c)) {
                p->fd = -1;
                open_streams--;
            }
        }
    }
    return sig;
}

// A descriptor that reads the signals that are passed on; -1 when the caller holds them back itself
// and will ask for them later.
static int open_signals(const struct launch *l)
{
    sigset_t set;
    if (sigismember(&l->mask, SIGINT)) {
        return -1;
    }
    signals_forwarded(&set);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

// Without taking any signal: the caller will ask for them later.
static int wait_plainly(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return EXEC_FAILED;
        }
    }
    return signals_status(status);
}

int proc_capture(char *const argv[], const struct proc_capture *c, int *status, struct err *err)
{
    struct launch l = {.argv = argv, .place = c->place, .input = c->input, .out = {-1, -1, -1}};
    struct strbuf *const into[CAPTURED] = {c->out, c->status_out, c->errors};
    int fds[CAPTURED] = {-1, -1, -1};
    _cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int r = 0;
    int sig = 0;

    l.input = l.input >= 0 ? l.input : null;
    for (size_t i = 0; i < CAPTURED && r == 0; i++) {
        int ends[2];
        if (into[i] && pipe2(ends, O_CLOEXEC) != 0) {
            r = err_sys(err, "cannot make a pipe");
        } else if (into[i]) {
            fds[i] = ends[0];
            l.out[i] = ends[1];
        }
    }
    pid_t pid = r == 0 ? start(&l, err) : -1;
    for (size_t i = 0; i < CAPTURED; i++) {
        close_end(&l.out[i]);
    }
    if (pid > 0) {
        _cleanup_close_ int signals = open_signals(&l);
        r = read_exec_report(l.report[0], argv[0], err);
        sig = capture_all(fds, into, c, signals, pid);
        *status = signals >= 0 ? proc_wait_forwarding(pid, 0, NULL) : wait_plainly(pid);
        finish(&l);
    } else if (r == 0) {
        finish(&l);
        r = -1;
    }
    for (size_t i = 0; i < CAPTURED; i++) {
        close_end(&fds[i]);
    }
    if (sig) {
        raise(sig); // ours as well, now that the program is gone
    }
    return r;
}

int proc_succeed(char *const argv[], const struct proc_context *place, struct strbuf *out,
                 struct err *err)
{
    _cleanup_strbuf_ struct strbuf said = {0};
    _cleanup_strbuf_ struct strbuf dropped = {0};
    const struct proc_capture capture = {
        .input = -1, .max = SAID_MAX, .out = out ? out : &dropped, .errors = &said, .place = place};
    int status = 0;
    if (proc_capture(argv, &capture, &status, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *last = str_last_line(said.data ? said.data : "");
    return status == 0 ? 0 : err_set(err, ERR_FAILED, "%s: %s", argv[0], last);
}

static _Noreturn void exec_companion(char *const argv[], const int pipes[CAPTURED][2], int report)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(pipes[0][0], STDIN_FILENO);
    dup2(pipes[1][1], STDOUT_FILENO);
    dup2(pipes[2][1], STDERR_FILENO);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    int saved = errno;
    (void)!write(report, &saved, sizeof(saved));
    _exit(EXEC_FAILED);
}

int proc_start(char *const argv[], struct proc_child *out, struct err *err)
{
    int pipes[CAPTURED][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    int report[2] = {-1, -1};
    bool made = pipe2(report, O_CLOEXEC) == 0;
    int r = 0;

    for (size_t i = 0; i < CAPTURED && made; i++) {
        made = pipe2(pipes[i], O_CLOEXEC) == 0;
    }
    pid_t pid = made ? fork() : -1;
    if (pid == 0) {
        exec_companion(argv, pipes, report[1]);
    }
    if (pid < 0) {
        r = err_sys(err, "cannot start %s", argv[0]);
    }
    *out =
        (struct proc_child){pid, TAKE_FD(pipes[0][1]), TAKE_FD(pipes[1][0]), TAKE_FD(pipes[2][0])};
    close_end(&report[1]);
    for (size_t i = 0; i < CAPTURED; i++) {
        close_end(&pipes[i][0]);
        close_end(&pipes[i][1]);
    }
    if (pid > 0 && read_exec_report(report[0], argv[0], err) != 0) {
        waitpid(pid, NULL, 0);
        r = -1;
    }
    close_end(&report[0]);
    int *ends[] = {&out->in, &out->out, &out->errors};
    for (size_t i = 0; i < CAPTURED; i++) {
        if (r != 0) {
            close_end(ends[i]);
        } else {
            fcntl(*ends[i], F_SETFL, O_NONBLOCK);
        }
    }
    return r;
}

pid_t proc_start_deaf(char *const argv[], int *errors, struct err *err)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    int report[2];
    int pipe_errors[2] = {-1, -1};
    if (pipe2(report, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    if (errors && pipe2(pipe_errors, O_CLOEXEC) != 0) {
        close_end(&report[0]);
        close_end(&report[1]);
        return err_sys(err, "cannot make a pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (errors) {
            dup2(pipe_errors[1], STDERR_FILENO);
        }
        sigset_t none;
        sigemptyset(&none);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
            signal(ignored[i], SIG_IGN);
        }
        signal(SIGPIPE, SIG_DFL);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        execvp(argv[0], argv);
        int saved = errno;
        (void)!write(report[1], &saved, sizeof(saved));
        _exit(EXEC_FAILED);
    }
    close_end(&report[1]);
    int r = pid < 0 ? err_sys(err, "cannot start %s", argv[0])
                    : read_exec_report(report[0], argv[0], err);
    close_end(&report[0]);
    close_end(&pipe_errors[1]);
    if (r != 0) {
        close_end(&pipe_errors[0]);
    } else if (errors) {
        *errors = pipe_errors[0];
    }
    if (r != 0 && pid > 0) {
        waitpid(pid, NULL, 0);
    }
    return r == 0 ? pid : -1;
}

void proc_stop_hold(sigset_t *saved)
{
    sigset_t set;
    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, saved);
}

bool proc_stop_requested(void)
{
    sigset_t pending;
    sigset_t set;
    sigpending(&pending);
    stop_signals(&set);
    sigandset(&set, &set, &pending);
    return !sigisemptyset(&set);
}

void proc_stop_restore(const sigset_t *saved)
{
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}
