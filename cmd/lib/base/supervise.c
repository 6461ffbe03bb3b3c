// SPDX-License-Identifier: MIT
#include "base/supervise.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/signals.h"

enum { SUPERVISOR_FAILED = 125, CHILDREN_MAX = 1 << 20 };

void supervise_watch_parent(int death, int life)
{
    struct pollfd p = {.fd = life, .events = POLLIN};
    prctl(PR_SET_PDEATHSIG, death);
    if (poll(&p, 1, 0) != 0) {
        _exit(SUPERVISOR_FAILED);
    }
    close(life);
}

void supervise_begin(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setpgid(0, 0);
}

void supervise_join_group(pid_t group)
{
    setpgid(0, group); // when it is gone, the program has a group of its own
}

// Reaps what has ended. True when the program itself is among it.
static bool reap(pid_t program, int *status)
{
    bool ended = false;
    for (;;) {
        int wait_status;
        pid_t pid = waitpid(-1, &wait_status, WNOHANG);
        if (pid <= 0) {
            return ended;
        }
        if (pid == program) {
            *status = signals_status(wait_status);
            ended = true;
        }
    }
}

// Waits for the next signal; 0 when it was time for a check, which found nothing; -1: end
// everything.
static int next_signal(const sigset_t *set, siginfo_t *info, const struct supervise_watch *watch,
                       double *next_check)
{
    if (!watch || !watch->check) {
        return sigwaitinfo(set, info);
    }
    double wait = *next_check - clock_seconds();
    if (wait > 0) {
        const long ns = 1000000000L;
        struct timespec time = {.tv_sec = (time_t)wait,
                                .tv_nsec = (long)((wait - (double)(time_t)wait) * (double)ns)};
        int sig = sigtimedwait(set, info, &time);
        if (sig > 0) {
            return sig;
        }
    }
    if (!watch->check(watch->user)) {
        errno = 0;
        return -1;
    }
    *next_check = clock_seconds() + watch->every_ms / 1e3;
    return 0;
}

int supervise_wait(pid_t program, const struct supervise_watch *watch, bool *stopped)
{
    double next_check = clock_seconds() + (watch ? watch->every_ms / 1e3 : 0);
    sigset_t set;
    int status = PROC_SIGNALED + SIGKILL;

    *stopped = false;
    signals_forwarded(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGCONT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    while (!reap(program, &status)) {
        siginfo_t info;
        int sig = next_signal(&set, &info, watch, &next_check);
        if (sig == SIGRTMIN || (sig < 0 && errno != EINTR)) {
            *stopped = true;
            break;
        }
        if (sig == SIGCONT) {
            // After Ctrl-Z, mpirun does not always tell its ranks to go on. Where we are process 1
            // of a namespace, everybody else in it is ours.
            if (getpid() == 1) {
                kill(-1, SIGCONT);
            }
        } else if (sig == SIGINT && watch && watch->interrupt && watch->interrupt(watch->user)) {
            *stopped = true;
        } else if (sig > 0 && sig != SIGCHLD && info.si_code <= 0) {
            *stopped = *stopped || (sig != SIGUSR1 && sig != SIGUSR2);
            kill(program, sig);
        }
    }
    return status;
}

void supervise_kill_rest(void)
{
    do {
        _cleanup_strbuf_ struct strbuf text = {0};
        _cleanup_strv_ struct strv pids = {0};
        struct err ignored = ERR_INIT;
        if (fs_read_file("/proc/thread-self/children", CHILDREN_MAX, &text, &ignored) == 0) {
            strv_add_words(&pids, text.data);
        }
        for (size_t i = 0; i < pids.n; i++) {
            kill((pid_t)strtol(pids.items[i], NULL, 10), SIGKILL);
        }
    } while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}
