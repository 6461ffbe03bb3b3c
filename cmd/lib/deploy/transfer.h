// SPDX-License-Identifier: MIT
// The plan of a transfer: which board gets its pieces from whom.
//
// What is deployed is cut into pieces that are named by their SHA-256. A board takes pieces from
// whoever sends them, keeps what has the right hash, and says which it has; so nothing that is done
// here can make a board wrong, only slow. A feed is a login by which one board, or the desktop,
// gives another what that one asks for, also pieces that it still receives itself.
//
// The boards form a chain: the desktop feeds the first, which feeds the second while it receives,
// and so on, so that each cable carries the pieces about once in each direction. A feed that fails
// is tried again, later each time; one between boards that is refused is replaced by another board,
// at last by the desktop. A feed that gives nothing although it could, or whose source is slow
// itself, is moved when there is a better source, more patiently each time.
//
// This is the plan only, without clocks, processes or network: the caller reports what happens, and
// does what it is told. Times are seconds that only go forward (base/clock.h).
#ifndef PISDK_DEPLOY_TRANSFER_H
#define PISDK_DEPLOY_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static const size_t transfer_desktop = SIZE_MAX - 1;
static const size_t transfer_nobody = SIZE_MAX;

enum transfer_end {
    TRANSFER_OK,      // the board says that it lacks nothing
    TRANSFER_FAILED,  // the login or the connection failed
    TRANSFER_REFUSED, // and will fail again: no key, no ssh
};

struct transfer_board {
    bool wanted, fed;  // takes part; by feeds
    bool *has;         // a piece each
    size_t have;       // how many
    size_t feed;       // number of the feed that it gets; transfer_nobody: none
    double since;      // when that began, or a piece came last
    double offered;    // from when on its source has had more than it
    bool proved;       // a piece came by this feed
    double interval;   // seconds between pieces, lately; 0: not known
    double rest_until; // no feed before
    int failed;        // feeds in a row
    int moved;         // feeds that were given up since they were slow
    int refused;       // boards that it did not let in
    bool useless;      // it was refused and never let in: it feeds nobody
    bool useful;       // it fed somebody
};

struct transfer_feed {
    size_t node, from; // from: a board, or transfer_desktop
    bool runs, open;
};

struct transfer {
    struct transfer_board *boards;
    size_t n, pieces;
    struct transfer_feed *feeds; // all there ever were, by number
    size_t n_feeds;
    size_t at_once;   // logins that are under way
    bool direct;      // boards feed nobody
    size_t refused;   // feeds between boards that were refused
    size_t trial;     // a board that the desktop feeds to see whether that is faster; or nobody
    size_t trial_for; // the feed that it had
    double trial_interval, trial_since;
    size_t trial_have;
};

// What to do: start feed `start`, after stopping feed `stop`; either may be transfer_nobody.
struct transfer_step {
    size_t start, stop;
};

void transfer_init(struct transfer *t, size_t nodes, size_t pieces, size_t at_once);
void transfer_release(struct transfer *t);

// The board takes part, also when it did before and was lost: it has nothing yet. One that is not
// `fed` gets its pieces otherwise.
void transfer_want(struct transfer *t, size_t node, bool fed, double now);
// It has this piece, whoever gave it. False when that was known.
bool transfer_got(struct transfer *t, size_t node, size_t piece, double now);
// It neither takes nor gives any more. Its feeds are not heard of again.
void transfer_gone(struct transfer *t, size_t node);
// The login of a feed has succeeded.
void transfer_opened(struct transfer *t, size_t feed, double now);
// A feed is over. One that was stopped, or was not told of, is passed over.
void transfer_ended(struct transfer *t, size_t feed, enum transfer_end how, double now);

bool transfer_is_complete(const struct transfer *t, size_t node);
// It takes part, and has failed so often that it is not tried again.
bool transfer_is_hopeless(const struct transfer *t, size_t node);
// Who feeds it: a board, transfer_desktop or transfer_nobody.
size_t transfer_source(const struct transfer *t, size_t node);

// What to do next; false when there is nothing for now.
bool transfer_next(struct transfer *t, double now, struct transfer_step *out);

#endif
