// SPDX-License-Identifier: MIT
// The transfer: packs, and the plan of deploy/transfer.h carried out. What runs on the boards is
// toolchain/remote/pieces.sh, receive.sh and deploy.sh.

#include <string.h>

#include "base/clock.h"
#include "deploy/job.h"

enum {
    INLINE_MAX = 1 << 20, // bytes to all boards that go with the commands
    SSH_FAILED = 255,
    LOGINS = 32, // at once
};

static const double margin = 1.05; // of space

static struct group *group_of(struct job *j, size_t node)
{
    return &j->groups[j->stations[node].group];
}

// --- What goes to whom ---------------------------------------------------------------------------

static size_t find_group(struct job *j, const char *base, enum pack_kind kind)
{
    for (size_t i = 0; i < j->n_groups; i++) {
        if (j->groups[i].pack.kind == kind && strcmp(j->groups[i].base, base) == 0) {
            return i;
        }
    }
    VEC_GROW(j->groups, j->n_groups);
    struct group *g = &j->groups[j->n_groups++];
    *g = (struct group){.pack = {.kind = kind, .fd = -1}};
    snprintf(g->base, sizeof(g->base), "%s", base);
    return j->n_groups - 1;
}

static void list_pieces(struct group *g)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    strbuf_adds(&text, "");
    for (size_t i = 0; i < g->pack.n; i++) {
        strbuf_addf(&text, "%s %llu\n", g->pack.pieces[i].sha256,
                    (unsigned long long)g->pack.pieces[i].size);
    }
    strbuf_adds(&g->list, "list");
    fleet_encode_word(text.data, &g->list);
    strbuf_adds(&g->list, "\n");
}

static int make_group(struct job *j, struct group *g, struct err *err)
{
    if (pack_make(j->o->cache, j->id, g->base[0] ? g->base : NULL, g->pack.kind, &g->pack, err) !=
        0) {
        return -1;
    }
    size_t logins = j->o->nodes->at_once > 0 ? j->o->nodes->at_once : LOGINS;
    transfer_init(&g->transfer, j->n, g->pack.n, logins);
    g->transfer.direct = j->o->direct;
    list_pieces(g);
    return 0;
}

static bool needs_it(const struct job *j, size_t node)
{
    return j->boards[node].state == DEPLOY_ANSWERED;
}

int job_send_begin(struct job *j, struct err *err)
{
    for (size_t i = 0; i < j->n; i++) {
        if (needs_it(j, i)) {
            struct station *s = &j->stations[i];
            s->group = find_group(j, job_base_get(j, i), s->rsync ? PACK_RSYNC : PACK_TAR);
            if (group_of(j, i)->pack.fd < 0 && make_group(j, group_of(j, i), err) != 0) {
                return -1;
            }
        }
    }
    for (size_t i = 0; i < j->n; i++) {
        if (needs_it(j, i)) {
            job_send_prepare(j, i);
        }
    }
    return 0;
}

void job_send_prepare(struct job *j, size_t node)
{
    struct deploy_board *b = &j->boards[node];
    struct station *s = &j->stations[node];
    if (j->n_groups == 0) { // nothing was to be sent to anybody
        job_fail(j, node, ERR_FAILED, "its releases have changed meanwhile");
        return;
    }
    const struct group *g = group_of(j, node);
    char needed[32];
    char free_now[32];
    uint64_t bytes = g->pack.size + j->release->size;

    b->size = g->pack.size;
    b->have = 0;
    if ((double)s->free < margin * (double)bytes) {
        job_fail(j, node, ERR_FAILED, "its storage is full: %s needed, %s free",
                 str_size(needed, bytes), str_size(free_now, s->free));
        _cleanup_free_ char *words = remote_words(&j->o->nodes->items[node]);
        err_hint(&b->err, "free some space: ssh %s df -h", words);
        return;
    }
    b->state = DEPLOY_PREPARING;
    b->sent = true;
    free(s->had);
    s->had = xcalloc(g->pack.n + 1, sizeof(*s->had));
    fleet_send(j->fleet, node, j->receiver.data);
    fleet_send(j->fleet, node, g->list.data);
    job_command(j, node, "prepare %s %s %s", j->id, g->pack.name, g->base[0] ? g->base : "-");
}

