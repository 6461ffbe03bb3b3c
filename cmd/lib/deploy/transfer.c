// SPDX-License-Identifier: MIT
#include "deploy/transfer.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"

enum {
    TRIES = 6,         // feeds in a row that fail, with pauses of 1, 2, 4, … seconds between them
    REFUSED_MAX = 2,   // boards that a board does not let in before the desktop feeds it
    FEEDS_MAX = 4,     // of one source at once
    BACKLOG = 2,       // pieces that a source has and a slow board has not
    TRIAL_PIECES = 2,  // until it is known whether a feed is faster
    TRIAL_LEFT = 8,    // pieces: it costs some of them
    MOVES_DOUBLE = 10, // times that patience doubles
};

static const double patience = 20;       // seconds without a piece, on top of what a piece takes
static const double pieces_patience = 3; // times the time of a piece
static const double trial_worth = 60;    // seconds that are left
static const double clearly_slower = 2;  // times
static const double clearly_faster = 0.7;
static const double grace = 2; // between the end of a feed and the news of its last piece
static const double weight = 0.5;

void transfer_init(struct transfer *t, size_t nodes, size_t pieces, size_t at_once)
{
    *t = (struct transfer){
        .n = nodes, .pieces = pieces, .at_once = at_once, .trial = transfer_nobody};
    t->boards = xcalloc(nodes + 1, sizeof(*t->boards));
    for (size_t i = 0; i < nodes; i++) {
        t->boards[i].has = xcalloc(pieces + 1, sizeof(*t->boards[i].has));
        t->boards[i].feed = transfer_nobody;
    }
}

void transfer_release(struct transfer *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->boards[i].has);
    }
    free(t->boards);
    free(t->feeds);
    *t = (struct transfer){0};
}

static bool is_board(size_t who)
{
    return who != transfer_desktop && who != transfer_nobody;
}

bool transfer_is_complete(const struct transfer *t, size_t node)
{
    return t->boards[node].wanted && t->boards[node].have == t->pieces;
}

bool transfer_is_hopeless(const struct transfer *t, size_t node)
{
    return t->boards[node].wanted && t->boards[node].failed >= TRIES;
}

size_t transfer_source(const struct transfer *t, size_t node)
{
    size_t feed = t->boards[node].feed;
    return feed == transfer_nobody ? transfer_nobody : t->feeds[feed].from;
}

// --- What is reported ----------------------------------------------------------------------------

static void drop_feed(struct transfer *t, size_t node)
{
    struct transfer_board *b = &t->boards[node];
    if (b->feed != transfer_nobody) {
        t->feeds[b->feed].runs = false;
        b->feed = transfer_nobody;
    }
}

void transfer_gone(struct transfer *t, size_t node)
{
    struct transfer_board *b = &t->boards[node];
    drop_feed(t, node);
    b->wanted = false;
    for (size_t i = 0; i < t->pieces; i++) {
        b->has[i] = false;
    }
    b->have = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (transfer_source(t, i) == node) {
            drop_feed(t, i);
        }
    }
}

void transfer_want(struct transfer *t, size_t node, bool fed, double now)
{
    struct transfer_board *b = &t->boards[node];
    transfer_gone(t, node);
    *b = (struct transfer_board){
        .wanted = true, .fed = fed, .has = b->has, .feed = transfer_nobody, .since = now};
}

bool transfer_got(struct transfer *t, size_t node, size_t piece, double now)
{
    struct transfer_board *b = &t->boards[node];
    if (!b->wanted || piece >= t->pieces || b->has[piece]) {
        return false;
    }
    b->has[piece] = true;
    b->have++;
    if (b->proved) { // the first of a feed says more about the login
        b->interval += b->interval > 0 ? weight * (now - b->since - b->interval) : now - b->since;
    }
    b->since = now;
    b->failed = 0;
    if (b->feed != transfer_nobody) {
        b->proved = true;
        if (is_board(t->feeds[b->feed].from)) {
            t->boards[t->feeds[b->feed].from].useful = true;
        }
    }
    if (b->have == t->pieces) {
        drop_feed(t, node);
    }
    return true;
}

void transfer_opened(struct transfer *t, size_t feed, double now)
{
    if (feed < t->n_feeds && t->feeds[feed].runs) {
        t->feeds[feed].open = true;
        t->boards[t->feeds[feed].node].since = now;
    }
}

