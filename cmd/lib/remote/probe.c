// SPDX-License-Identifier: MIT
#include "remote/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "remote/fleet.h"

enum {
    HOSTS_MAX = 4,       // that the first board tries for another one
    SILENCE_SECONDS = 45 // of all boards together: those that are left hang
};

struct asking {
    const struct probe_options *options;
    struct probe *probe;
    struct fleet *fleet;
    struct strbuf *texts;
    double *ready; // when a board asked for the time's measurement
    double heard;  // when anything came at last
    size_t done;
    bool silent;
};

// --- Each board ----------------------------------------------------------------------------------

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// The board's clock was read between our answer and now, so in the middle give or take a half.
static void take_time(struct asking *a, size_t node, const char *value)
{
    struct facts *f = &a->probe->boards[node].facts;
    char *end;
    double theirs = strtod(value, &end);
    double half = (clock_seconds() - a->ready[node]) / 2;
    if (a->ready[node] > 0 && end != value && theirs > 0 && theirs < 1e12) {
        f->has_clock = true;
        f->clock_offset = theirs - (wall_seconds() - half);
        f->clock_error = half;
    }
}

static void on_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    struct asking *a = user;
    a->heard = clock_seconds();
    if (stream != FLEET_OUT || a->texts[node].len + strlen(line) >= FACTS_TEXT_MAX) {
        return;
    }
    if (strcmp(line, "ready") == 0 && a->ready[node] == 0) {
        a->ready[node] = clock_seconds();
        fleet_send(a->fleet, node, "\n");
        fleet_close_input(a->fleet, node);
    } else if (strncmp(line, "time ", strlen("time ")) == 0) {
        take_time(a, node, line + strlen("time "));
    }
    strbuf_addf(&a->texts[node], "%s\n", line);
}

static int parse(struct probed *b, const struct strbuf *text)
{
    struct facts measured = b->facts;
    int r = facts_parse(text->data, text->len, &b->facts, &b->why);
    b->facts.has_clock = measured.has_clock;
    b->facts.clock_offset = measured.clock_offset;
    b->facts.clock_error = measured.clock_error;
    return r;
}

static void on_end(void *user, size_t node, int status, const struct err *why)
{
    struct asking *a = user;
    struct probed *b = &a->probe->boards[node];
    a->heard = clock_seconds();
    if (status < 0 && a->silent) {
        err_set(&b->why, ERR_NETWORK, "it hangs: no answer for %d s", (int)SILENCE_SECONDS);
    } else if (status < 0) {
        b->why = *why;
        _cleanup_free_ char *clean = facts_clean(why->msg, strlen(why->msg));
        snprintf(b->why.msg, sizeof(b->why.msg), "%s", clean);
    } else if (parse(b, &a->texts[node]) == 0) {
        b->answered = true;
    }
    a->done++;
    if (a->options->on_answer) {
        a->options->on_answer(a->options->user, a->done);
    }
}

static void on_tick(void *user)
{
    struct asking *a = user;
    if (clock_seconds() - a->heard < SILENCE_SECONDS) {
        return;
    }
    a->silent = true;
    for (size_t i = 0; i < a->probe->n; i++) {
        if (fleet_is_open(a->fleet, i)) {
            fleet_kill(a->fleet, i);
        }
    }
}

static int ask_all(struct asking *a, const char *script, struct err *err)
{
    const struct fleet_handlers handlers = {
        .user = a, .on_line = on_line, .on_end = on_end, .on_tick = on_tick};
    int r = 0;
    a->heard = clock_seconds();
    a->fleet = fleet_new(a->options->nodes, &handlers);
    for (size_t i = 0; i < a->probe->n; i++) {
        strbuf_adds(&a->texts[i], "");
        r = r == 0 ? fleet_start(a->fleet, i, script, NULL, err) : r;
    }
    r = r == 0 ? fleet_serve(a->fleet, NULL, err) : r;
    fleet_free(a->fleet);
    return r;
}

// --- From the first board to the others ----------------------------------------------------------

static bool has_address(const struct facts *f, const char *address)
{
    for (size_t i = 0; i < f->n_addresses; i++) {
        if (strcmp(f->addresses[i].address, address) == 0) {
            return true;
        }
    }
    return false;
}