bool job_send_whole(struct job *j, size_t node)
{
    struct station *s = &j->stations[node];
    struct err err = ERR_INIT;
    enum pack_kind kind = group_of(j, node)->pack.kind;
    if (group_of(j, node)->base[0] == '\0') {
        return false;
    }
    log_debug(j->o->log, "%s: %s on it is not what it was; all is sent", j->boards[node].name,
              group_of(j, node)->base);
    job_send_lost(j, node);
    s->group = find_group(j, "", kind);
    if (group_of(j, node)->pack.fd < 0 && make_group(j, group_of(j, node), &err) != 0) {
        job_fail(j, node, ERR_FAILED, "%s", err.msg);
    } else {
        job_send_prepare(j, node);
    }
    return true;
}

// --- Pieces --------------------------------------------------------------------------------------

static void send_piece(struct job *j, size_t channel, const struct pack *pack, size_t piece)
{
    const struct pack_piece *p = &pack->pieces[piece];
    fleet_send_file(j->fleet, channel, pack->fd, p->offset, p->size);
}

// So little for all boards together that a login more for each would take longer.
static bool is_little(const struct job *j, const struct group *g)
{
    return g->pack.size * j->n <= INLINE_MAX;
}

static void take_piece(struct job *j, size_t node, size_t piece)
{
    const struct group *g = group_of(j, node);
    struct deploy_board *b = &j->boards[node];
    struct transfer *t = &group_of(j, node)->transfer;
    if (!transfer_got(t, node, piece, clock_seconds())) {
        return;
    }
    b->have += g->pack.pieces[piece].size;
    double interval = t->boards[node].interval;
    b->rate = interval > 0 ? (double)g->pack.pieces[0].size / interval : 0;
    if (transfer_is_complete(t, node)) {
        b->state = DEPLOY_CHECKING;
        job_command(j, node, "complete %s %s %s", j->id,
                    g->pack.kind == PACK_RSYNC ? "rsync" : "tar", j->release->sha256);
    }
}

void job_send_prepared(struct job *j, size_t node)
{
    struct deploy_board *b = &j->boards[node];
    char size[32];
    if (b->state != DEPLOY_PREPARING || j->n_groups == 0) {
        return;
    }
    struct group *g = group_of(j, node);
    b->state = DEPLOY_RECEIVING;
    transfer_want(&g->transfer, node, !is_little(j, g), clock_seconds());
    for (size_t i = 0; i < g->pack.n && b->state == DEPLOY_RECEIVING; i++) {
        if (j->stations[node].had[i]) {
            take_piece(j, node, i);
        } else if (is_little(j, g)) {
            job_command(j, node, "piece %s %llu", g->pack.pieces[i].sha256,
                        (unsigned long long)g->pack.pieces[i].size);
            send_piece(j, node, &g->pack, i);
        }
    }
    if (b->have > 0) {
        log_debug(j->o->log, "%s has %s of it already", b->name, str_size(size, b->have));
    }
}

// --- Feeds ---------------------------------------------------------------------------------------

// "GROUP.NUMBER"; false when there is no such feed.
static bool find_feed(struct job *j, const char *text, struct group **group, size_t *feed)
{
    char *end;
    unsigned long long g = strtoull(text, &end, 10);
    if (*end != '.' || g >= j->n_groups) {
        return false;
    }
    *group = &j->groups[g];
    *feed = strtoull(end + 1, NULL, 10);
    return *feed < (*group)->transfer.n_feeds;
}

// Who gave it a piece: the board, or, as number n, the desktop.
static size_t giver(const struct job *j, const struct group *g, size_t feed)
{
    size_t from = g->transfer.feeds[feed].from;
    return from < j->n ? from : j->n;
}

void job_send_got(struct job *j, size_t node, const char *sha256, const char *feed)
{
    struct station *s = &j->stations[node];
    struct group *g;
    size_t number;
    if (j->n_groups == 0) {
        return;
    }
    size_t piece = pack_find(&group_of(j, node)->pack, sha256);
    if (piece == group_of(j, node)->pack.n) {
        return;
    }
    if (j->boards[node].state == DEPLOY_PREPARING) {
        s->had[piece] = true;
    } else if (j->boards[node].state == DEPLOY_RECEIVING) {
        s->by[find_feed(j, feed, &g, &number) ? giver(j, g, number) : j->n]++;
        take_piece(j, node, piece);
    }
}

