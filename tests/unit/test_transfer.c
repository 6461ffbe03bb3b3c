// SPDX-License-Identifier: MIT
// The plan of a transfer, on boards, cables and logins that are only numbers here: what each can
// take a second, and what happens to them. Each schedule is made by a random number that is printed
// when it fails; `test_transfer SEED` runs that one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "deploy/transfer.h"
#include "unit.h"

enum { BOARDS_MAX = 16, PIECES_MAX = 16, FEEDS_MAX = 20000, SCHEDULES = 100000 };

static const double step_seconds = 0.5;
static const double end_of_time = 6000; // seconds in which any schedule must be over
static const double never = 1e9;

struct cable {
    double rate;  // pieces a second
    double taken; // in this step
};

struct model_board {
    bool has[PIECES_MAX]; // what is really there
    struct cable in, out;
    double dies, returns; // when
    bool alive, known;    // known: the desktop has heard from it
    bool deaf;            // other boards' logins are refused
    bool mute;            // its own logins to others are refused
    double done;          // when it had all
};

// What goes on in a feed, which may outlive its being stopped.
struct model_feed {
    double opens, fails; // when
    double hangs;        // from then on nothing comes
    double stops;        // when it notices that it was stopped
    size_t piece;        // under way
    double part;         // of it
    bool runs, open;
    bool asked_twice;
};

struct outcome {
    double at;
    enum { NEWS_GOT, NEWS_OPENED, NEWS_ENDED } what;
    size_t node, piece, feed;
    enum transfer_end how;
};

struct model {
    struct transfer t;
    unsigned long long random;
    struct model_board boards[BOARDS_MAX];
    struct model_feed *feeds;
    struct outcome *news;
    size_t n, pieces, n_news;
    struct cable uplink;
    double now, trouble, sent; // trouble: how likely things go wrong, 0 to 1
};

static unsigned draw(struct model *m, unsigned below)
{
    m->random ^= m->random << 13; // xorshift64
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return below ? (unsigned)((m->random >> 11) % below) : 0;
}

static bool happens(struct model *m, double chance)
{
    return draw(m, 1000) < chance * m->trouble * 1000;
}

static void report(struct model *m, struct outcome news)
{
    if (happens(m, 0.2)) { // late
        news.at += draw(m, 40);
    }
    VEC_GROW(m->news, m->n_news);
    m->news[m->n_news++] = news;
    if (news.what == NEWS_GOT && happens(m, 0.1)) { // twice
        VEC_GROW(m->news, m->n_news);
        m->news[m->n_news++] = news;
    }
}

static void deliver_news(struct model *m)
{
    for (size_t i = 0; i < m->n_news; i++) {
        struct outcome n = m->news[i];
        if (n.at > m->now) {
            continue;
        }
        m->news[i--] = m->news[--m->n_news];
        switch (n.what) {
        case NEWS_GOT:
            if (m->boards[n.node].alive && m->boards[n.node].known) {
                assert_true(m->boards[n.node].has[n.piece]);
                (void)!transfer_got(&m->t, n.node, n.piece, m->now);
            }
            break;
        case NEWS_OPENED:
            transfer_opened(&m->t, n.feed, m->now);
            break;
        case NEWS_ENDED:
            transfer_ended(&m->t, n.feed, n.how, m->now);
            break;
        }
    }
}

static void end_feed(struct model *m, size_t feed, enum transfer_end how)
{
    m->feeds[feed].runs = false;
    report(m, (struct outcome){.at = m->now, .what = NEWS_ENDED, .feed = feed, .how = how});
}

static bool source_has(const struct model *m, size_t from, size_t piece)
{
    return from == transfer_desktop || m->boards[from].has[piece];
}

// The next piece that its board lacks, after `after`; `pieces` when there is none.
static size_t next_piece(const struct model *m, const struct model_board *b, size_t after)
{
    while (after < m->pieces && b->has[after]) {
        after++;
    }
    return after;
}

static double take(struct cable *c, double wanted, size_t shares)
{
    double rest = c->rate * step_seconds / (double)(shares ? shares : 1);
    return wanted < rest ? wanted : rest;
}

static size_t count_moving(const struct model *m, size_t from)
{
    size_t n = 0;
    for (size_t i = 0; i < m->t.n_feeds; i++) {
        n += m->feeds[i].runs && m->feeds[i].open && m->t.feeds[i].from == from &&
             source_has(m, from, m->feeds[i].piece);
    }
    return n;
}

