// SPDX-License-Identifier: MIT
// Recorded runs that are known: on one clock, with the messages that were sent, and who waited.

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "trace/format.h"
#include "trace/summary.h"

enum { MS = 1000000, EVENTS_MAX = 16 };

struct file {
    struct trace_header header;
    struct trace_event events[EVENTS_MAX];
};

static struct file *rank_file(unsigned rank, unsigned ranks)
{
    struct file *f = calloc(1, sizeof(*f));
    memcpy(f->header.magic, TRACE_MAGIC, sizeof(f->header.magic));
    f->header.version = TRACE_VERSION;
    f->header.event_size = sizeof(struct trace_event);
    f->header.rank = rank;
    f->header.ranks = ranks;
    f->header.begin = 1000 * (uint64_t)MS;
    f->header.end = 2000 * (uint64_t)MS;
    strcpy(f->header.host, "board");
    return f;
}

static void add(struct file *f, enum trace_call call, unsigned enter, unsigned leave, int peer,
                unsigned bytes)
{
    f->events[f->header.n++] = (struct trace_event){.enter = enter * (uint64_t)MS,
                                                    .leave = leave * (uint64_t)MS,
                                                    .call = (uint16_t)call,
                                                    .peer = peer,
                                                    .bytes = bytes,
                                                    .site = 0x100};
}

static void read_file(struct file *f, struct trace *t)
{
    struct err err = ERR_INIT;
    size_t events = f->header.n < EVENTS_MAX ? f->header.n : EVENTS_MAX;
    size_t n = sizeof(f->header) + events * sizeof(struct trace_event);
    assert_int_equal(trace_read_rank((const char *)f, n, t, &err), 0);
    free(f);
}

// Calls that there was no room for count all the same.
static void test_totals(void **state)
{
    struct trace t = {0};
    struct trace_summary s;
    struct file *f = rank_file(0, 1);
    (void)state;
    add(f, TRACE_Send, 1500, 1501, 0, 80);
    f->header.lost = 9;
    f->header.any_source = 3;
    f->header.totals[TRACE_Init] = (struct trace_total){.count = 1, .time = 50 * (uint64_t)MS};
    f->header.totals[TRACE_Send] =
        (struct trace_total){.count = 10, .time = 300 * (uint64_t)MS, .bytes = 800};
    read_file(f, &t);
    trace_analyse(&t);
    trace_sum_up(&t, &s);
    assert_int_equal(s.n_calls, 1);
    assert_int_equal(s.calls[0].count, 10);
    assert_int_equal(s.calls[0].bytes, 800);
    assert_int_equal(s.ranks[0].calls, 10);
    assert_int_equal(s.ranks[0].sent, 800);
    assert_int_equal(s.mpi, 300 * MS);
    assert_int_equal(t.ranks[0].any_source, 3);
    trace_summary_release(&s);
    trace_release(&t);
}

static void test_late_sender(void **state)
{
    struct trace t = {0};
    struct trace_summary s;
    struct file *sender = rank_file(0, 2);
    struct file *receiver = rank_file(1, 2);
    (void)state;
    add(sender, TRACE_Send, 1500, 1501, 1, 80);
    add(receiver, TRACE_Recv, 1100, 1502, 0, 80);
    read_file(sender, &t);
    read_file(receiver, &t);
    trace_analyse(&t);
    assert_int_equal(t.n_messages, 1);
    assert_int_equal(t.messages[0].bytes, 80);
    assert_int_equal(t.messages[0].sent, 500 * MS);
    assert_int_equal(t.ranks[1].spans[0].waited, 400 * MS);
    assert_int_equal(t.ranks[1].spans[0].late, 0);
    assert_int_equal(t.ranks[0].spans[0].waited, 0);
    trace_sum_up(&t, &s);
    assert_int_equal(s.ranks[1].senders, 400 * MS);
    assert_int_equal(s.ranks[1].receivers + s.ranks[1].together, 0);
    assert_int_equal(s.ranks[0].caused, 400 * MS);
    // Rank 0 computes 999 ms, rank 1 598 ms.
    assert_int_equal(s.busiest, 0);
    assert_true(s.imbalance > 1.25 && s.imbalance < 1.252);
    char *uneven = trace_imbalance_sentence(&s);
    assert_string_equal(uneven, "rank 0 computes 1.3 times as long as the average");
    free(uneven);
    assert_int_equal(s.n_findings, 1);
    char *said = trace_finding_sentence(&s.findings[0], NULL, NULL);
    assert_string_equal(said, "rank 1 waits 40 % of its time for rank 0 in MPI_Recv");
    free(said);
    assert_int_equal(s.ranks[0].sent, 80);
    assert_int_equal(s.ranks[1].mpi, 402 * MS);
    trace_summary_release(&s);
    trace_release(&t);
}

static void test_late_receiver(void **state)
{
    struct trace t = {0};
    struct file *sender = rank_file(0, 2);
    struct file *receiver = rank_file(1, 2);
    (void)state;
    add(sender, TRACE_Ssend, 1100, 1401, 1, 80); // it waits for the receiver
    add(sender, TRACE_Send, 1500, 1501, 1, 80);  // it does not: MPI keeps the message
    add(receiver, TRACE_Recv, 1400, 1402, 0, 80);
    add(receiver, TRACE_Recv, 1600, 1601, 0, 80);
    read_file(sender, &t);
    read_file(receiver, &t);
    trace_analyse(&t);
    assert_int_equal(t.n_messages, 2);
    assert_int_equal(t.ranks[0].spans[0].waited, 300 * MS);
    assert_int_equal(t.ranks[0].spans[0].late, 1);
    assert_int_equal(t.ranks[0].spans[1].waited, 0);
    trace_release(&t);
}

