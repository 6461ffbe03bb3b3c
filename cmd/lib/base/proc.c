#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { STATUS_FD = 3, EXEC_FAILED = 127 };

int proc_status(int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        return PROC_SIGNALED + WTERMSIG(wait_status);
    }
    return WEXITSTATUS(wait_status);
}

void proc_forwarded_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGQUIT);
}

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// SIGCHLD and the forwarded signals are blocked by the caller.
int proc_wait_forwarding(pid_t pid, int hard)
{
    sigset_t set;
    double last_interrupt = -10;

    proc_forwarded_signals(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        int status;
        pid_t done = waitpid(pid, &status, WNOHANG);
        if (done == pid) {
            return proc_status(status);
        }
        siginfo_t info;
        int sig = sigwaitinfo(&set, &info);
        if (sig <= 0 || sig == SIGCHLD) {
            continue;
        }
        if (sig == SIGINT) {
            double now = now_seconds();
            if (hard && now - last_interrupt < 1) {
                kill(pid, hard);
            }
            last_interrupt = now;
        }
        if (info.si_code <= 0) { // sent by a process; a terminal's signal reached the child too
            kill(pid, sig);
        }
    }
}

// The child's side of starting a program. Reports a failed exec through `report`.
static void exec_child(char *const argv[], const char *cwd, const sigset_t *mask, int report)
{
    if (!cwd || chdir(cwd) == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        execvp(argv[0], argv);
    }
    int saved = errno;
    (void)!write(report, &saved, sizeof(saved));
    _exit(EXEC_FAILED);
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

int proc_run(char *const argv[], const char *cwd, int *status, struct err *err)
{
    sigset_t block;
    sigset_t saved;
    int report[2];

    if (pipe2(report, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    proc_forwarded_signals(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &saved);
    pid_t pid = fork();
    if (pid == 0) {
        exec_child(argv, cwd, &saved, report[1]);
    }
    int r = pid < 0 ? err_sys(err, "cannot start %s", argv[0]) : 0;
    close(report[1]);
    if (r == 0) {
        r = read_exec_report(report[0], argv[0], err);
        int result = proc_wait_forwarding(pid, 0);
        if (r == 0) {
            *status = result;
        }
    }
    close(report[0]);
    sigprocmask(SIG_SETMASK, &saved, NULL);
    return r;
}

struct capture {
    int fds[2];
    struct strbuf *into;
};

static void capture_close(struct capture *c, int end)
{
    if (c->fds[end] >= 0) {
        close(c->fds[end]);
        c->fds[end] = -1;
    }
}

// True while the stream is open. What is over `max` bytes is read and dropped.
static bool capture_read(int fd, struct strbuf *into, size_t max)
{
    enum { CHUNK = 1 << 14 };
    char chunk[CHUNK];
    ssize_t n = read(fd, chunk, sizeof(chunk));
    if (n > 0 && into->len + (size_t)n <= max) {
        strbuf_add(into, chunk, (size_t)n);
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

static void capture_all(struct capture *streams, size_t n, size_t max)
{
    size_t open_streams = 0;
    struct pollfd polled[3] = {0};

    for (size_t i = 0; i < n; i++) {
        polled[i].fd = streams[i].into ? streams[i].fds[0] : -1;
        polled[i].events = POLLIN;
        open_streams += streams[i].into ? 1 : 0;
    }
    while (open_streams > 0) {
        if (poll(polled, n, -1) < 0 && errno != EINTR) {
            return;
        }
        for (size_t i = 0; i < n; i++) {
            if (streams[i].into && polled[i].revents &&
                !capture_read(streams[i].fds[0], streams[i].into, max)) {
                polled[i].fd = -1;
                open_streams--;
            }
        }
    }
}

static void capture_child(char *const argv[], int input, struct capture streams[3], int report)
{
    static const int wanted[3] = {STDOUT_FILENO, STATUS_FD, STDERR_FILENO};
    sigset_t none;

    // The pipes' descriptors are moved out of the way of 0 to 3 first.
    int high = fcntl(report, F_DUPFD_CLOEXEC, 16);
    int ends[3] = {-1, -1, -1};
    for (size_t i = 0; i < 3; i++) {
        if (streams[i].into) {
            ends[i] = fcntl(streams[i].fds[1], F_DUPFD_CLOEXEC, 16);
        }
    }
    if (input < 0) {
        input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    dup2(input, STDIN_FILENO);
    for (size_t i = 0; i < 3; i++) {
        if (ends[i] >= 0) {
            dup2(ends[i], wanted[i]);
        }
    }
    sigemptyset(&none);
    exec_child(argv, NULL, &none, high);
}

int proc_capture(char *const argv[], int input, size_t max, struct strbuf *out,
                 struct strbuf *status_out, struct strbuf *errors, int *status, struct err *err)
{
    struct capture streams[3] = {{{-1, -1}, out}, {{-1, -1}, status_out}, {{-1, -1}, errors}};
    int report[2] = {-1, -1};
    int r = -1;

    for (size_t i = 0; i < 3; i++) {
        if (streams[i].into && pipe2(streams[i].fds, O_CLOEXEC) != 0) {
            err_sys(err, "cannot make a pipe");
            goto out;
        }
    }
    if (pipe2(report, O_CLOEXEC) != 0) {
        err_sys(err, "cannot make a pipe");
        goto out;
    }
    pid_t pid = fork();
    if (pid == 0) {
        capture_child(argv, input, streams, report[1]);
    }
    if (pid < 0) {
        err_sys(err, "cannot start %s", argv[0]);
        goto out;
    }
    close(report[1]);
    report[1] = -1;
    for (size_t i = 0; i < 3; i++) {
        capture_close(&streams[i], 1);
    }
    r = read_exec_report(report[0], argv[0], err);
    capture_all(streams, 3, max);
    int wait_status = 0;
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
    }
    *status = proc_status(wait_status);
out:
    for (size_t i = 0; i < 3; i++) {
        capture_close(&streams[i], 0);
        capture_close(&streams[i], 1);
    }
    for (size_t i = 0; i < 2; i++) {
        if (report[i] >= 0) {
            close(report[i]);
        }
    }
    return r;
}

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
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
    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
           sigismember(&pending, SIGHUP);
}

void proc_stop_restore(const sigset_t *saved)
{
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}
