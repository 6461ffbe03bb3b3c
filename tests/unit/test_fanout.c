// The plan of who feeds whom, on boards and cables that are only numbers here: what each can take
// and give a second, and what happens to them.
#include <string.h>

#include "base/str.h"
#include "deploy/fanout.h"
#include "unit.h"

enum { BOARDS_MAX = 64, STEPS_A_SECOND = 10, NEVER = 1000000 };

static const double megabyte = 1e6;

struct board {
    double in, out; // bytes a second of its link
    double have;
    double ready; // second from which on its feed works
    int dies;     // second
    bool deaf;    // other boards cannot log in to it
    double done;  // second in which it had all
};

struct world {
    struct fanout f;
    struct board boards[BOARDS_MAX];
    size_t n;
    double size, uplink, sent; // of the desktop
    double now;
};

static void world_init(struct world *w, size_t n, double size, double rate)
{
    *w = (struct world){.n = n, .size = size, .uplink = rate};
    fanout_init(&w->f, n, (uint64_t)size);
    for (size_t i = 0; i < n; i++) {
        w->boards[i] = (struct board){.in = rate, .out = rate, .dies = NEVER};
        fanout_want(&w->f, i, 0, 0);
    }
}

static double source_has(const struct world *w, size_t from)
{
    return from == fanout_desktop ? w->size : w->boards[from].have;
}

static size_t count_feeds(const struct world *w, size_t from)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct fanout_node *node = &w->f.nodes[i];
        n += node->wanted && node->from == from && w->boards[i].have < w->size &&
             w->boards[i].have < source_has(w, from) && w->now >= w->boards[i].ready;
    }
    return n ? n : 1;
}

static void move_bytes(struct world *w)
{
    double before[BOARDS_MAX];
    for (size_t i = 0; i < w->n; i++) {
        before[i] = w->boards[i].have;
    }
    for (size_t i = 0; i < w->n; i++) {
        struct board *b = &w->boards[i];
        size_t from = w->f.nodes[i].from;
        if (!w->f.nodes[i].wanted || from == fanout_nobody || w->now < b->ready) {
            continue;
        }
        double out = from == fanout_desktop ? w->uplink : w->boards[from].out;
        double there = from == fanout_desktop ? w->size : before[from];
        double rate = out / (double)count_feeds(w, from);
        double bytes = (rate < b->in ? rate : b->in) / STEPS_A_SECOND;
        bytes = bytes < there - b->have ? bytes : there - b->have;
        b->have += bytes > 0 ? bytes : 0;
        w->sent += from == fanout_desktop && bytes > 0 ? bytes : 0;
        if (b->done == 0 && b->have >= w->size - 0.5) {
            b->have = w->size;
            b->done = w->now;
        }
    }
}

static void look_after(struct world *w, bool report)
{
    struct fanout_feed feed;
    for (size_t i = 0; i < w->n; i++) {
        struct board *b = &w->boards[i];
        size_t from = w->f.nodes[i].from;
        if (w->f.nodes[i].wanted && (int)w->now == b->dies) {
            fanout_gone(&w->f, i);
        } else if (w->f.nodes[i].wanted && b->deaf && from < w->n) {
            fanout_failed(&w->f, i);
        } else if (w->f.nodes[i].wanted && report) {
            fanout_have(&w->f, i, (uint64_t)b->have, w->now);
        }
    }
    while (fanout_next(&w->f, w->now, &feed)) {
        w->boards[feed.node].ready = w->now + 0.5; // a login
    }
}

// Until all have it that live; returns when the last one had it.
static double run(struct world *w, double limit)
{
    bool all = false;
    for (int step = 0; !all && w->now < limit; step++) {
        w->now = (double)step / STEPS_A_SECOND;
        look_after(w, step % STEPS_A_SECOND == 0);
        move_bytes(w);
        all = true;
        for (size_t i = 0; i < w->n; i++) {
            all = all && (!w->f.nodes[i].wanted || w->boards[i].have >= w->size);
        }
    }
    return w->now;
}

