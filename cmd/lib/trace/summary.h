// SPDX-License-Identifier: MIT
// What a recorded run says, as numbers and sentences.
#ifndef PISDK_TRACE_SUMMARY_H
#define PISDK_TRACE_SUMMARY_H

#include "trace/trace.h"

struct trace_rank_sum {
    int64_t all, mpi;     // nanoseconds
    int64_t waiting;      // of that, for others, of which:
    int64_t senders;      // for messages that were sent late
    int64_t receivers;    // for messages that were received late
    int64_t together;     // in collectives
    int64_t caused;       // that others waited for this rank
    uint64_t calls, sent; // bytes that it sent to single ranks
};

struct trace_call_sum {
    unsigned call;
    uint64_t count, bytes;
    int64_t time, waited; // nanoseconds, of all ranks
};

// `rank` waits for `late` in this call, at this place.
struct trace_finding {
    int rank, late;
    unsigned call;
    uint32_t site;
    int64_t waited;
    double share; // of the rank's time
};

struct trace_summary {
    struct trace_rank_sum *ranks; // as many as the trace has
    struct trace_call_sum *calls; // those that there were, the longest first
    size_t n_calls;
    struct trace_finding *findings; // the longest first; those below a twentieth are left out
    size_t n_findings;
    int64_t all, mpi; // of all ranks
    size_t busiest;   // the rank that computes the longest
    double imbalance; // how many times the average of all that is; 0: nothing is computed
};

void trace_sum_up(const struct trace *t, struct trace_summary *out);
void trace_summary_release(struct trace_summary *s);

// The name of a place in the program: "plate.c:87", or "".
typedef const char *trace_site_name(void *user, uint32_t site);
// "rank 3 waits 41 % of its time for rank 0 in MPI_Recv at plate.c:87". The caller frees it.
char *trace_finding_sentence(const struct trace_finding *f, trace_site_name *name, void *user);
// "rank 3 computes 1.8 times as long as the average". NULL: all compute much the same. The caller
// frees it.
char *trace_imbalance_sentence(const struct trace_summary *s);

#endif