// What a request receives is waited for in the call that completes it.
static void test_requests(void **state)
{
    struct trace t = {0};
    struct file *sender = rank_file(0, 2);
    struct file *receiver = rank_file(1, 2);
    (void)state;
    add(sender, TRACE_Isend, 1500, 1501, 1, 80);
    add(receiver, TRACE_Irecv, 1100, 1101, TRACE_ANY, 0);
    add(receiver, TRACE_Waitall, 1200, 1502, TRACE_NO_PEER, 0);
    add(receiver, TRACE_Received, 1100, 1502, 0, 80);
    read_file(sender, &t);
    read_file(receiver, &t);
    trace_analyse(&t);
    assert_int_equal(t.n_messages, 1);
    assert_int_equal(t.ranks[1].spans[1].waited, 300 * MS);
    assert_int_equal(t.ranks[1].spans[1].late, 0);
    trace_release(&t);
}

static void test_collectives(void **state)
{
    static const unsigned enters[] = {1100, 1400, 1200};
    struct trace t = {0};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct file *f = rank_file(i, 3);
        add(f, TRACE_Barrier, enters[i], 1401, TRACE_NO_PEER, 0);
        add(f, TRACE_Bcast, i == 2 ? 1700 : 1500, 1701, 2, 8); // of rank 2, which is late
        add(f, TRACE_Reduce, i == 0 ? 1800 : 1850, 1860, 0, 8);
        read_file(f, &t);
    }
    trace_analyse(&t);
    assert_int_equal(t.ranks[0].spans[0].waited, 300 * MS);
    assert_int_equal(t.ranks[0].spans[0].late, 1);
    assert_int_equal(t.ranks[1].spans[0].waited, 0);
    assert_int_equal(t.ranks[2].spans[0].waited, 200 * MS);
    assert_int_equal(t.ranks[0].spans[1].waited, 200 * MS);
    assert_int_equal(t.ranks[0].spans[1].late, 2);
    assert_int_equal(t.ranks[2].spans[1].waited, 0);
    assert_int_equal(t.ranks[0].spans[2].waited, 50 * MS); // the root alone waits
    assert_int_equal(t.ranks[1].spans[2].waited, 0);
    trace_release(&t);
}

// Rank 1's clock is 5 s ahead at first, and 5.1 s at the end.
static void test_clocks(void **state)
{
    struct trace t = {0};
    struct file *first = rank_file(0, 2);
    struct file *second = rank_file(1, 2);
    (void)state;
    second->header.clocks[0] = (struct trace_clock){6000 * (uint64_t)MS, 5000 * (int64_t)MS};
    second->header.clocks[1] = (struct trace_clock){7100 * (uint64_t)MS, 5100 * (int64_t)MS};
    second->header.begin = 6000 * (uint64_t)MS;
    second->header.end = 7100 * (uint64_t)MS;
    add(second, TRACE_Barrier, 6000, 6550, TRACE_NO_PEER, 0);
    read_file(first, &t);
    read_file(second, &t);
    trace_analyse(&t);
    assert_int_equal(t.ranks[1].begin, 0);
    assert_int_equal(t.ranks[1].spans[0].leave, 500 * MS);
    assert_int_equal(t.ranks[1].end, 1000 * MS);
    trace_release(&t);
}

static void refuse(struct file *f, size_t n, const char *why)
{
    struct trace t = {0};
    struct err err = ERR_INIT;
    assert_int_equal(trace_read_rank((const char *)f, n, &t, &err), -1);
    assert_non_null(strstr(err.msg, why));
    trace_release(&t);
}

static void test_broken(void **state)
{
    struct trace t = {0};
    struct file *f = rank_file(0, 2);
    (void)state;
    refuse(f, 100, "cut short");
    f->header.version = 7;
    refuse(f, sizeof(*f), "it is of version 7; this pisdk reads version 2");
    f->header.version = TRACE_VERSION;
    f->header.rank = 2;
    refuse(f, sizeof(*f), "rank 2 of 2");
    f->header.rank = 0;
    // More events than there are, of calls and times that cannot be; and it ended in a call.
    f->header.n = 1000;
    f->header.end = 0;
    f->header.inside = 1 + TRACE_Recv;
    f->header.inside_since = 1500 * (uint64_t)MS;
    f->events[0] = (struct trace_event){.call = TRACE_N_CALLS};
    f->events[1] = (struct trace_event){.enter = 2, .leave = 1};
    f->events[2] = (struct trace_event){.enter = 1, .leave = UINT64_MAX};
    f->events[3] = (struct trace_event){.enter = 1, .leave = 2, .call = TRACE_Send, .peer = 9};
    read_file(f, &t);
    trace_analyse(&t);
    assert_int_equal(t.ranks[0].inside, TRACE_Recv);
    assert_int_equal(t.ranks[0].end, 500 * MS);
    assert_false(t.ranks[0].ended);
    assert_int_equal(t.ranks[0].spans[0].peer, TRACE_NO_RANK);
    trace_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totals),        cmocka_unit_test(test_late_sender),
        cmocka_unit_test(test_late_receiver), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_collectives),   cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