static void end(struct world *w)
{
    fanout_release(&w->f);
}

static void test_chain(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 64, 20 * megabyte, megabyte);
    double time = run(&w, 200);
    assert_true(time < 30); // one board takes 20 seconds
    assert_true(w.sent < 20.1 * megabyte);
    assert_int_equal(w.f.refused, 0);
    end(&w);
}

static void test_death(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 16, 20 * megabyte, megabyte);
    w.boards[0].dies = 5;
    w.boards[7].dies = 8;
    w.boards[8].dies = 8;
    double time = run(&w, 200);
    assert_true(time < 40);
    for (size_t i = 1; i < 16; i++) {
        assert_true(i == 7 || i == 8 || w.boards[i].done > 0);
    }
    // The second one had to be fed from where it was, not from the start.
    assert_true(w.sent < 26 * megabyte);
    end(&w);
}

static void test_slow_in_the_middle(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 8, 20 * megabyte, megabyte);
    w.boards[3].in = w.boards[3].out = megabyte / 10;
    run(&w, 400);
    for (size_t i = 0; i < 8; i++) {
        assert_true(i == 3 || w.boards[i].done < 50);
        assert_true(w.boards[i].done > 0);
    }
    assert_true(w.boards[3].done > 150); // it is as slow as it is
    end(&w);
}

static void test_slow_first(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 8, 20 * megabyte, megabyte);
    w.boards[0].in = w.boards[0].out = megabyte / 10;
    run(&w, 400);
    for (size_t i = 1; i < 8; i++) {
        assert_true(w.boards[i].done > 0 && w.boards[i].done < 60);
    }
    end(&w);
}

// When the desktop is what is slow, sending twice would only be worse.
static void test_slow_desktop(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 8, 20 * megabyte, megabyte);
    w.uplink = megabyte / 4;
    double time = run(&w, 400);
    assert_true(time < 110); // one board takes 80
    assert_true(w.sent < 24 * megabyte);
    end(&w);
}

static void test_nobody_passes_it_on(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 4, 5 * megabyte, megabyte);
    for (size_t i = 0; i < 4; i++) {
        w.boards[i].deaf = true;
    }
    run(&w, 200);
    for (size_t i = 0; i < 4; i++) {
        assert_true(w.boards[i].done > 0);
        assert_true(w.f.nodes[i].from == fanout_desktop);
    }
    assert_true(w.f.refused >= 3);
    end(&w);
}

static void test_stall(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 4, 20 * megabyte, megabyte);
    w.boards[1].out = 0; // takes all, gives nothing
    run(&w, 200);
    for (size_t i = 0; i < 4; i++) {
        assert_true(w.boards[i].done > 0 && w.boards[i].done < 80);
    }
    end(&w);
}

static void test_hopeless(void **state)
{
    struct fanout f;
    struct fanout_feed feed;
    (void)state;
    fanout_init(&f, 1, 1000);
    fanout_want(&f, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_false(fanout_is_hopeless(&f, 0));
        assert_true(fanout_next(&f, i, &feed));
        assert_true(feed.from == fanout_desktop);
        fanout_failed(&f, 0);
    }
    assert_true(fanout_is_hopeless(&f, 0));
    assert_false(fanout_next(&f, 9, &feed));
    fanout_release(&f);
}

static void test_resumes(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, 2, 10 * megabyte, megabyte);
    w.boards[0].have = 9 * megabyte;
    fanout_want(&w.f, 0, (uint64_t)w.boards[0].have, 0);
    double time = run(&w, 200);
    assert_true(w.sent < 1.1 * megabyte);
    assert_true(time < 15);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_slow_in_the_middle),
        cmocka_unit_test(test_slow_first),
        cmocka_unit_test(test_slow_desktop),
        cmocka_unit_test(test_nobody_passes_it_on),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_hopeless),
        cmocka_unit_test(test_resumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