static void finish_piece(struct model *m, size_t feed)
{
    struct model_feed *f = &m->feeds[feed];
    size_t node = m->t.feeds[feed].node;
    struct model_board *b = &m->boards[node];
    f->part = 0;
    if (happens(m, 0.05)) { // it has another hash than it should
        f->piece = next_piece(m, b, f->piece + 1);
    } else {
        if (!b->has[f->piece]) {
            b->has[f->piece] = true;
            report(m, (struct outcome){
                          .at = m->now, .what = NEWS_GOT, .node = node, .piece = f->piece});
        }
        f->piece = next_piece(m, b, f->piece);
    }
    if (f->piece == m->pieces) { // the end of what it asked for
        f->piece = next_piece(m, b, 0);
        if (f->piece == m->pieces) {
            b->done = m->now;
            end_feed(m, feed, TRANSFER_OK);
        } else if (f->asked_twice) {
            end_feed(m, feed, TRANSFER_FAILED);
        }
        f->asked_twice = true;
    }
}

static void run_feed(struct model *m, size_t feed)
{
    struct model_feed *f = &m->feeds[feed];
    size_t from = m->t.feeds[feed].from;
    struct model_board *b = &m->boards[m->t.feeds[feed].node];
    if (from != transfer_desktop && !m->boards[from].alive) {
        f->runs = false; // nobody is there to say so
        return;
    }
    if (!b->alive || m->now >= f->fails || m->now >= f->stops) {
        end_feed(m, feed, TRANSFER_FAILED);
        return;
    }
    if (!f->open) {
        bool refused =
            from != transfer_desktop && (b->deaf || m->boards[from].mute) && m->now >= f->opens;
        if (refused) {
            end_feed(m, feed, TRANSFER_REFUSED);
        } else if (m->now >= f->opens) {
            f->open = true;
            f->piece = next_piece(m, b, 0);
            report(m, (struct outcome){.at = m->now, .what = NEWS_OPENED, .feed = feed});
            if (f->piece == m->pieces) {
                end_feed(m, feed, TRANSFER_OK);
            }
        }
        return;
    }
    if (m->now >= f->hangs || !source_has(m, from, f->piece)) {
        return;
    }
    struct cable *out = from == transfer_desktop ? &m->uplink : &m->boards[from].out;
    double part = take(out, take(&b->in, 1 - f->part, 1), count_moving(m, from));
    f->part += part;
    m->sent += from == transfer_desktop ? part : 0;
    if (f->part > 1 - 1e-9) {
        finish_piece(m, feed);
    }
}

static void take_steps(struct model *m)
{
    struct transfer_step s;
    for (size_t steps = 0; transfer_next(&m->t, m->now, &s); steps++) {
        assert_true(steps < 4 * m->n); // it does not go round in circles
        if (s.stop != transfer_nobody) {
            m->feeds[s.stop].stops = m->now + draw(m, m->trouble > 0 ? 60 : 1);
        }
        assert_true(m->t.n_feeds < FEEDS_MAX);
        size_t from = m->t.feeds[s.start].from;
        for (size_t k = 0; from != transfer_desktop; k++) { // feeds make no circle
            assert_true(k < m->n);
            assert_int_not_equal(from, m->t.feeds[s.start].node);
            from = transfer_source(&m->t, from);
            from = from == transfer_nobody ? transfer_desktop : from;
        }
        m->feeds[s.start] = (struct model_feed){
            .runs = true,
            .opens = m->now + (m->trouble > 0 ? draw(m, 30) : 1),
            .fails = happens(m, 0.2) ? m->now + draw(m, 60) : never,
            .stops = never,
            .hangs = happens(m, 0.1) ? m->now + draw(m, 60) : never,
        };
        if (m->feeds[s.start].hangs < never) { // ssh notices some time
            m->feeds[s.start].fails = m->now + 60 + draw(m, 60);
        }
    }
}

static void die_and_return(struct model *m)
{
    for (size_t i = 0; i < m->n; i++) {
        struct model_board *b = &m->boards[i];
        if (b->alive && m->now >= b->dies) {
            b->alive = b->known = false;
            b->dies = never;
            transfer_gone(&m->t, i);
        } else if (!b->alive && m->now >= b->returns) {
            b->alive = b->known = true;
            transfer_want(&m->t, i, true, m->now);
            for (size_t k = 0; k < m->pieces; k++) {
                if (b->has[k]) { // its own news: what it has
                    (void)!transfer_got(&m->t, i, k, m->now);
                }
            }
        }
    }
}

