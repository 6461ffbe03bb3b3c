#include "deploy/fanout.h"

#include "base/str.h"

enum {
    DESKTOP_TRIES = 3,
    STARVING_BYTES = 192 << 10, // what is on its way between two boards, at most
    BACKLOG_BYTES = 256 << 10,
};

static const double stall_seconds = 12;    // without a byte, though there are some to be had
static const double settle_seconds = 4;    // before the rate of a feed is believed
static const double patience_seconds = 20; // a first board that takes longer may be the slow one
static const double clearly_slower = 2;    // times longer than who feeds it
static const double clearly_faster = 1.3;
static const double weight = 0.5; // of the newest rate in the average

void fanout_init(struct fanout *f, size_t nodes, uint64_t size)
{
    *f = (struct fanout){.n = nodes, .size = size, .trial = fanout_nobody};
    f->nodes = xcalloc(nodes + 1, sizeof(*f->nodes));
    for (size_t i = 0; i < nodes; i++) {
        f->nodes[i].from = fanout_nobody;
    }
}

void fanout_release(struct fanout *f)
{
    free(f->nodes);
    *f = (struct fanout){0};
}

void fanout_want(struct fanout *f, size_t node, uint64_t have, double now)
{
    struct fanout_node *n = &f->nodes[node];
    *n = (struct fanout_node){.wanted = true, .from = fanout_nobody};
    n->seen = n->since = now;
    n->have = have;
    n->complete = have >= f->size;
}

void fanout_have(struct fanout *f, size_t node, uint64_t have, double now)
{
    struct fanout_node *n = &f->nodes[node];
    if (now > n->seen) {
        double fresh = have > n->have ? (double)(have - n->have) / (now - n->seen) : 0;
        n->rate += weight * (fresh - n->rate);
    }
    if (have > n->have) {
        n->since = now;
        if (n->first == 0) {
            n->first = now;
            n->first_have = have;
        }
    }
    n->have = have;
    n->seen = now;
    n->complete = have >= f->size;
}

static bool is_board(size_t who)
{
    return who != fanout_desktop && who != fanout_nobody;
}

// Does `node` get its bytes by way of `from`?
static bool is_behind(const struct fanout *f, size_t node, size_t from)
{
    for (size_t steps = 0; is_board(node) && steps <= f->n; steps++) {
        if (node == from) {
            return true;
        }
        node = f->nodes[node].from;
    }
    return false;
}

static bool is_attached(const struct fanout *f, size_t node)
{
    for (size_t steps = 0; steps <= f->n; steps++) {
        if (!is_board(node)) {
            return node == fanout_desktop;
        }
        if (f->nodes[node].complete) {
            return f->nodes[node].wanted;
        }
        node = f->nodes[node].from;
    }
    return false;
}

static bool is_bad(const struct fanout_node *n, size_t from)
{
    for (size_t i = 0; i < n->n_bad; i++) {
        if (n->bad[i] == from) {
            return true;
        }
    }
    return false;
}

static size_t count_fed(const struct fanout *f, size_t from)
{
    size_t fed = 0;
    for (size_t i = 0; i < f->n; i++) {
        fed += f->nodes[i].wanted && !f->nodes[i].complete && f->nodes[i].from == from;
    }
    return fed;
}

void fanout_gone(struct fanout *f, size_t node)
{
    f->nodes[node] = (struct fanout_node){.from = fanout_nobody};
    for (size_t i = 0; i < f->n; i++) {
        if (f->nodes[i].from == node) {
            f->nodes[i].from = fanout_nobody;
        }
    }
}

void fanout_failed(struct fanout *f, size_t node)
{
    struct fanout_node *n = &f->nodes[node];
    if (is_board(n->from) && n->n_bad < FANOUT_BAD_MAX) {
        n->bad[n->n_bad++] = n->from;
        f->refused++;
    } else if (n->from == fanout_desktop) {
        n->tries++;
    }
    n->from = fanout_nobody;
}

bool fanout_is_hopeless(const struct fanout *f, size_t node)
{
    return f->nodes[node].tries >= DESKTOP_TRIES;
}

