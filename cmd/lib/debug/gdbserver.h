// A program that gdbserver debugs on a board, reached by the user's OpenSSH.
//
// The program is copied to a folder of its own below /tmp on the board, which is removed
// afterwards. Nothing else is changed there; gdbserver must be installed.
#ifndef PISDK_DEBUG_NODE_H
#define PISDK_DEBUG_NODE_H

#include "pisdk/app.h"

struct debug_node {
    char *host;
    struct strv ssh; // the command that leads there, without the one there
    char *folder;    // on the board
    char *remote;    // for gdb's `target remote`
};

// `node` is the name of a node of the project, or what ssh understands. ERR_NOT_FOUND when the
// board has no gdbserver.
int debug_node_open(struct app *app, const char *node, const char *program, const struct strv *args,
                    struct debug_node *out, struct err *err) ERR_MUST_CHECK;
// Removes the copy.
void debug_node_close(struct debug_node *n);

#endif
