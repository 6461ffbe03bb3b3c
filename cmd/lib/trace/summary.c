// SPDX-License-Identifier: MIT
#include "trace/summary.h"

#include <stdlib.h>
#include <string.h>

#include "trace/format.h"

#define LEAST_SHARE 0.05
// What is below this does not count as an imbalance.
#define LEAST_IMBALANCE 1.2

enum { FINDINGS_MAX = 12, PERCENT = 100 };

// Of a broken file, a sum may be too large for 64 bits: it stays at the largest then.
static void add(int64_t *sum, int64_t more)
{
    if (__builtin_add_overflow(*sum, more, sum)) {
        *sum = INT64_MAX;
    }
}

// Those that there was no room for are in the totals only.
static void sum_totals(const struct trace_rank *r, struct trace_rank_sum *out,
                       struct trace_call_sum *calls)
{
    for (unsigned call = 0; call < TRACE_N_CALLS; call++) {
        const struct trace_total *t = &r->totals[call];
        int64_t time = t->time < INT64_MAX ? (int64_t)t->time : INT64_MAX;
        if (!trace_is_call(call) || call == TRACE_Init) {
            continue;
        }
        out->calls += t->count;
        calls[call].count += t->count;
        calls[call].bytes += t->bytes;
        add(&calls[call].time, time);
        add(&out->mpi, time);
        out->sent += trace_sends(call) ? t->bytes : 0;
    }
}

static void sum_span(const struct trace_span *s, struct trace_rank_sum *out,
                     struct trace_call_sum *c)
{
    c->count++;
    c->bytes += s->bytes;
    add(&c->time, s->leave - s->enter);
    add(&out->mpi, s->leave - s->enter);
    out->sent += trace_sends(s->call) && s->peer >= 0 ? s->bytes : 0;
}

static void sum_wait(const struct trace_span *s, struct trace_rank_sum *out)
{
    bool sends = s->call >= TRACE_Send && s->call <= TRACE_Irsend;
    add(&out->waiting, s->waited);
    add(trace_is_collective(s->call) ? &out->together
        : sends                      ? &out->receivers
                                     : &out->senders,
        s->waited);
}

// Who is waited for, and who computes the longest.
static void compare_ranks(const struct trace *t, struct trace_summary *out)
{
    int64_t all = 0;
    int64_t most = -1;
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_rank_sum *r = &out->ranks[i];
        int64_t computing = r->all > r->mpi ? r->all - r->mpi : 0;
        add(&all, computing);
        out->busiest = computing > most ? i : out->busiest;
        most = computing > most ? computing : most;
        for (size_t k = 0; k < t->ranks[i].n; k++) {
            const struct trace_span *s = &t->ranks[i].spans[k];
            if (s->late >= 0 && (size_t)s->late < t->n) {
                add(&out->ranks[s->late].caused, s->waited);
            }
        }
    }
    out->imbalance = all > 0 ? (double)most * (double)t->n / (double)all : 0;
}

static void sum_rank(const struct trace_rank *r, struct trace_rank_sum *out,
                     struct trace_call_sum *calls)
{
    out->all = r->recorded ? r->end - r->begin : 0;
    if (r->recorded && r->lost) {
        sum_totals(r, out, calls);
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct trace_span *s = &r->spans[i];
        if (!trace_is_call(s->call)) {
            continue;
        }
        out->calls += r->lost ? 0 : 1;
        if (s->enter < r->begin) { // MPI_Init, which is before the time that is looked at
            continue;
        }
        add(&calls[s->call].waited, s->waited);
        sum_wait(s, out);
        if (!r->lost) {
            sum_span(s, out, &calls[s->call]);
        }
    }
}

static int longer_call(const void *a, const void *b)
{
    const struct trace_call_sum *x = a;
    const struct trace_call_sum *y = b;
    return (x->time < y->time) - (x->time > y->time);
}

// --- Findings
// --------------------------------------------------------------------------------------

