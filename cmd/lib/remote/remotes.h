// Boards that are reached by ssh: what the user calls them, and how ssh gets to them.
//
// The list says nothing of what is on a board; remote/facts.h does.
#ifndef PISDK_REMOTE_REMOTES_H
#define PISDK_REMOTE_REMOTES_H

#include "base/err.h"
#include "base/str.h"

// More than any cluster of boards has; a list is foreign text.
enum { REMOTES_MAX = 4096, REMOTE_SLOTS_MAX = 4096 };

struct remote {
    char *name;     // as the user calls it; no two have the same
    char *host;     // as ssh understands it: HOST or USER@HOST
    char *peer;     // what the other boards call it
    char *board;    // the name of its kind, see target/board.h; NULL: not said
    char *identity; // file of a private key; NULL: as ssh finds it
    long port;      // 0: ssh's own
    long slots;     // ranks that it takes; 0: not said
};

struct remotes {
    struct remote *items;
    size_t n;
    char *ssh_config; // a file for ssh -F; NULL: the user's own
};

// Adds the nodes that `host` means: HOST, USER@HOST, with ranges as in pi[1-64] or pi[01-10,15].
// Each is called as the host without user, and up to its first dot unless it is an address; `name`,
// which has the same ranges when it has any, calls them otherwise when it is not NULL. ERR_USAGE
// when that cannot be a host, or a name is there already.
int remotes_add(struct remotes *r, const char *name, const char *host,
                struct err *err) ERR_MUST_CHECK;

struct remote *remotes_find(const struct remotes *r, const char *name); // NULL: there is none
void remotes_release(struct remotes *r);

#endif
