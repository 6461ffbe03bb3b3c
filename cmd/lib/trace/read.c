// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "trace/format.h"
#include "trace/trace.h"

enum { FILE_SIZE_MAX = 1 << 30 };

// Later than any clock says, nine years: differences of differences fit into 64 bits.
#define TIME_MAX (UINT64_C(1) << 58)

static const char *const names[] = {
#define TRACE_NAME(name) #name,
    TRACE_CALLS(TRACE_NAME)
#undef TRACE_NAME
};

const char *trace_call_name(unsigned call)
{
    return call < ARRAY_SIZE(names) ? names[call] : "?";
}

bool trace_sends(unsigned call)
{
    return (call >= TRACE_Send && call <= TRACE_Irsend) || call == TRACE_Sendrecv ||
           call == TRACE_Sendrecv_replace;
}

bool trace_is_collective(unsigned call)
{
    return call >= TRACE_Barrier && call <= TRACE_Exscan;
}

bool trace_is_call(unsigned call)
{
    return call != TRACE_Received;
}

// How far the rank's clock was ahead at a time of that clock: between the two comparisons, and on
// the same line before and after.
static double ahead_at(const struct trace_header *h, uint64_t at)
{
    const struct trace_clock *a = &h->clocks[0];
    const struct trace_clock *b = &h->clocks[1];
    double span = (double)b->at - (double)a->at;
    if (b->at == 0 || span <= 0) {
        return (double)a->ahead;
    }
    return (double)a->ahead +
           ((double)b->ahead - (double)a->ahead) * (((double)at - (double)a->at) / span);
}

static int64_t on_one_clock(const struct trace_header *h, uint64_t at)
{
    double ahead = ahead_at(h, at);
    bool sane = ahead > -(double)TIME_MAX && ahead < (double)TIME_MAX && at < TIME_MAX;
    return sane ? (int64_t)at - (int64_t)ahead : 0;
}

static int check_header(const struct trace_header *h, size_t n, struct err *err)
{
    if (n < sizeof(*h) || memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)) != 0) {
        return err_set(err, ERR_VERIFY, "it is not a trace, or was cut short");
    }
    if (h->version != TRACE_VERSION || h->event_size != sizeof(struct trace_event)) {
        return err_set(err, ERR_VERIFY, "it is of version %u; this pisdk reads version %d",
                       h->version, TRACE_VERSION);
    }
    if (h->ranks == 0 || h->ranks > TRACE_RANKS_MAX || h->rank >= h->ranks) {
        return err_set(err, ERR_VERIFY, "it is of rank %u of %u", h->rank, h->ranks);
    }
    return 0;
}

static int make_ranks(struct trace *t, size_t n, struct err *err)
{
    if (t->n == 0) {
        t->ranks = xcalloc(n, sizeof(*t->ranks));
        t->n = n;
    }
    return t->n == n ? 0
                     : err_set(err, ERR_VERIFY, "it is of a run with %zu ranks, not %zu", n, t->n);
}

static bool is_sane(const struct trace_event *e)
{
    return e->call < TRACE_N_CALLS && e->leave >= e->enter && e->leave < TIME_MAX;
}

int trace_read_rank(const char *bytes, size_t n, struct trace *t, struct err *err)
{
    struct trace_header h;
    memset(&h, 0, sizeof(h));
    memcpy(&h, bytes, n < sizeof(h) ? n : sizeof(h));
    if (check_header(&h, n, err) != 0 || make_ranks(t, h.ranks, err) != 0) {
        return -1;
    }
    struct trace_rank *r = &t->ranks[h.rank];
    if (r->recorded) {
        return err_set(err, ERR_VERIFY, "rank %u is there twice", h.rank);
    }
    size_t room = (n - sizeof(h)) / sizeof(struct trace_event);
    size_t events = h.n < room ? (size_t)h.n : room;
    h.host[TRACE_HOST - 1] = '\0';
    *r = (struct trace_rank){.host = xstrdup(h.host),
                             .spans = xcalloc(events ? events : 1, sizeof(*r->spans)),
                             .lost = h.lost,
                             .totals = xcalloc(TRACE_N_CALLS, sizeof(*r->totals)),
                             .any_source = h.any_source,
                             .recorded = true,
                             .ended = h.end != 0,
                             .inside =
                                 h.inside > 0 && h.inside <= TRACE_N_CALLS ? (int)h.inside - 1 : -1,
                             .since = on_one_clock(&h, h.inside_since),
                             .begin = on_one_clock(&h, h.begin)};
    memcpy(r->totals, h.totals, sizeof(h.totals));
    r->end = h.end ? on_one_clock(&h, h.end) : r->begin;
    for (size_t i = 0; i < events; i++) {
        struct trace_event e;
        memcpy(&e, bytes + sizeof(h) + i * sizeof(e), sizeof(e));
        if (!is_sane(&e)) { // not written to its end
            continue;
        }
        bool known = e.peer >= 0 && (uint32_t)e.peer < h.ranks;
        r->spans[r->n++] = (struct trace_span){.enter = on_one_clock(&h, e.enter),
                                               .leave = on_one_clock(&h, e.leave),
                                               .bytes = e.bytes,
                                               .peer = known ? e.peer : TRACE_NO_RANK,
                                               .tag = e.tag,
                                               .late = TRACE_NO_RANK,
                                               .site = e.site,
                                               .call = e.call,
                                               .comm = e.comm};
        r->end = r->spans[r->n - 1].leave > r->end ? r->spans[r->n - 1].leave : r->end;
    }
    if (!r->ended && r->inside >= 0 && r->since > r->end) {
        r->end = r->since;
    }
    return 0;
}

int trace_read(const char *folder, struct trace *out, struct err *err)
{
    _cleanup_strv_ struct strv names_there = {0};
    *out = (struct trace){0};
    if (fs_list_dir(folder, &names_there, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names_there.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names_there.items[i]);
        _cleanup_strbuf_ struct strbuf bytes = {0};
        if (!str_ends(path, ".trace")) {
            continue;
        }
        if (fs_read_file(path, FILE_SIZE_MAX, &bytes, err) != 0) {
            return -1;
        }
        if (trace_read_rank(bytes.data ? bytes.data : "", bytes.len, out, err) != 0) {
            return err_wrap(err, "%s", path);
        }
    }
    if (out->n == 0) {
        err_set(err, ERR_NOT_FOUND, "nothing was recorded in %s", folder);
        return err_hint(err, "ranks record from MPI_Init on: does the program call it?");
    }
    return 0;
}

void trace_release(struct trace *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->ranks[i].host);
        free(t->ranks[i].spans);
        free(t->ranks[i].totals);
    }
    free(t->ranks);
    free(t->messages);
    free(t->sites);
    *t = (struct trace){0};
}
