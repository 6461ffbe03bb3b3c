// SPDX-License-Identifier: MIT
// Boards that are reached by ssh: what the user calls them, and how ssh gets to them.
//
// The list says nothing of what is on a board; remote/facts.h does.
#ifndef PISDK_REMOTE_REMOTES_H
#define PISDK_REMOTE_REMOTES_H

#include "base/err.h"
#include "base/str.h"

// More than any cluster of boards has; a list is foreign text.
enum { REMOTES_MAX = 4096, REMOTE_SLOTS_MAX = 4096, REMOTE_PORT_MAX = 65535 };

// A board under load answers late: a Pi with all its cores busy was seen to take 12 s.
enum { REMOTES_LOGIN_TIMEOUT = 45 };

struct remote {
    char *name;     // as the user calls it; no two have the same
    char *host;     // as ssh understands it: HOST or USER@HOST
    char *peer;     // what the other boards call it
    char *board;    // the name of its kind, see target/board.h; NULL: not said
    char *identity; // file of a private key; NULL: as ssh finds it
    char *from;     // the file that names it; NULL: the command line
    long port;      // 0: ssh's own
    long slots;     // ranks that it takes; 0: not said
};

struct remotes {
    struct remote *items;
    size_t n;
    char *ssh_config;     // a file for ssh -F; NULL: the user's own
    double login_timeout; // seconds for a login; 0: REMOTES_LOGIN_TIMEOUT
    size_t at_once;       // logins at once; 0: as many as sshd bears
    char *folder; // where scripts keep things on the boards; NULL: XDG_DATA_HOME as it is there
};

// Adds the nodes that `host` means: HOST, USER@HOST, with ranges as in pi[1-64] or pi[01-10,15].
// They are at the end of the list, in their order; `peer` is the host without user, what else is
// known of them is for the caller to set. Each is called as the host without user, and up to its
// first dot unless it is an address; `name`, which has as many in its ranges, calls them otherwise
// when it is not NULL. ERR_USAGE when that cannot be a host, or a name is there already; the list
// is as it was then.
int remotes_add(struct remotes *r, const char *name, const char *host,
                struct err *err) ERR_MUST_CHECK;

// Adds a copy of a node of another list. ERR_USAGE as above.
int remotes_copy(struct remotes *r, const struct remote *node, struct err *err) ERR_MUST_CHECK;

// All that a text with ranges means: rack[1-2]-pi[01-04] is rack1-pi01, rack1-pi02, …. A text
// without any is itself. ERR_USAGE when a range is broken, or it is more than REMOTES_MAX.
int remotes_expand(const char *pattern, struct strv *out, struct err *err) ERR_MUST_CHECK;

// How ssh gets to it: port, key and host, as words of ssh(1).
void remote_add_words(const struct remote *node, struct strv *argv);

// The same for a person to type behind ssh or ssh-copy-id: "-p 2222 pi@10.0.0.7". The caller frees
// it.
char *remote_words(const struct remote *node);

struct remote *remotes_find(const struct remotes *r, const char *name); // NULL: there is none
void remotes_release(struct remotes *r);

#endif