// Which boards may be hopeless in the end: those that the desktop was told so of. The caller of the
// plan gives them up; here they are asked for once more, as by the next deploy.
static bool is_over(struct model *m)
{
    bool over = true;
    for (size_t i = 0; i < m->n; i++) {
        struct model_board *b = &m->boards[i];
        if (b->alive && transfer_is_hopeless(&m->t, i)) {
            assert_true(m->trouble > 0);
            m->trouble = m->trouble > 0.5 ? 0.5 : m->trouble;
            transfer_want(&m->t, i, true, m->now);
            for (size_t k = 0; k < m->pieces; k++) {
                if (b->has[k]) {
                    (void)!transfer_got(&m->t, i, k, m->now);
                }
            }
        }
        over = over && (transfer_is_complete(&m->t, i) || (!b->alive && b->returns == never));
    }
    return over;
}

static void model_init(struct model *m, size_t n, size_t pieces, double rate,
                       unsigned long long seed)
{
    struct model_feed *feeds = m->feeds;
    *m = (struct model){.n = n,
                        .pieces = pieces,
                        .random = seed * 2654435761ULL + 88172645463325252ULL,
                        .uplink = {.rate = rate},
                        .feeds = feeds};
    transfer_init(&m->t, n, pieces, n);
    for (size_t i = 0; i < n; i++) {
        m->boards[i] = (struct model_board){.in = {.rate = rate},
                                            .out = {.rate = rate},
                                            .alive = true,
                                            .known = true,
                                            .dies = never,
                                            .returns = never};
        transfer_want(&m->t, i, true, 0);
    }
}

static void model_release(struct model *m)
{
    transfer_release(&m->t);
    free(m->news);
}

// Runs it to its end, which must come. Returns the time.
static double model_run(struct model *m)
{
    while (!is_over(m)) {
        m->now += step_seconds;
        assert_true(m->now < end_of_time);
        die_and_return(m);
        take_steps(m);
        for (size_t i = 0; i < m->t.n_feeds; i++) {
            if (m->feeds[i].runs) {
                run_feed(m, i);
            }
        }
        deliver_news(m);
    }
    for (size_t i = 0; i < m->n; i++) {
        for (size_t k = 0; k < m->pieces && transfer_is_complete(&m->t, i); k++) {
            assert_true(m->boards[i].has[k]);
        }
    }
    return m->now;
}

// --- Any schedule has an end, and it is the right one --------------------------------------------

static struct model_feed all_feeds[FEEDS_MAX];
static unsigned long long seed_now;

static void run_schedule(unsigned long long seed)
{
    struct model m = {.feeds = all_feeds};
    seed_now = seed;
    model_init(&m, 1, 1, 1, seed);
    size_t n = 1 + draw(&m, 8);
    size_t pieces = 1 + draw(&m, 8);
    double rate = 1.0 / (1 + draw(&m, 4));
    model_release(&m);
    model_init(&m, n, pieces, rate, seed);
    m.trouble = draw(&m, 100) / 100.0;
    m.t.at_once = 1 + draw(&m, 4);
    for (size_t i = 0; i < n; i++) {
        struct model_board *b = &m.boards[i];
        b->deaf = draw(&m, 8) == 0;
        b->mute = draw(&m, 8) == 0;
        b->in.rate = draw(&m, 6) == 0 ? rate / 8 : rate;
        b->out.rate = draw(&m, 6) == 0 ? rate / 8 : rate;
        if (draw(&m, 4) == 0) {
            b->dies = draw(&m, 100);
            b->returns = draw(&m, 3) ? b->dies + 1 + draw(&m, 100) : never;
        }
    }
    model_run(&m);
    model_release(&m);
}

static void print_seed(void)
{
    fprintf(stderr, "schedule %llu was the last one: `test_transfer %llu` runs it\n", seed_now,
            seed_now);
}

static void test_any_schedule(void **state)
{
    (void)state;
    const char *text = getenv("SCHEDULES");
    unsigned long long n = text ? strtoull(text, NULL, 10) : SCHEDULES;
    for (unsigned long long seed = 1; seed <= n; seed++) {
        run_schedule(seed);
    }
    seed_now = 0;
}

// --- How good the plan is ------------------------------------------------------------------------

// Boards with good cables: the desktop sends each piece about once.
static void test_chain(void **state)
{
    (void)state;
    struct model m = {.feeds = all_feeds};
    model_init(&m, 16, 8, 0.25, 1);
    double time = model_run(&m);
    assert_true(m.sent < 8 + 2.5);
    assert_true(time < 8 / 0.25 + 16 * 2 / 0.25); // store and forward, and logins
    model_release(&m);
}

