// SPDX-License-Identifier: MIT
// Signals between pisdk and the programs that it starts.
#ifndef PISDK_BASE_SIGNALS_H
#define PISDK_BASE_SIGNALS_H

#include <signal.h>

// The status of a program that a signal ended is this plus the signal's number, as shells have it.
enum { PROC_SIGNALED = 128 };

// Such a status, from what waitpid(2) gave.
int signals_status(int wait_status);

// Those that pisdk passes on: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2. For whoever
// waits for a child with sigwaitinfo(2).
void signals_forwarded(sigset_t *set);

#endif