static int by_place(const void *a, const void *b)
{
    const struct trace_finding *x = a;
    const struct trace_finding *y = b;
    const int64_t pairs[][2] = {
        {x->rank, y->rank}, {x->late, y->late}, {x->call, y->call}, {x->site, y->site}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (pairs[i][0] != pairs[i][1]) {
            return pairs[i][0] < pairs[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static int longer_wait(const void *a, const void *b)
{
    const struct trace_finding *x = a;
    const struct trace_finding *y = b;
    return (x->waited < y->waited) - (x->waited > y->waited);
}

static void collect_waits(const struct trace *t, struct trace_summary *out)
{
    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = 0; k < t->ranks[i].n; k++) {
            const struct trace_span *s = &t->ranks[i].spans[k];
            if (s->waited > 0 && s->late >= 0) {
                VEC_GROW(out->findings, out->n_findings);
                out->findings[out->n_findings++] = (struct trace_finding){.rank = (int)i,
                                                                          .late = s->late,
                                                                          .call = s->call,
                                                                          .site = s->site,
                                                                          .waited = s->waited};
            }
        }
    }
}

static void find_waits(const struct trace *t, struct trace_summary *out)
{
    size_t n = 0;
    collect_waits(t, out);
    if (out->n_findings == 0) {
        return;
    }
    qsort(out->findings, out->n_findings, sizeof(*out->findings), by_place);
    for (size_t i = 0; i < out->n_findings; i++) { // those of one place are one
        if (n > 0 && by_place(&out->findings[n - 1], &out->findings[i]) == 0) {
            add(&out->findings[n - 1].waited, out->findings[i].waited);
        } else {
            out->findings[n++] = out->findings[i];
        }
    }
    qsort(out->findings, n, sizeof(*out->findings), longer_wait);
    out->n_findings = 0;
    for (size_t i = 0; i < n && out->n_findings < FINDINGS_MAX; i++) {
        struct trace_finding *f = &out->findings[i];
        int64_t all = out->ranks[f->rank].all;
        f->share = all > 0 ? (double)f->waited / (double)all : 0;
        if (f->share >= LEAST_SHARE) {
            out->findings[out->n_findings++] = *f;
        }
    }
}

void trace_sum_up(const struct trace *t, struct trace_summary *out)
{
    *out = (struct trace_summary){.ranks = xcalloc(t->n ? t->n : 1, sizeof(*out->ranks)),
                                  .calls = xcalloc(TRACE_N_CALLS, sizeof(*out->calls))};
    for (unsigned i = 0; i < TRACE_N_CALLS; i++) {
        out->calls[i].call = i;
    }
    for (size_t i = 0; i < t->n; i++) {
        sum_rank(&t->ranks[i], &out->ranks[i], out->calls);
        add(&out->all, out->ranks[i].all);
        add(&out->mpi, out->ranks[i].mpi);
    }
    for (size_t i = 0; i < TRACE_N_CALLS; i++) {
        if (out->calls[i].count > 0) {
            out->calls[out->n_calls++] = out->calls[i];
        }
    }
    qsort(out->calls, out->n_calls, sizeof(*out->calls), longer_call);
    find_waits(t, out);
    compare_ranks(t, out);
}

void trace_summary_release(struct trace_summary *s)
{
    free(s->ranks);
    free(s->calls);
    free(s->findings);
    *s = (struct trace_summary){0};
}

char *trace_imbalance_sentence(const struct trace_summary *s)
{
    return s->imbalance < LEAST_IMBALANCE
               ? NULL
               : xasprintf("rank %zu computes %.1f times as long as the average", s->busiest,
                           s->imbalance);
}

char *trace_finding_sentence(const struct trace_finding *f, trace_site_name *name, void *user)
{
    const char *place = name && f->site ? name(user, f->site) : "";
    return xasprintf("rank %d waits %.0f %% of its time for rank %d in MPI_%s%s%s", f->rank,
                     f->share * PERCENT, f->late, trace_call_name(f->call), *place ? " at " : "",
                     place);
}
