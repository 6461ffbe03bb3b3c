// SPDX-License-Identifier: MIT
#include "run/session.h"

#include <time.h>

#include "base/clock.h"
#include "base/output.h"
#include "base/signals.h"

static const double beat_seconds = 4; // see run.sh and slurm.sh in toolchain/remote

void session_begin(struct session *s)
{
    sigset_t set;
    signals_forwarded(&set);
    pthread_sigmask(SIG_BLOCK, &set, &s->saved);
    s->sig = 0;
    s->interrupted = s->deadline = 0;
    s->beaten = clock_seconds();
}

void session_end(struct session *s)
{
    pthread_sigmask(SIG_SETMASK, &s->saved, NULL);
}

void session_limit(struct session *s, double timeout)
{
    s->deadline = timeout > 0 ? clock_seconds() + timeout : 0;
}

static void take_signals(struct session *s)
{
    static const struct timespec at_once = {0};
    sigset_t set;
    int sig;
    signals_forwarded(&set);
    while ((sig = sigtimedwait(&set, NULL, &at_once)) > 0) {
        bool ends = sig != SIGUSR1 && sig != SIGUSR2;
        if (ends) {
            output_hurry();
        }
        s->on_signal(s->user, sig);
        if (ends) {
            s->sig = sig;
            s->interrupted = clock_seconds();
        }
    }
}

void session_tick(struct session *s)
{
    double now = clock_seconds();
    take_signals(s);
    if (s->deadline > 0 && now > s->deadline) {
        s->deadline = 0;
        s->on_late(s->user);
    }
    if (now - s->beaten > beat_seconds) {
        s->beaten = now;
        s->on_beat(s->user);
    }
}

int session_serve(struct session *s, struct fleet *f, bool (*stop)(void *user), struct err *err)
{
    while (fleet_serve(f, stop, err) != 0) {
        if (err->code != ERR_INTERRUPTED) {
            return -1;
        }
        err_clear(err);
        take_signals(s);
    }
    return 0;
}
