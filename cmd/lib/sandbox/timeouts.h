// SPDX-License-Identifier: MIT
// The timeouts of sockets, of which QEMU 10.0 tells a program nothing.
//
// Its getsockopt(2) of SO_RCVTIMEO and SO_SNDTIMEO succeeds, but gives no byte of the answer
// (linux-user, do_getsockopt: the length is set to 0 where the destination is *not* NULL). Open MPI
// keeps what it asked for and sets it again when a connection is made; with what happened to be
// there the kernel refuses that (EDOM, EINVAL), and the ranks wait for each other for ever. Told
// that there is no such option (ENOPROTOOPT), it does without. That is what the kernel is made to
// say here, by a seccomp filter.
#ifndef PISDK_SANDBOX_TIMEOUTS_H
#define PISDK_SANDBOX_TIMEOUTS_H

#include <stdbool.h>

#include "base/err.h"

// Does this QEMU do so? It is asked: a program of a few instructions takes 4 ms. `qemu` is its
// path. Of one that does not run at all, no.
bool timeouts_are_lost(const char *qemu);

// From now on, this process and all its children are told that there are no such options. They get
// no new privileges either (PR_SET_NO_NEW_PRIVS).
int timeouts_refuse(struct err *err) ERR_MUST_CHECK;

#endif
