// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "trace/format.h"
#include "trace/trace.h"

// --- One clock
// -------------------------------------------------------------------------------------

static void begin_at_zero(struct trace *t)
{
    bool any = false;
    int64_t zero = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->ranks[i].recorded && (!any || t->ranks[i].begin < zero)) {
            zero = t->ranks[i].begin;
            any = true;
        }
    }
    for (size_t i = 0; i < t->n; i++) {
        struct trace_rank *r = &t->ranks[i];
        r->begin -= zero;
        r->end -= zero;
        r->since -= zero;
        for (size_t k = 0; k < r->n; k++) {
            r->spans[k].enter -= zero;
            r->spans[k].leave -= zero;
        }
        t->end = r->recorded && r->end > t->end ? r->end : t->end;
    }
}

// --- Messages
// --------------------------------------------------------------------------------------

// One side of a message. `waits` is the call in which that rank waited for it.
struct side {
    int32_t from, to, tag;
    struct trace_span *span, *waits;
};

struct sides {
    struct side *items;
    size_t n;
};

static void add_side(struct sides *s, int from, int to, struct trace_span *span,
                     struct trace_span *waits)
{
    VEC_GROW(s->items, s->n);
    s->items[s->n++] = (struct side){from, to, span->tag, span, waits};
}

static void collect_sides(struct trace *t, struct sides *sent, struct sides *received)
{
    for (size_t i = 0; i < t->n; i++) {
        struct trace_rank *r = &t->ranks[i];
        struct trace_span *call = NULL; // the last one, which completed what came after it
        for (size_t k = 0; k < r->n; k++) {
            struct trace_span *s = &r->spans[k];
            call = trace_is_call(s->call) ? s : call;
            if (s->peer == TRACE_NO_RANK) {
                continue;
            }
            if (trace_sends(s->call)) {
                add_side(sent, (int)i, s->peer, s, s);
            } else if (s->call == TRACE_Recv || s->call == TRACE_Received) {
                add_side(received, s->peer, (int)i, s, call ? call : s);
            }
        }
    }
}

// Messages of one sender, receiver and tag do not overtake each other (MPI standard 3.1, 3.5).
static int compare_sides(const void *a, const void *b)
{
    const struct side *x = a;
    const struct side *y = b;
    const int32_t differences[][2] = {{x->from, y->from}, {x->to, y->to}, {x->tag, y->tag}};
    for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
        if (differences[i][0] != differences[i][1]) {
            return differences[i][0] < differences[i][1] ? -1 : 1;
        }
    }
    return x->span->enter < y->span->enter ? -1 : x->span->enter > y->span->enter ? 1 : 0;
}

static bool same_way(const struct side *a, const struct side *b)
{
    return a->from == b->from && a->to == b->to && a->tag == b->tag;
}

// The rank waited in `call` until `moment`, for `late`; of several, the longest counts.
static void note_wait(struct trace_span *call, int64_t moment, int late)
{
    int64_t until = moment < call->leave ? moment : call->leave;
    int64_t waited = until - call->enter;
    if (waited > call->waited) {
        call->waited = waited;
        call->late = late;
    }
}

static void match(struct trace *t, const struct side *sent, const struct side *received)
{
    VEC_GROW(t->messages, t->n_messages);
    t->messages[t->n_messages++] = (struct trace_message){
        sent->from, sent->to, sent->span->enter, received->waits->leave, received->span->bytes};
    note_wait(received->waits, sent->span->enter, sent->from);
    // A call that sends ends at once when MPI keeps the message; else it waits for the receiver.
    if (sent->span->leave >= received->span->enter) {
        note_wait(sent->span, received->span->enter, sent->to);
    }
}