static void test_nobody_logs_in(void **state)
{
    (void)state;
    struct model m = {.feeds = all_feeds};
    model_init(&m, 16, 4, 1, 1);
    for (size_t i = 0; i < 16; i++) {
        m.boards[i].deaf = true;
    }
    double time = model_run(&m);
    assert_true(time < 16 * 4 + 60); // the desktop's cable is always busy
    assert_true(m.t.refused >= 15 && m.t.refused <= 45);
    model_release(&m);
}

// As most people set up MPI: the first board has a key for the others, and they have none.
static void test_only_the_first_logs_in(void **state)
{
    (void)state;
    struct model m = {.feeds = all_feeds};
    model_init(&m, 8, 4, 1, 1);
    for (size_t i = 1; i < 8; i++) {
        m.boards[i].mute = true;
    }
    model_run(&m);
    assert_true(m.sent < 4 * 4);
    model_release(&m);
}

// A slow board, at any place, holds up no other.
static void test_slow_board(void **state)
{
    (void)state;
    for (size_t slow = 0; slow < 6; slow++) {
        struct model m = {.feeds = all_feeds};
        model_init(&m, 6, 12, 1, 1);
        m.boards[slow].in.rate = m.boards[slow].out.rate = 0.05;
        model_run(&m);
        for (size_t i = 0; i < 6; i++) {
            assert_true(i == slow || m.boards[i].done < 12 / 0.05 / 2);
        }
        model_release(&m);
    }
}

// A feed that hangs, though its source has all, is replaced.
static void test_hanging_feed(void **state)
{
    struct transfer t;
    struct transfer_step s;
    (void)state;
    transfer_init(&t, 3, 2, 4);
    for (size_t i = 0; i < 3; i++) {
        transfer_want(&t, i, true, 0);
    }
    assert_true(transfer_next(&t, 0, &s));
    assert_int_equal(t.feeds[s.start].from, transfer_desktop);
    assert_true(transfer_next(&t, 0, &s));
    assert_int_equal(t.feeds[s.start].from, 0);
    assert_true(transfer_next(&t, 0, &s));
    assert_int_equal(t.feeds[s.start].from, 1);
    assert_false(transfer_next(&t, 0, &s));
    for (size_t i = 0; i < 2; i++) {
        assert_true(transfer_got(&t, 0, i, 1));
        assert_true(transfer_got(&t, 1, i, 1));
        assert_false(transfer_got(&t, 1, i, 1));
    }
    assert_false(transfer_got(&t, 1, 2, 1)); // there is no such piece
    assert_false(transfer_next(&t, 10, &s));
    assert_true(transfer_next(&t, 60, &s));
    assert_int_equal(s.stop, 2);
    assert_int_equal(t.feeds[s.start].node, 2);
    assert_int_equal(t.feeds[s.start].from, 0);
    transfer_ended(&t, 2, TRANSFER_FAILED, 60); // the one that was stopped: nobody cares
    assert_false(transfer_next(&t, 61, &s));
    transfer_release(&t);
}

static void test_hopeless(void **state)
{
    struct transfer t;
    struct transfer_step s;
    (void)state;
    transfer_init(&t, 1, 1, 1);
    transfer_want(&t, 0, true, 0);
    double now = 0;
    int tries = 0;
    for (; !transfer_is_hopeless(&t, 0); tries++) {
        while (!transfer_next(&t, now, &s)) {
            now += 0.5;
            assert_true(now < 300);
        }
        transfer_ended(&t, s.start, TRANSFER_FAILED, now);
    }
    assert_true(tries >= 5 && now >= 30); // with patience
    transfer_want(&t, 0, true, now);
    assert_false(transfer_is_hopeless(&t, 0));
    assert_true(transfer_next(&t, now, &s));
    transfer_release(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_schedule),   cmocka_unit_test(test_chain),
        cmocka_unit_test(test_nobody_logs_in), cmocka_unit_test(test_only_the_first_logs_in),
        cmocka_unit_test(test_slow_board),     cmocka_unit_test(test_hanging_feed),
        cmocka_unit_test(test_hopeless),
    };
    if (argc > 1) {
        run_schedule(strtoull(argv[1], NULL, 10));
        return 0;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed && seed_now) {
        print_seed();
    }
    return failed;
}