void job_send_opened(struct job *j, const char *feed)
{
    struct group *g;
    size_t number;
    if (find_feed(j, feed, &g, &number)) {
        transfer_opened(&g->transfer, number, clock_seconds());
    }
}

static const char *source_name(const struct job *j, size_t from)
{
    return from < j->n ? j->boards[from].name : "this machine";
}

// What trying again does not help against.
static bool is_refusal(int status, const char *said)
{
    static const char *const texts[] = {"Permission denied (",
                                        "Host key verification failed",
                                        "IDENTIFICATION HAS CHANGED",
                                        "Could not resolve",
                                        "not found",
                                        "Bad owner or permissions"};
    for (size_t i = 0; status > 0 && i < ARRAY_SIZE(texts); i++) {
        if (strstr(said, texts[i])) {
            return true;
        }
    }
    return false;
}

static void end_feed(struct job *j, struct group *g, size_t feed, int status, const char *said)
{
    size_t node = g->transfer.feeds[feed].node;
    if (!g->transfer.feeds[feed].runs || j->boards[node].state != DEPLOY_RECEIVING) {
        return;
    }
    if (status == 0) {
        transfer_ended(&g->transfer, feed, TRANSFER_OK, clock_seconds());
        return;
    }
    log_debug(j->o->log, "%s cannot pass it on to %s: %s",
              source_name(j, g->transfer.feeds[feed].from), j->boards[node].name, said);
    if (status > 0 && status < SSH_FAILED && job_is_storage(said)) { // whoever feeds it
        job_fail_said(j, node, said);
        return;
    }
    transfer_ended(&g->transfer, feed,
                   is_refusal(status, said) ? TRANSFER_REFUSED : TRANSFER_FAILED, clock_seconds());
    if (transfer_is_hopeless(&g->transfer, node)) {
        job_fail(j, node, ERR_NETWORK, "no data arrives: %s", said);
    }
}

void job_send_ended(struct job *j, const char *feed, int status, const char *said)
{
    struct group *g;
    size_t number;
    if (find_feed(j, feed, &g, &number)) {
        end_feed(j, g, number, status, said);
    }
}

void job_send_wanted(struct job *j, size_t node, const char *sha256)
{
    size_t channel = j->stations[node].channel;
    if (channel == transfer_nobody || j->n_groups == 0) {
        return;
    }
    const struct pack *pack = &group_of(j, node)->pack;
    size_t piece = pack_find(pack, sha256);
    if (piece < pack->n) {
        send_piece(j, j->n + node, pack, piece);
    } else { // it would wait for ever
        fleet_kill(j->fleet, j->n + node);
    }
}

void job_send_channel_ended(struct job *j, size_t node, int status, const char *said)
{
    size_t feed = j->stations[node].channel;
    if (feed != transfer_nobody && j->n_groups > 0) {
        j->stations[node].channel = transfer_nobody;
        end_feed(j, group_of(j, node), feed, status, said);
    }
}

static void close_channel(struct job *j, size_t node)
{
    if (j->stations[node].channel != transfer_nobody) {
        j->stations[node].channel = transfer_nobody;
        fleet_kill(j->fleet, j->n + node);
    }
}

// From the desktop, by a connection of its own.
static void feed_from_here(struct job *j, size_t node, size_t feed)
{
    struct group *g = group_of(j, node);
    _cleanup_strv_ struct strv args = {0};
    struct err err = ERR_INIT;

    strv_add_list(&args, j->stations[node].place, g->pack.name, NULL);
    strv_addf(&args, "%zu.%zu", j->stations[node].group, feed);
    j->stations[node].channel = feed;
    if (fleet_start(j->fleet, j->n + node, "exec /bin/sh \"$1/incoming/receive\" \"$@\"", &args,
                    &err) != 0) {
        job_send_channel_ended(j, node, -1, err.msg);
    }
}

