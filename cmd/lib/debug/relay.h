// SPDX-License-Identifier: MIT
// Between a debugger and a stub of gdb's remote protocol.
#ifndef PISDK_DEBUG_RELAY_H
#define PISDK_DEBUG_RELAY_H

#include <stdbool.h>

#include "base/err.h"

struct relay {
    int in, out; // the debugger's side
    int stub;    // a socket
    // Called for the debugger's Ctrl-C, which is not passed on.
    void (*interrupt)(void *user);
    bool (*stopped)(void *user); // asked some times a second; true: end
    void *user;
};

// Passes on what both say until one of them is gone: true when that is the stub, whose program has
// ended.
bool relay_run(const struct relay *r);

// Listens on 127.0.0.1, at `port`. The descriptor is the caller's. ERR_FAILED when the port is
// used.
int relay_listen(long port, struct err *err) ERR_MUST_CHECK;
// Waits for one debugger; -1 with errno 0 when `stopped` says so first.
int relay_accept(int listening, bool (*stopped)(void *user), void *user);
// Connects to a Unix socket.
int relay_connect(const char *path, struct err *err) ERR_MUST_CHECK;

#endif
