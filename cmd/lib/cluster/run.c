// SPDX-License-Identifier: MIT
// Running a program on a board, from its start to its end.

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/output.h"
#include "base/proc.h"
#include "cluster/cluster.h"
#include "cluster/folder.h"
#include "cluster/wire.h"
#include "sandbox/ranks.h"

static int begin_run(const struct cluster *c, const struct cluster_command *command,
                     struct err *err)
{
    static const int streams[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strv_ struct strv request = {0};
    struct wire answer;

    strv_add_list(&words, "run", command->board, NULL);
    _cleanup_close_ int fd = cluster_folder_ask(c->dir, &words, CLUSTER_FOLDER_PATIENCE, err);
    if (fd < 0 || wire_expect(fd, "done", &answer, err) != 0) {
        return -1;
    }
    wire_release(&answer);
    strv_add(&request, command->dir ? command->dir : "");
    strv_add(&request, command->mpirun ? "mpirun" : "program");
    strv_addf(&request, "%zu", command->argv->n);
    strv_add_all(&request, command->argv->items);
    strv_add_all(&request, command->env->items);
    return wire_send(fd, &request, streams, ARRAY_SIZE(streams), err) == 0 ? TAKE_FD(fd) : -1;
}

// What ends a program that does not end by itself.
struct ending {
    double at; // when it is told to; 0: never
    double kill_at;
    double give_up_at;  // the board does not do what it is told
    double next_output; // when to look whether somebody still reads it
    bool output_closed;
    bool interrupted, lost, stacks;
    double next_look; // at the other boards
    double cut_since; // 0: none is
    struct err why;   // which board was lost
};

enum {
    GRACE_SECONDS = 2,
    PATIENCE_SECONDS = 5,
    GIVE_UP_SECONDS = 5,
    LOOK_SECONDS = 2,
    CUT_SECONDS = 12,
    STACKS_SECONDS = 15,
    STATUS_SECONDS = 60
};

static const double STACKS_LOOK = 0.2;
static const double OUTPUT_LOOK = 0.1;

static double earlier(double a, double b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

// Milliseconds until something is to be done; -1: nothing is.
static int time_left(const struct ending *e)
{
    enum { MS_A_SECOND = 1000 };
    double at = earlier(earlier(e->at, e->kill_at), earlier(e->next_look, e->give_up_at));
    at = earlier(at, e->next_output);
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
    e->stacks = ranks_abort(command->run, command->core_max) > 0;
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
        e->next_look = clock_seconds() + STATUS_SECONDS; // it ends, or is stopped
        return false;
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

static int watch_command(const struct cluster *c, const struct cluster_command *command, int fd,
                         struct ending *e, struct err *err)
{
    double now = clock_seconds();
    if (e->next_output > 0 && now >= e->next_output) {
        e->output_closed = ranks_output_is_closed(command->run);
        e->next_output = e->output_closed ? 0 : now + OUTPUT_LOOK;
        e->kill_at = e->output_closed ? now : e->kill_at;
    }
    if (e->give_up_at > 0 && now >= e->give_up_at) {
        return wire_no_answer(err);
    }
    if (e->stacks && e->kill_at > 0 && ranks_count(command->run) == 0) {
        e->kill_at = now;
    }
    if (e->kill_at > 0 && now >= e->kill_at) {
        e->kill_at = e->next_look = 0;
        e->give_up_at = now + GIVE_UP_SECONDS;
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
        output_hurry();
        e->kill_at = e->interrupted ? clock_seconds()
                                    : earlier(e->kill_at, clock_seconds() + PATIENCE_SECONDS);
        bool first = !e->interrupted;
        e->interrupted = true;
        if (command->signal) {
            *command->signal = (int)info.ssi_signo;
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
                           command->others && command->others->n > 1 ? now + LOOK_SECONDS : 0,
                       .next_output = command->mpirun ? now + OUTPUT_LOOK : 0};

    do {
        polled[0].revents = polled[1].revents = 0;
        if (poll(polled, ARRAY_SIZE(polled), time_left(&e)) < 0) {
            continue;
        }
        if ((polled[1].revents && forward_signal(command, signals, fd, &e, err) != 0) ||
            watch_command(c, command, fd, &e, err) != 0) {
            return -1;
        }
    } while (!polled[0].revents);
    int r = read_end(command, fd, status, err);
    // mpirun may have noticed first, whose own words are long and its status no program's.
    if (r == 0 && *status != 0 && e.next_look > 0 && !e.lost) {
        (void)!has_lost_board(c, command, &e);
    }
    if (e.output_closed) {
        *status = PROC_SIGNALED + SIGPIPE;
    }
    if (command->run && (e.lost || e.interrupted || e.output_closed || *command->timed_out)) {
        ranks_sweep(command->run); // an ssh to a board that is cut off would wait for long
    }
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

    // Until the program runs, signals do what they always do.
    _cleanup_close_ int fd = begin_run(c, command, err);
    signals_forwarded(&set);
    sigprocmask(SIG_BLOCK, &set, &saved);
    _cleanup_close_ int signals = signalfd(-1, &set, SFD_CLOEXEC);
    int r = fd >= 0 ? wait_run(c, command, fd, signals, status, err) : -1;
    sigprocmask(SIG_SETMASK, &saved, NULL);
    return r;
}
