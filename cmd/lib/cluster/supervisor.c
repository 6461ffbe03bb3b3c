// SPDX-License-Identifier: MIT
#include "cluster/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "cluster/node.h"
#include "sandbox/namespace.h"

enum { SUPERVISOR_FAILED = 125 };

// Three descriptors a board, and the usual soft limit is 1024.
static void allow_descriptors(struct supervisor *s)
{
    if (getrlimit(RLIMIT_NOFILE, &s->files) == 0) {
        struct rlimit limit = s->files;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int make_boards(struct supervisor *s, struct err *err)
{
    size_t n = s->o->boards;
    _cleanup_free_ struct node **all = xcalloc(n, sizeof(struct node *));

    s->nodes = xcalloc(n, sizeof(struct node));
    for (size_t i = 0; i < n; i++) {
        s->nodes[i] = (struct node){
            .number = (unsigned)i + 1,
            .control = -1,
            .mounts = -1,
            .storage = -1,
            .rate_kbit = s->o->rate_kbit,
            .speed = 100,
        };
        snprintf(s->nodes[i].name, sizeof(s->nodes[i].name), "pi%u", (unsigned)i + 1);
        all[i] = &s->nodes[i];
    }
    return node_start(s, all, n, err);
}

static void reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < s->o->boards; i++) {
            if (s->nodes[i].pid == pid) {
                node_ended(s, &s->nodes[i]);
            }
        }
    }
}

static void hear_signal(struct supervisor *s, int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap(s);
        } else {
            s->ended = true;
        }
    }
}

static void serve(struct supervisor *s, int signals)
{
    while (!s->ended) {
        struct pollfd polled[] = {{.fd = s->control, .events = POLLIN},
                                  {.fd = signals, .events = POLLIN}};
        if (poll(polled, ARRAY_SIZE(polled), -1) < 0) {
            continue;
        }
        if (polled[1].revents) {
            hear_signal(s, signals);
        }
        if (polled[0].revents) {
            int client = accept4(s->control, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0) {
                supervisor_answer(s, client);
                close(client);
            }
        }
    }
}

// Nothing is left when it returns: every process of the cluster is below us.
static void end_all(void)
{
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}

static int hold_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

_Noreturn void supervisor_main(struct supervisor *s, int report)
{
    struct err err = ERR_INIT;

    prctl(PR_SET_NAME, "pisdk-cluster");
    setsid();
    int signals = hold_signals();
    allow_descriptors(s);
    if (supervisor_make_world(s, &err) != 0 || make_boards(s, &err) != 0) {
        (void)!write(report, &err, sizeof(err));
        end_all();
        _exit(SUPERVISOR_FAILED);
    }
    prctl(PR_SET_PDEATHSIG, 0);              // until now, it was made for somebody who waits
    (void)!write(report, &err, sizeof(err)); // no error: all boards are up
    close(report);
    serve(s, signals);
    end_all();
    _exit(0);
}
