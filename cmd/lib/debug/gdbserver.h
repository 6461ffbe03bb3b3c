// SPDX-License-Identifier: MIT
// A program that gdbserver debugs on a board, reached by the user's OpenSSH.
//
// The program is copied to a folder of its own below /tmp on the board, which is removed
// afterwards. Nothing else is changed there; gdbserver must be installed.
#ifndef PISDK_DEBUG_GDBSERVER_H
#define PISDK_DEBUG_GDBSERVER_H

#include "remote/remotes.h"

struct gdbserver {
    char *host;
    struct strv ssh; // the command that leads there, without the one there
    char *folder;    // on the board
    char *remote;    // for gdb's `target remote`
};

// `scripts` is the folder toolchain/remote. ERR_NOT_FOUND when the board has no gdbserver.
int gdbserver_open(const struct remote *board, const char *scripts, const char *program,
                   const struct strv *args, struct gdbserver *out, struct err *err) ERR_MUST_CHECK;
// Removes the copy.
void gdbserver_close(struct gdbserver *n);

#endif