// A board that can feed it: of those that feed fewest, the one that has most; else the desktop.
static size_t choose(const struct fanout *f, size_t node)
{
    const struct fanout_node *n = &f->nodes[node];
    size_t best = fanout_desktop;
    size_t best_fed = 0;
    if (f->direct || n->n_bad == FANOUT_BAD_MAX) {
        return fanout_desktop;
    }
    for (size_t i = 0; i < f->n; i++) {
        const struct fanout_node *c = &f->nodes[i];
        if (i == node || !c->wanted || is_bad(n, i) || is_behind(f, i, node) ||
            !is_attached(f, i)) {
            continue;
        }
        size_t fed = count_fed(f, i);
        if (best == fanout_desktop || fed < best_fed ||
            (fed == best_fed && c->have > f->nodes[best].have)) {
            best = i;
            best_fed = fed;
        }
    }
    return best;
}

static bool feed(struct fanout *f, size_t node, size_t from, double now, struct fanout_feed *out)
{
    struct fanout_node *n = &f->nodes[node];
    *out = (struct fanout_feed){.node = node, .from = from, .instead = n->from};
    n->from = from;
    n->since = n->fed = now;
    return true;
}

static uint64_t has(const struct fanout *f, size_t who)
{
    return is_board(who) ? f->nodes[who].have : f->size;
}

static bool is_stalled(const struct fanout *f, const struct fanout_node *n, double now)
{
    return now - n->since > stall_seconds && has(f, n->from) > n->have;
}

// Bytes a second since the first; 0 when that is not known yet.
static double steady_rate(const struct fanout_node *n)
{
    double time = n->first > 0 ? n->seen - n->first : 0;
    return time > settle_seconds ? (double)(n->have - n->first_have) / time : 0;
}

static double time_left(const struct fanout *f, const struct fanout_node *n)
{
    return n->complete ? 0 : (double)(f->size - n->have) / steady_rate(n);
}

// Is the board that feeds it what it waits for, and not the one before that? Then `from` is who
// could feed it instead.
static bool is_held_up(struct fanout *f, size_t node, size_t *from)
{
    const struct fanout_node *n = &f->nodes[node];
    if (!is_board(n->from)) {
        return false;
    }
    const struct fanout_node *slow = &f->nodes[n->from];
    if (slow->complete || steady_rate(slow) == 0 || slow->have > n->have + STARVING_BYTES ||
        slow->from == fanout_nobody || has(f, slow->from) < slow->have + BACKLOG_BYTES) {
        return false;
    }
    *from = slow->from;
    if (is_board(slow->from)) {
        const struct fanout_node *source = &f->nodes[slow->from];
        return !is_bad(n, slow->from) && count_fed(f, slow->from) < 2 &&
               (source->complete || steady_rate(source) > 0) &&
               time_left(f, slow) > clearly_slower * time_left(f, source) + settle_seconds;
    }
    // Is the first board slow, or the desktop? That shows when the desktop feeds another as well.
    return f->trial == fanout_nobody && time_left(f, slow) > patience_seconds;
}

static bool end_trial(struct fanout *f, double now, struct fanout_feed *out)
{
    const struct fanout_node *n = f->trial == fanout_nobody ? NULL : &f->nodes[f->trial];
    if (!n || (n->from == fanout_desktop && now - f->trial_since < 2 * settle_seconds)) {
        return false;
    }
    size_t node = f->trial;
    bool faster = n->rate > clearly_faster * f->trial_rate;
    if (n->from == fanout_desktop && !n->complete && !faster && is_attached(f, f->trial_from) &&
        !is_behind(f, f->trial_from, node)) {
        f->trial = node; // stays: one is enough to know that the desktop is what is slow
        f->trial_since = now + 1e9;
        return feed(f, node, f->trial_from, now, out);
    }
    if (faster) {
        f->trial = fanout_nobody;
    }
    return false;
}

bool fanout_next(struct fanout *f, double now, struct fanout_feed *out)
{
    if (end_trial(f, now, out)) {
        return true;
    }
    for (size_t i = 0; i < f->n; i++) {
        struct fanout_node *n = &f->nodes[i];
        size_t other;
        if (!n->wanted || n->complete || fanout_is_hopeless(f, i)) {
            continue;
        }
        if (n->from == fanout_nobody) {
            return feed(f, i, choose(f, i), now, out);
        }
        if (is_stalled(f, n, now)) {
            size_t old = n->from;
            fanout_failed(f, i);
            size_t next = choose(f, i);
            n->from = old;
            return feed(f, i, next, now, out);
        }
        if (is_held_up(f, i, &other)) {
            if (!is_board(other)) {
                f->trial = i;
                f->trial_from = n->from;
                f->trial_rate = steady_rate(&f->nodes[n->from]);
                f->trial_since = now;
            }
            return feed(f, i, other, now, out);
        }
    }
    return false;
}