// What the first board may call another one: what the list says, then its addresses.
static char *hosts_of(const struct probe *p, const struct remote *node, size_t i)
{
    const struct facts *f = &p->boards[i].facts;
    _cleanup_strv_ struct strv words = {0};
    strv_addf(&words, "%zu", i);
    strv_add(&words, node->peer);
    if (strcmp(node->name, node->peer) != 0) {
        strv_add(&words, node->name);
    }
    for (size_t k = 0; k < f->n_addresses && words.n <= HOSTS_MAX; k++) {
        const struct facts_address *a = &f->addresses[k];
        if (!facts_is_virtual(a->interface) && !strv_has(&words, a->address) &&
            !has_address(&p->boards[p->first].facts, a->address)) {
            strv_add(&words, a->address);
        }
    }
    return strv_join(&words, " ");
}

// reach NUMBER yes HOST, or reach NUMBER no WORDS.
static void take_reach(struct probe *p, struct slice line)
{
    struct slice word;
    struct slice number;
    struct slice verdict;
    if (!slice_word(&line, &word) || !slice_is(word, "reach") || !slice_word(&line, &number) ||
        !slice_word(&line, &verdict)) {
        return;
    }
    _cleanup_free_ char *digits = slice_dup(number);
    size_t i = strtoul(digits, NULL, 10);
    if (i >= p->n || p->boards[i].reach != REACH_NOT_TRIED) {
        return;
    }
    line = slice_trim(line);
    bool yes = slice_is(verdict, "yes");
    p->boards[i].reach = yes ? REACH_YES : REACH_NO;
    char **text = yes ? &p->boards[i].reached_as : &p->boards[i].reach_said;
    *text = facts_clean(line.p, line.n);
}

static int ask_first(const struct probe_options *o, struct probe *p, struct err *err)
{
    _cleanup_(remotes_release) struct remotes one = {0};
    _cleanup_strv_ struct strv args = {0};
    _cleanup_strbuf_ struct strbuf script = {0};
    struct fleet_answer answer;
    struct slice line;

    for (size_t i = 0; i < p->n; i++) {
        if (i != p->first && p->boards[i].answered) {
            strv_take(&args, hosts_of(p, &o->nodes->items[i], i));
        }
    }
    if (args.n == 0) {
        return 0;
    }
    if (fleet_read_script(o->scripts, "reach.sh", &script, err) != 0 ||
        remotes_copy(&one, &o->nodes->items[p->first], err) != 0) {
        return -1;
    }
    one.ssh_config = o->nodes->ssh_config ? xstrdup(o->nodes->ssh_config) : NULL;
    if (fleet_ask(&one, script.data, &args, &answer, err) != 0) {
        return -1;
    }
    struct slice rest = {answer.out.data, answer.out.len};
    while (slice_cut(&rest, '\n', &line)) {
        take_reach(p, line);
    }
    fleet_answers_release(&answer, 1);
    return 0;
}

// --- All of it -----------------------------------------------------------------------------------

int probe_nodes(const struct probe_options *options, struct probe *out, struct err *err)
{
    size_t n = options->nodes->n;
    struct asking a = {.options = options, .probe = out};
    _cleanup_strbuf_ struct strbuf script = {0};

    *out = (struct probe){.boards = xcalloc(n + 1, sizeof(*out->boards)), .n = n, .first = n};
    if (fleet_read_script(options->scripts, "probe.sh", &script, err) != 0) {
        return -1;
    }
    a.texts = xcalloc(n + 1, sizeof(*a.texts));
    a.ready = xcalloc(n + 1, sizeof(*a.ready));
    int r = ask_all(&a, script.data, err);
    for (size_t i = n; r == 0 && i-- > 0;) {
        out->first = out->boards[i].answered ? i : out->first;
    }
    if (r == 0 && out->first < n) {
        r = ask_first(options, out, err);
    }
    for (size_t i = 0; i < n; i++) {
        strbuf_release(&a.texts[i]);
    }
    free(a.texts);
    free(a.ready);
    return r;
}

void probe_release(struct probe *p)
{
    for (size_t i = 0; i < p->n; i++) {
        facts_release(&p->boards[i].facts);
        free(p->boards[i].reached_as);
        free(p->boards[i].reach_said);
    }
    free(p->boards);
    *p = (struct probe){0};
}
