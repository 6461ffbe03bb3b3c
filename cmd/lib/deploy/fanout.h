// Who passes a pack on to whom.
//
// Boards are fed in a chain: the desktop feeds the first one, which feeds the second while it still
// receives, and so on, so that each cable carries the pack once in each direction and all boards
// have it a moment after the first. Feeds are moved when one fails, stalls, or when a slow board
// holds up those behind it. This is the plan only: the caller reports what the boards have, and
// starts the feeds that it is told.
#ifndef PISDK_DEPLOY_FANOUT_H
#define PISDK_DEPLOY_FANOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FANOUT_BAD_MAX = 2 }; // boards that fail to feed one before the desktop does it

static const size_t fanout_desktop = SIZE_MAX - 1;
static const size_t fanout_nobody = SIZE_MAX;

struct fanout_node {
    bool wanted;   // takes part
    bool complete; // has all of it
    uint64_t have; // bytes
    size_t from;   // who feeds it
    double since;  // when that began, or when bytes came last
    double fed;    // when the feed began
    double seen;   // when `have` was reported last
    double rate;   // bytes a second, lately
    double first;  // when the first byte of this connection had come; 0: none has
    uint64_t first_have;
    size_t bad[FANOUT_BAD_MAX]; // who failed to feed it
    size_t n_bad;
    int tries; // of the desktop
};

struct fanout {
    struct fanout_node *nodes;
    size_t n;
    uint64_t size;  // of the pack
    bool direct;    // boards feed nobody
    size_t refused; // feeds between boards that failed
    size_t trial;   // a board that the desktop feeds to see whether that is faster; or nobody
    double trial_rate, trial_since;
    size_t trial_from;
};

struct fanout_feed {
    size_t node;
    size_t from;
    size_t instead; // of this one, whose feed shall stop; or nobody
};

void fanout_init(struct fanout *f, size_t nodes, uint64_t size);
void fanout_release(struct fanout *f);

// Times are seconds that only go forward (base/clock.h).
void fanout_want(struct fanout *f, size_t node, uint64_t have, double now);
void fanout_have(struct fanout *f, size_t node, uint64_t have, double now);
void fanout_gone(struct fanout *f, size_t node);   // neither takes nor gives any more
void fanout_failed(struct fanout *f, size_t node); // its feed ended before it had all

// The next feed to start; false when there is none for now. A node that nobody can feed any more is
// `hopeless`.
bool fanout_next(struct fanout *f, double now, struct fanout_feed *out);
bool fanout_is_hopeless(const struct fanout *f, size_t node);

#endif
