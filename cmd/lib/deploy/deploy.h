// SPDX-License-Identifier: MIT
// Puts a release on boards: all of them, or none.
//
// On a board, all is below ~/.local/share/pisdk/NAME (or XDG_DATA_HOME):
//
//     releases/ID/     a release that was checked, file by file; ID is made of its content
//     current          the link that says which one counts
//     history          a line each time that it was changed: ID, date, by whom
//     work/            where programs run: links to what is in `current`, and what they write
//     incoming/        pieces that are on their way (deploy/transfer.h)
//     lock, beat       a deploy that is going on, and its sign of life
//
// Two phases: first the release is brought to every board, unpacked beside the others and checked;
// only when all have it, `current` is switched everywhere, by a rename. A deploy that ends in
// between, however that happens, leaves `current` what it was, and the next one goes on with what
// is there. A release that was checked is never written to again, and shares no file with another.
// What runs on the boards is toolchain/remote/deploy.sh.
#ifndef PISDK_DEPLOY_DEPLOY_H
#define PISDK_DEPLOY_DEPLOY_H

#include "base/err.h"
#include "base/log.h"
#include "deploy/payload.h"
#include "remote/remotes.h"

enum deploy_state {
    DEPLOY_CONNECTING,
    DEPLOY_WAITING,   // for another deploy
    DEPLOY_CONNECTED, // and ours: nobody else deploys there
    DEPLOY_ASKED,
    DEPLOY_ANSWERED,
    DEPLOY_PREPARING,
    DEPLOY_RECEIVING,
    DEPLOY_CHECKING,
    DEPLOY_READY,
    DEPLOY_SWITCHING,
    DEPLOY_DONE,
    DEPLOY_SHARED, // another board's home is its own as well
    DEPLOY_FAILED,
};

// A change of `current` on a board.
struct deploy_event {
    char id[PAYLOAD_ID + 1];
    char *at, *who;
};

struct deploy_board {
    const char *name; // the node's
    enum deploy_state state;
    char current[PAYLOAD_ID + 1]; // "" when there is none
    struct strv releases;         // all that are there
    struct deploy_event *history; // oldest first; only where it was asked for
    size_t n_history;
    bool switched;       // `current` was changed
    bool sent;           // something was sent
    uint64_t have, size; // bytes of what is sent
    double rate;         // bytes a second
    // What `about` asks for:
    long cores;
    char *address;           // the one that the desktop reached it by; "-" when that is not known
    struct strv networks;    // "eth0/00004D0A/0000FFFF": interface, network, mask, as in route(8)'s
                             // file /proc/net/route
    struct strv differences; // of the current release: lines of `differences` in deploy.sh
    char *from;              // who sent it: nodes, "desktop"; "" while that is not known
    struct err err;          // when it failed
};

struct deploy_options {
    const struct remotes *nodes;
    const char *name;    // the project's
    const char *cache;   // the folder that releases are kept in
    const char *scripts; // the folder of the boards' scripts
    const char *who;     // for the others: user@machine
    const char *date;    // for the history: the desktop's, since boards have no clock of their own
    size_t keep;         // releases that stay
    bool partial;        // switch those that are ready, though others failed
    bool about;          // ask for cores and networks as well
    bool direct;         // boards do not pass anything on
    bool again;          // send what a board has already, where that differs
    struct log *log;

    // The check before anything is sent: commands of the shell for the boards (NULL: none), whose
    // answer `check` gets, for every board. It returns how many things do not fit, or -1.
    const char *question;
    int (*check)(void *user, size_t node, const char *answer, struct err *err);
    // Called some times a second.
    void (*on_progress)(void *user, const struct deploy_board *boards, size_t n);
    void *user;
};

struct deploy_result {
    struct deploy_board *boards; // one a node
    size_t n;
    char id[PAYLOAD_ID + 1];
    size_t refused; // times that a board could not pass it on to another
    bool switched;  // phase two was reached
};

// The result is there, and the caller's to release, also when this fails. ERR_NODES: some of the
// boards failed, see each one's `err`. ERR_VERIFY: what was to be deployed does not fit a board.
// The release must be kept in the cache.
int deploy_release(const struct deploy_options *o, const struct payload *release,
                   struct deploy_result *out, struct err *err) ERR_MUST_CHECK;

// Switches all boards to the release that starts with `id`, or, when it is NULL, to the one that
// was current before. ERR_NOT_FOUND when a board does not have it.
int deploy_rollback(const struct deploy_options *o, const char *id, struct deploy_result *out,
                    struct err *err) ERR_MUST_CHECK;

// Removes everything of the project from the boards.
int deploy_remove(const struct deploy_options *o, struct deploy_result *out,
                  struct err *err) ERR_MUST_CHECK;

// Compares each board's current release with what was deployed, file by file: `differences`.
// Changes nothing.
int deploy_verify(const struct deploy_options *o, struct deploy_result *out,
                  struct err *err) ERR_MUST_CHECK;

// What there is, with histories. Changes nothing.
int deploy_list(const struct deploy_options *o, struct deploy_result *out,
                struct err *err) ERR_MUST_CHECK;

void deploy_result_release(struct deploy_result *r);

// "receiving", "failed", …
const char *deploy_state_name(enum deploy_state state);

#endif