void transfer_ended(struct transfer *t, size_t feed, enum transfer_end how, double now)
{
    if (feed >= t->n_feeds || !t->feeds[feed].runs) {
        return;
    }
    size_t from = t->feeds[feed].from;
    struct transfer_board *b = &t->boards[t->feeds[feed].node];
    drop_feed(t, t->feeds[feed].node);
    if (how == TRANSFER_OK) {
        b->rest_until = now + grace;
        return;
    }
    if (how == TRANSFER_REFUSED && is_board(from)) {
        b->refused++;
        t->refused++;
        t->boards[from].useless = !t->boards[from].useful;
        return; // the next one at once
    }
    b->rest_until = now + (double)(1 << b->failed);
    b->failed++;
}

// --- Who could feed it ---------------------------------------------------------------------------

// Does `node` get its pieces by way of `from`? Feeds make no circle, so this ends.
static bool is_behind(const struct transfer *t, size_t node, size_t from)
{
    while (is_board(node)) {
        if (node == from) {
            return true;
        }
        node = transfer_source(t, node);
    }
    return false;
}

// Has it all, or gets it?
static bool is_attached(const struct transfer *t, size_t node)
{
    while (is_board(node)) {
        if (transfer_is_complete(t, node)) {
            return true;
        }
        node = transfer_source(t, node);
    }
    return node == transfer_desktop;
}

static size_t count_fed(const struct transfer *t, size_t from)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        n += transfer_source(t, i) == from;
    }
    return n;
}

static bool could_feed(const struct transfer *t, size_t from, size_t node)
{
    const struct transfer_board *b = &t->boards[node];
    if (from == transfer_desktop) {
        return count_fed(t, from) < FEEDS_MAX;
    }
    const struct transfer_board *f = &t->boards[from];
    return from != node && !t->direct && f->wanted && !f->useless && b->refused < REFUSED_MAX &&
           !transfer_is_hopeless(t, from) && is_attached(t, from) && !is_behind(t, from, node) &&
           count_fed(t, from) < FEEDS_MAX;
}

// Of the boards that can, one that feeds fewest, and of those the one that has most. After some
// failures by boards, and where there is no board, the desktop.
static size_t choose(const struct transfer *t, size_t node, size_t other_than)
{
    size_t best = transfer_nobody;
    size_t best_fed = 0;
    for (size_t i = 0; i < t->n && t->boards[node].failed < TRIES / 2; i++) {
        if (i == other_than || !could_feed(t, i, node)) {
            continue;
        }
        size_t fed = count_fed(t, i);
        if (best == transfer_nobody || fed < best_fed ||
            (fed == best_fed && t->boards[i].have > t->boards[best].have)) {
            best = i;
            best_fed = fed;
        }
    }
    if (best == transfer_nobody && other_than != transfer_desktop &&
        could_feed(t, transfer_desktop, node)) {
        return transfer_desktop;
    }
    return best;
}

// --- Feeds that are slow -------------------------------------------------------------------------

static size_t has(const struct transfer *t, size_t who)
{
    return is_board(who) ? t->boards[who].have : t->pieces;
}

// The longest time that a piece takes anywhere: what is waited for is not given up sooner.
static double slowest(const struct transfer *t)
{
    double most = 0;
    for (size_t i = 0; i < t->n; i++) {
        most = t->boards[i].interval > most ? t->boards[i].interval : most;
    }
    return most;
}

static bool is_overdue(const struct transfer *t, const struct transfer_board *b, double now)
{
    double wait = patience + pieces_patience * slowest(t);
    return now - (b->since > b->offered ? b->since : b->offered) >
           wait * (double)(1 << (b->moved < MOVES_DOUBLE ? b->moved : MOVES_DOUBLE));
}

// A source that has more than this board, which has waited too long; nobody when there is none.
static size_t find_better(const struct transfer *t, size_t node, double now)
{
    const struct transfer_board *b = &t->boards[node];
    size_t from = transfer_source(t, node);
    if (!is_overdue(t, b, now) || has(t, from) <= b->have) {
        return transfer_nobody; // who feeds it waits as well
    }
    size_t other = choose(t, node, from);
    return other != transfer_nobody && has(t, other) > b->have ? other : transfer_nobody;
}

