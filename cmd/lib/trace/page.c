// SPDX-License-Identifier: MIT
#include "trace/page.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "trace/format.h"

enum { PAGE_MAX = 1 << 20, SITES_MAX = UINT16_MAX, REAL_DIGITS = 9 };

#define SECOND 1e9

static double seconds(int64_t ns)
{
    return (double)ns / SECOND;
}

// --- Arrays
// ----------------------------------------------------------------------------------------

// An array of numbers as the page unpacks it: little-endian bytes in base64.
static json_t *packed(const void *data, size_t n)
{
    unsigned char *text = xmalloc((n + 2) / 3 * 4 + 1);
    int length = EVP_EncodeBlock(text, data, (int)n);
    json_t *out = json_stringn((const char *)text, (size_t)(length > 0 ? length : 0));
    free(text);
    return out;
}

static uint16_t site_number(const struct trace *t, uint32_t site)
{
    size_t number = trace_site_number(t, site);
    return number < SITES_MAX ? (uint16_t)number : 0;
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be in any
#define PACK(object, name, type, count, value)                                                     \
    do {                                                                                           \
        type *array_ = xcalloc((count) ? (count) : 1, sizeof(type));                               \
        for (size_t i = 0; i < (count); i++) {                                                     \
            array_[i] = (type)(value);                                                             \
        }                                                                                          \
        json_object_set_new(object, name, packed(array_, (count) * sizeof(type)));                 \
        free(array_);                                                                              \
    } while (0)
// NOLINTEND(bugprone-macro-parentheses)

static void add_spans(json_t *o, const struct trace *t, const struct trace_rank *r)
{
    PACK(o, "enter", double, r->n, seconds(r->spans[i].enter));
    PACK(o, "time", float, r->n, seconds(r->spans[i].leave - r->spans[i].enter));
    PACK(o, "bytes", float, r->n, r->spans[i].bytes);
    PACK(o, "waited", float, r->n, seconds(r->spans[i].waited));
    PACK(o, "call", uint8_t, r->n, r->spans[i].call);
    PACK(o, "peer", int16_t, r->n, r->spans[i].peer);
    PACK(o, "late", int16_t, r->n, r->spans[i].late);
    PACK(o, "site", uint16_t, r->n, site_number(t, r->spans[i].site));
}

static json_t *messages_of(const struct trace *t)
{
    const struct trace_message *m = t->messages;
    json_t *o = json_object();
    PACK(o, "from", uint16_t, t->n_messages, m[i].from);
    PACK(o, "to", uint16_t, t->n_messages, m[i].to);
    PACK(o, "sent", double, t->n_messages, seconds(m[i].sent));
    PACK(o, "received", double, t->n_messages, seconds(m[i].received));
    PACK(o, "bytes", float, t->n_messages, m[i].bytes);
    return o;
}

// --- What is there in any case
// ---------------------------------------------------------------------

static json_t *rank_object(const struct trace_page *p, size_t i)
{
    const struct trace_rank *r = &p->trace->ranks[i];
    const struct trace_rank_sum *s = &p->summary->ranks[i];
    json_t *o = json_object();
    json_object_set_new(o, "host", json_string(r->host ? r->host : "?"));
    json_object_set_new(o, "begin", json_real(seconds(r->begin)));
    json_object_set_new(o, "end", json_real(seconds(r->end)));
    json_object_set_new(o, "all", json_real(seconds(s->all)));
    json_object_set_new(o, "mpi", json_real(seconds(s->mpi)));
    json_object_set_new(o, "waiting", json_real(seconds(s->waiting)));
    json_object_set_new(o, "late_senders", json_real(seconds(s->senders)));
    json_object_set_new(o, "late_receivers", json_real(seconds(s->receivers)));
    json_object_set_new(o, "collectives", json_real(seconds(s->together)));
    json_object_set_new(o, "waited_for", json_real(seconds(s->caused)));
    json_object_set_new(o, "calls", json_integer((json_int_t)s->calls));
    json_object_set_new(o, "sent", json_integer((json_int_t)s->sent));
    json_object_set_new(o, "lost", json_integer((json_int_t)r->lost));
    const char *stopped = r->ended || !r->recorded ? NULL
                          : r->inside >= 0         ? trace_call_name((unsigned)r->inside)
                                                   : "computing";
    json_object_set_new(o, "stopped", stopped ? json_string(stopped) : json_null());
    return o;
}

static json_t *basics(const struct trace_page *p)
{
    json_t *o = json_object();
    json_t *ranks = json_array();
    json_t *totals = json_array();
    json_t *findings = json_array();
    for (size_t i = 0; i < p->trace->n; i++) {
        json_array_append_new(ranks, rank_object(p, i));
    }
    for (size_t i = 0; i < p->summary->n_calls; i++) {
        const struct trace_call_sum *c = &p->summary->calls[i];
        json_array_append_new(
            totals, json_pack("{s:s, s:I, s:f, s:f, s:I}", "name", trace_call_name(c->call),
                              "count", (json_int_t)c->count, "time", seconds(c->time), "waited",
                              seconds(c->waited), "bytes", (json_int_t)c->bytes));
    }
    _cleanup_free_ char *imbalance = trace_imbalance_sentence(p->summary);
    if (imbalance) {
        json_array_append_new(findings, json_string(imbalance));
    }
    for (size_t i = 0; i < p->summary->n_findings; i++) {
        _cleanup_free_ char *sentence =
            trace_finding_sentence(&p->summary->findings[i], p->site, p->user);
        json_array_append_new(findings, json_string(sentence));
    }
    json_object_set_new(o, "title", json_string(p->title));
    json_object_set_new(o, "begin", json_real(seconds(p->trace->begin)));
    json_object_set_new(o, "end", json_real(seconds(p->trace->end)));
    json_object_set_new(o, "all", json_real(seconds(p->summary->all)));
    json_object_set_new(o, "mpi", json_real(seconds(p->summary->mpi)));
    json_object_set_new(o, "imbalance", json_real(p->summary->imbalance));
    json_object_set_new(o, "messages_matched", json_integer((json_int_t)p->trace->n_messages));
    json_object_set_new(o, "findings", findings);
    json_object_set_new(o, "totals", totals);
    json_object_set_new(o, "ranks", ranks);
    return o;
}

char *trace_json(const struct trace_page *p)
{
    json_t *o = basics(p);
    char *text = json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
    json_decref(o);
    return text;
}

// --- The page
// --------------------------------------------------------------------------------------

static json_t *page_data(const struct trace_page *p)
{
    json_t *o = basics(p);
    json_t *calls = json_array();
    json_t *places = json_array();
    const double share =
        p->summary->all > 0 ? (double)p->summary->mpi / (double)p->summary->all : 0;
    _cleanup_free_ char *said = xasprintf("%.3f s, %.0f %% of it in MPI",
                                          seconds(p->trace->end - p->trace->begin), share * 100);

    for (unsigned i = 0; i < TRACE_N_CALLS; i++) {
        json_array_append_new(calls, json_string(trace_call_name(i)));
    }
    json_array_append_new(places, json_string("")); // 0: not known
    for (size_t i = 0; i < p->trace->n_sites; i++) {
        const char *name = p->site ? p->site(p->user, p->trace->sites[i]) : "";
        json_array_append_new(places, json_string(name));
    }
    for (size_t i = 0; i < p->trace->n; i++) {
        add_spans(json_array_get(json_object_get(o, "ranks"), i), p->trace, &p->trace->ranks[i]);
    }
    json_object_set_new(o, "summary", json_string(said));
    json_object_set_new(o, "calls", calls);
    json_object_set_new(o, "sites", places);
    json_object_set_new(o, "messages", messages_of(p->trace));
    return o;
}

// In a script of a page, "</" would end it.
static char *for_page(json_t *data)
{
    static const struct str_pair end = {"</", "<\\/"};
    char *text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
    char *safe = str_expand(text, &end, 1);
    free(text);
    return safe;
}

int trace_write_page(const struct trace_page *p, const char *file, struct err *err)
{
    _cleanup_strbuf_ struct strbuf page = {0};
    if (fs_read_file(p->page, PAGE_MAX, &page, err) != 0) {
        return -1;
    }
    json_t *data = page_data(p);
    _cleanup_free_ char *inner = for_page(data);
    _cleanup_free_ char *title = str_html(p->title);
    json_decref(data);
    const struct str_pair known[] = {{"@DATA@", inner}, {"@TITLE@", title}};
    _cleanup_free_ char *text = str_expand(page.data, known, ARRAY_SIZE(known));
    return fs_write_file(file, text, strlen(text), 0644, err);
}

// --- Chrome's trace format
// -------------------------------------------------------------------------

int trace_write_chrome(const struct trace_page *p, const char *file, struct err *err)
{
    _cleanup_strbuf_ struct strbuf b = {0};
    strbuf_adds(&b, "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n");
    for (size_t i = 0; i < p->trace->n; i++) {
        const struct trace_rank *r = &p->trace->ranks[i];
        strbuf_addf(
            &b,
            "{\"ph\": \"M\", \"pid\": 0, \"tid\": %zu, \"name\": \"thread_name\", \"args\": "
            "{\"name\": \"rank %zu\"}},\n",
            i, i);
        for (size_t k = 0; k < r->n; k++) {
            const struct trace_span *s = &r->spans[k];
            if (trace_is_call(s->call)) {
                strbuf_addf(
                    &b,
                    "{\"ph\": \"X\", \"pid\": 0, \"tid\": %zu, \"name\": \"MPI_%s\", \"ts\": %.3f, "
                    "\"dur\": %.3f, \"args\": {\"peer\": %d, \"bytes\": %llu}},\n",
                    i, trace_call_name(s->call), (double)s->enter / 1e3,
                    (double)(s->leave - s->enter) / 1e3, s->peer, (unsigned long long)s->bytes);
            }
        }
    }
    strbuf_adds(&b, "{\"ph\": \"M\", \"pid\": 0, \"name\": \"process_name\", \"args\": {\"name\": "
                    "\"MPI\"}}\n]}\n");
    return fs_write_file(file, b.data, b.len, 0644, err);
}