static void add_target(struct strbuf *to, const struct remote *r, const char *name)
{
    const char *at = strrchr(r->host, '@');
    _cleanup_free_ char *target =
        xasprintf("%.*s%s", at ? (int)(at + 1 - r->host) : 0, r->host, name);
    fleet_encode_word(target, to);
}

static void feed_from_board(struct job *j, size_t from, size_t node, size_t feed)
{
    const struct remote *r = &j->o->nodes->items[node];
    const struct station *s = &j->stations[node];
    _cleanup_strbuf_ struct strbuf words = {0};
    _cleanup_free_ char *place = str_quoted(s->place);
    _cleanup_free_ char *command =
        xasprintf("exec /bin/sh %s/incoming/receive %s %s %zu.%zu", place, place,
                  group_of(j, node)->pack.name, s->group, feed);

    fleet_encode_word(command, &words);
    add_target(&words, r, r->peer);
    if (strcmp(r->peer, r->name) != 0) {
        add_target(&words, r, r->name);
    }
    job_command(j, from, "feed %zu.%zu%s", s->group, feed, words.data);
}

static void stop_feed(struct job *j, size_t group, size_t feed)
{
    const struct transfer_feed *f = &j->groups[group].transfer.feeds[feed];
    if (f->from != transfer_desktop) {
        job_command(j, f->from, "stop_feed %zu.%zu", group, feed);
    } else if (j->stations[f->node].channel == feed) {
        close_channel(j, f->node);
    }
}

static void take_step(struct job *j, size_t group, const struct transfer_step *step)
{
    const struct transfer_feed *f = &j->groups[group].transfer.feeds[step->start];
    size_t node = f->node;
    size_t from = f->from;
    if (step->stop != transfer_nobody) {
        stop_feed(j, group, step->stop);
    }
    log_debug(j->o->log, "%s feeds %s", source_name(j, from), j->boards[node].name);
    if (from == transfer_desktop) {
        feed_from_here(j, node, step->start);
    } else {
        feed_from_board(j, from, node, step->start);
    }
}

void job_send_lost(struct job *j, size_t node)
{
    if (j->n_groups > 0 && j->stations[node].group < j->n_groups) {
        transfer_gone(&group_of(j, node)->transfer, node);
        close_channel(j, node);
    }
}

static bool takes_part(const struct job *j, size_t node)
{
    size_t group = j->stations[node].group;
    return group < j->n_groups && j->groups[group].transfer.boards[node].wanted;
}

void job_send_tick(struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        if (j->boards[i].state == DEPLOY_FAILED && takes_part(j, i)) {
            job_send_lost(j, i);
        }
    }
    for (size_t i = 0; i < j->n_groups; i++) {
        struct transfer_step step;
        while (transfer_next(&j->groups[i].transfer, clock_seconds(), &step)) {
            take_step(j, i, &step);
        }
    }
}

// --- The end -------------------------------------------------------------------------------------

// From whom the board got what: "pi3", or "pi3 (6), desktop (2)" with the pieces of each.
static void name_sources(const struct job *j, size_t node)
{
    const size_t *by = j->stations[node].by;
    struct deploy_board *b = &j->boards[node];
    struct strbuf out = {0};
    size_t sources = 0;
    for (size_t i = 0; i <= j->n; i++) {
        sources += by[i] > 0;
    }
    for (size_t i = 0; i <= j->n; i++) {
        if (by[i] > 0) {
            strbuf_addf(&out, "%s%s", out.len ? ", " : "",
                        i < j->n ? j->boards[i].name : "desktop");
        }
        if (by[i] > 0 && sources > 1) {
            strbuf_addf(&out, " (%zu)", by[i]);
        }
    }
    b->from = strbuf_take(&out);
}

void job_send_release(struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        name_sources(j, i);
    }
    for (size_t i = 0; i < j->n_groups; i++) {
        j->result->refused += j->groups[i].transfer.refused;
        pack_release(&j->groups[i].pack);
        transfer_release(&j->groups[i].transfer);
        strbuf_release(&j->groups[i].list);
    }
    free(j->groups);
    j->groups = NULL;
    j->n_groups = 0;
}
