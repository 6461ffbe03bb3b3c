// SPDX-License-Identifier: MIT
// What looking after a run on other machines has in common, wherever it is: signals for it, the
// time that it may take, signs of life, and a loop that goes on in spite of Ctrl-C.
#ifndef PISDK_RUN_SESSION_H
#define PISDK_RUN_SESSION_H

#include <signal.h>

#include "remote/fleet.h"

// The exit status when the time is up, as timeout(1) has it.
enum { RUN_TIMED_OUT = 124 };

struct session {
    void *user;
    // One of signals_forwarded (base/signals.h) came; `interrupted` is still that of the one
    // before.
    void (*on_signal)(void *user, int sig);
    void (*on_late)(void *user); // the time is up; called once
    void (*on_beat)(void *user); // every four seconds: what is on the other side ends without it
    // Kept here:
    int sig;            // the last that asks the run to end, or 0
    double interrupted; // when that was, see base/clock.h; 0: never
    double deadline;    // 0: none
    double beaten;
    sigset_t saved;
};

// Holds signals back until session_end. The functions and `user` are set before.
void session_begin(struct session *s);
void session_end(struct session *s);
// From now on, in seconds; 0: no limit.
void session_limit(struct session *s, double timeout);
// For the fleet's on_tick: calls what is due.
void session_tick(struct session *s);
// Serves the fleet until `stop` says so or no session is left.
int session_serve(struct session *s, struct fleet *f, bool (*stop)(void *user),
                  struct err *err) ERR_MUST_CHECK;

#endif