// Is the board that feeds it slower than who feeds that one? Then it can be left out.
static size_t find_bypass(const struct transfer *t, size_t node, double now)
{
    const struct transfer_board *b = &t->boards[node];
    size_t from = transfer_source(t, node);
    size_t source = is_board(from) ? transfer_source(t, from) : transfer_nobody;
    if (!is_board(source) || !could_feed(t, source, node)) {
        return transfer_nobody;
    }
    const struct transfer_board *slow = &t->boards[from];
    double usual = t->boards[source].interval;
    if (usual == 0 || !slow->proved || has(t, source) < slow->have + BACKLOG ||
        b->have + 1 < slow->have) { // it is slow itself
        return transfer_nobody;
    }
    bool slower = slow->interval > clearly_slower * usual ||
                  now - slow->since > patience / 2 + pieces_patience * usual;
    double wait = 1 + pieces_patience * usual;
    return slower && now - b->since > wait * (double)(1 << b->moved) ? source : transfer_nobody;
}

// The first board may be slow, or the desktop's cable. That shows when the desktop feeds the second
// board as well, which is tried once, when there is much to win.
static bool begin_trial(struct transfer *t, size_t node, double now)
{
    size_t first = transfer_source(t, node);
    if (t->trial != transfer_nobody || !is_board(first) ||
        transfer_source(t, first) != transfer_desktop) {
        return false;
    }
    const struct transfer_board *f = &t->boards[first];
    size_t left = t->pieces - f->have;
    if (left < TRIAL_LEFT || (double)left * f->interval < trial_worth ||
        !could_feed(t, transfer_desktop, node)) {
        return false;
    }
    t->trial = node;
    t->trial_for = first;
    t->trial_interval = f->interval;
    t->trial_since = now;
    t->trial_have = t->boards[node].have;
    return true;
}

// When the desktop is not faster for the second board, that one goes back to the first: the source;
// nobody while nothing is to be changed.
static size_t end_trial(struct transfer *t, size_t node, double now)
{
    const struct transfer_board *b = &t->boards[node];
    size_t first = t->trial == node ? t->trial_for : transfer_nobody;
    bool over = b->have >= t->trial_have + TRIAL_PIECES ||
                now - t->trial_since > patience + TRIAL_PIECES * t->trial_interval;
    if (first == transfer_nobody || !over) {
        return transfer_nobody;
    }
    t->trial_for = transfer_nobody; // decided
    bool faster = b->interval > 0 && b->interval < clearly_faster * t->trial_interval;
    return !faster && transfer_source(t, node) == transfer_desktop && could_feed(t, first, node)
               ? first
               : transfer_nobody;
}

// --- Steps ---------------------------------------------------------------------------------------

static bool start(struct transfer *t, size_t node, size_t from, double now,
                  struct transfer_step *out)
{
    struct transfer_board *b = &t->boards[node];
    out->stop = b->feed;
    drop_feed(t, node);
    VEC_GROW(t->feeds, t->n_feeds);
    t->feeds[t->n_feeds] = (struct transfer_feed){.node = node, .from = from, .runs = true};
    b->feed = out->start = t->n_feeds++;
    b->since = now;
    b->interval = 0;
    b->proved = false;
    return true;
}

static size_t count_logins(const struct transfer *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        n += t->boards[i].feed != transfer_nobody && !t->feeds[t->boards[i].feed].open;
    }
    return n;
}

static bool step(struct transfer *t, size_t node, double now, struct transfer_step *out)
{
    struct transfer_board *b = &t->boards[node];
    if (b->feed == transfer_nobody) {
        if (now < b->rest_until || count_logins(t) >= t->at_once) {
            return false;
        }
        size_t from = choose(t, node, transfer_nobody);
        return from != transfer_nobody && start(t, node, from, now, out);
    }
    if (has(t, t->feeds[b->feed].from) <= b->have) {
        b->offered = now; // it waits for its source, which is not that one's fault
    }
    size_t other = end_trial(t, node, now);
    if (other != transfer_nobody) {
        return start(t, node, other, now, out);
    }
    if (begin_trial(t, node, now)) {
        return start(t, node, transfer_desktop, now, out);
    }
    other = find_better(t, node, now);
    other = other == transfer_nobody ? find_bypass(t, node, now) : other;
    if (other != transfer_nobody) {
        b->moved += b->moved < MOVES_DOUBLE;
        return start(t, node, other, now, out);
    }
    return false;
}

bool transfer_next(struct transfer *t, double now, struct transfer_step *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct transfer_board *b = &t->boards[i];
        if (b->wanted && b->fed && !transfer_is_complete(t, i) && !transfer_is_hopeless(t, i) &&
            step(t, i, now, out)) {
            return true;
        }
    }
    return false;
}