static void find_messages(struct trace *t)
{
    struct sides sent = {0};
    struct sides received = {0};
    collect_sides(t, &sent, &received);
    if (sent.n && received.n) {
        qsort(sent.items, sent.n, sizeof(*sent.items), compare_sides);
        qsort(received.items, received.n, sizeof(*received.items), compare_sides);
    }
    for (size_t i = 0, k = 0; i < sent.n && k < received.n;) {
        if (same_way(&sent.items[i], &received.items[k])) {
            match(t, &sent.items[i++], &received.items[k++]);
            continue;
        }
        struct side a = sent.items[i];
        struct side b = received.items[k];
        struct trace_span zero = {0};
        a.span = b.span = &zero; // the ways only
        if (compare_sides(&a, &b) < 0) {
            i++;
        } else {
            k++;
        }
    }
    free(sent.items);
    free(received.items);
}

// --- Collectives
// -----------------------------------------------------------------------------------

// Those that wait for their root alone.
static bool comes_from_root(unsigned call)
{
    return call == TRACE_Bcast || call == TRACE_Scatter || call == TRACE_Scatterv;
}

// Those in which only the root waits.
static bool goes_to_root(unsigned call)
{
    return call == TRACE_Reduce || call == TRACE_Gather || call == TRACE_Gatherv;
}

// The place of the next collective of MPI_COMM_WORLD from *at on; false: there is none.
static bool next_collective(const struct trace_rank *r, size_t *at)
{
    while (*at < r->n && !(trace_is_collective(r->spans[*at].call) && r->spans[*at].comm == 0)) {
        (*at)++;
    }
    return *at < r->n;
}

// The one call of all ranks; at[i] is its place in those of rank i.
static void wait_in_collective(struct trace *t, const size_t *at)
{
    size_t last = 0;
    for (size_t i = 1; i < t->n; i++) {
        last = t->ranks[i].spans[at[i]].enter > t->ranks[last].spans[at[last]].enter ? i : last;
    }
    for (size_t i = 0; i < t->n; i++) {
        struct trace_span *s = &t->ranks[i].spans[at[i]];
        bool has_root = s->peer >= 0 && (size_t)s->peer < t->n;
        bool is_root = has_root && (size_t)s->peer == i;
        if (comes_from_root(s->call)) {
            if (has_root && !is_root) {
                note_wait(s, t->ranks[s->peer].spans[at[s->peer]].enter, s->peer);
            }
        } else if ((!goes_to_root(s->call) || is_root) && i != last) {
            note_wait(s, t->ranks[last].spans[at[last]].enter, (int)last);
        }
    }
}

// The i-th one of each rank is the same one, as long as all have recorded all.
static void find_collectives(struct trace *t)
{
    size_t *at = xcalloc(t->n, sizeof(*at));
    for (bool good = true; good;) {
        for (size_t i = 0; i < t->n && good; i++) {
            good = next_collective(&t->ranks[i], &at[i]) &&
                   t->ranks[i].spans[at[i]].call == t->ranks[0].spans[at[0]].call;
        }
        if (good) {
            wait_in_collective(t, at);
        }
        for (size_t i = 0; i < t->n && good; i++) {
            at[i]++;
        }
    }
    free(at);
}

// --- Places
// ----------------------------------------------------------------------------------------

static int compare_sites(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void find_sites(struct trace *t)
{
    size_t all = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        all += t->ranks[i].n;
    }
    t->sites = xcalloc(all ? all : 1, sizeof(*t->sites));
    all = 0;
    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = 0; k < t->ranks[i].n; k++) {
            t->sites[all++] = t->ranks[i].spans[k].site;
        }
    }
    qsort(t->sites, all, sizeof(*t->sites), compare_sites);
    for (size_t i = 0; i < all; i++) {
        if (t->sites[i] && (n == 0 || t->sites[n - 1] != t->sites[i])) {
            t->sites[n++] = t->sites[i];
        }
    }
    t->n_sites = n;
}

size_t trace_site_number(const struct trace *t, uint32_t site)
{
    const uint32_t *found = bsearch(&site, t->sites, t->n_sites, sizeof(*t->sites), compare_sites);
    return found ? (size_t)(found - t->sites) + 1 : 0;
}

void trace_analyse(struct trace *t)
{
    begin_at_zero(t);
    find_messages(t);
    find_collectives(t);
    find_sites(t);
}
