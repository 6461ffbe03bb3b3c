// The transfer: which boards get what, packs, and feeds.

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "deploy/job.h"

enum { SAID_MAX = 1 << 14, INLINE_MAX = 1 << 20, SSH_FAILED = 255 };

static const double poll_seconds = 1;    // between two questions for what a board has
static const double polls_a_second = 16; // of all boards together
static const double margin = 1.05;       // of space

static struct group *group_of(struct job *j, size_t node)
{
    return &j->groups[j->stations[node].group];
}

// --- What to build upon --------------------------------------------------------------------------

static bool is_kept(const struct job *j, const char *id)
{
    _cleanup_free_ char *path = fs_join(j->o->cache, id);
    return fs_is_dir(path);
}

// A release of the board that is here as well, the current one first; else the current one.
static const char *choose_base(const struct job *j, size_t node)
{
    const struct deploy_board *b = &j->boards[node];
    if (!j->stations[node].rsync) {
        return "";
    }
    if (b->current[0] && is_kept(j, b->current)) {
        return b->current;
    }
    for (size_t i = b->releases.n; i > 0; i--) {
        if (is_kept(j, b->releases.items[i - 1])) {
            return b->releases.items[i - 1];
        }
    }
    return b->current;
}

// A release that was deployed from elsewhere is fetched from a board, as the difference to ours.
static int fetch(struct job *j, size_t node, const char *id, struct err *err)
{
    const struct remotes *nodes = j->o->nodes;
    const struct remote *r = &nodes->items[node];
    _cleanup_strv_ struct strv ssh = {0};
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    _cleanup_free_ char *place = fs_join(j->o->cache, id);
    _cleanup_free_ char *fresh = xasprintf("%s/.%s-%d", j->o->cache, id, (int)getpid());
    const struct proc_capture capture = {
        .input = -1, .max = SAID_MAX, .out = &said, .errors = &said};
    struct err ignored = ERR_INIT;
    int status = 0;

    fleet_ssh_argv(nodes, r, &ssh);
    for (size_t i = 0; i < 2; i++) { // "--" and the host, which rsync adds itself
        free(TAKE_PTR(ssh.items[--ssh.n]));
    }
    _cleanup_strbuf_ struct strbuf shell = {0};
    strbuf_add_quoted(&shell, ssh.items);
    strv_add_list(&argv, "rsync", "-rlpt", "--timeout=60", "--checksum", "-e", shell.data, NULL);
    strv_addf(&argv, "--copy-dest=%s/%s/", j->o->cache, j->id);
    strv_add(&argv, "--");
    strv_addf(&argv, "%s:.local/share/pisdk/%s/releases/%s/", r->host, j->o->name, id);
    strv_addf(&argv, "%s/", fresh);
    int result = proc_capture(argv.items, &capture, &status, err);
    if (result == 0 && (status != 0 || rename(fresh, place) != 0)) {
        result = err_set(err, ERR_NETWORK, "cannot fetch release %s from %s", id, r->name);
    }
    (void)!fs_remove_tree(fresh, &ignored);
    return result;
}

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

static int make_group(struct job *j, struct group *g, size_t first, struct err *err)
{
    struct err own = ERR_INIT;
    if (g->base[0] && !is_kept(j, g->base) && fetch(j, first, g->base, &own) != 0) {
        log_debug(j->o->log, "%s", own.msg);
        g->base[0] = '\0';
    }
    if (pack_make(j->o->cache, j->id, g->base[0] ? g->base : NULL, g->pack.kind, &g->pack, err) !=
        0) {
        return -1;
    }
    fanout_init(&g->fanout, j->n, g->pack.size);
    g->fanout.direct = j->o->direct;
    return 0;
}

static bool needs_it(const struct job *j, size_t node)
{
    const struct deploy_board *b = &j->boards[node];
    return b->state == DEPLOY_ANSWERED && !strv_has(&b->releases, j->id);
}

int job_send_begin(struct job *j, struct err *err)
{
    for (size_t i = 0; i < j->n; i++) {
        if (needs_it(j, i)) {
            struct station *s = &j->stations[i];
            s->group = find_group(j, choose_base(j, i), s->rsync ? PACK_RSYNC : PACK_TAR);
            if (group_of(j, i)->pack.fd < 0 && make_group(j, group_of(j, i), i, err) != 0) {
                return -1;
            }
        } else if (j->boards[i].state == DEPLOY_ANSWERED) {
            j->boards[i].state = DEPLOY_READY;
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
    if (j->n_groups == 0) { // nothing was to be sent to anybody
        job_fail(j, node, ERR_FAILED, "its releases have changed meanwhile");
        return;
    }
    const struct group *g = group_of(j, node);
    char needed[32];
    char free[32];
    uint64_t bytes = g->pack.size + (g->base[0] ? g->pack.size : j->release->size);

    b->size = g->pack.size;
    b->have = 0;
    if ((double)j->stations[node].free < margin * (double)bytes) {
        job_fail(j, node, ERR_FAILED, "its storage is full: %s are needed, %s are free",
                 str_size(needed, bytes), str_size(free, j->stations[node].free));
        err_hint(&b->err, "make room: ssh %s df -h", j->o->nodes->items[node].host);
        return;
    }
    b->state = DEPLOY_PREPARING;
    b->sent = true;
    job_command(j, node, "prepare %s %s %llu %s %s", j->id, g->pack.name,
                (unsigned long long)g->pack.size, g->pack.kind == PACK_RSYNC ? "rsync" : "tar",
                g->base[0] ? g->base : "-");
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
    if (group_of(j, node)->pack.fd < 0 && make_group(j, group_of(j, node), node, &err) != 0) {
        job_fail(j, node, ERR_FAILED, "%s", err.msg);
    } else {
        job_send_prepare(j, node);
    }
    return true;
}

// So little for all boards together that a login more for each would take longer.
static bool is_little(const struct group *g)
{
    return g->pack.size * g->fanout.n <= INLINE_MAX;
}

static void send_inline(struct job *j, size_t node, uint64_t have)
{
    const struct pack *pack = &group_of(j, node)->pack;
    uint64_t rest = pack->size - have;
    job_command(j, node, "take %s %llu", pack->name, (unsigned long long)rest);
    fleet_send_file(j->fleet, node, pack->fd, have, rest);
}

void job_send_have(struct job *j, size_t node, uint64_t have)
{
    struct deploy_board *b = &j->boards[node];
    struct station *s = &j->stations[node];
    double now = clock_seconds();

    if (j->n_groups == 0) {
        return;
    }
    struct fanout *f = &group_of(j, node)->fanout;
    have = have < b->size ? have : b->size;
    if (b->state == DEPLOY_PREPARING) {
        char size[32];
        b->state = DEPLOY_RECEIVING;
        if (have > 0) {
            log_debug(j->o->log, "%s has %s of it already", b->name, str_size(size, have));
        }
        if (is_little(group_of(j, node))) {
            send_inline(j, node, have);
        } else {
            fanout_want(f, node, have, now);
        }
    } else if (b->state == DEPLOY_RECEIVING && f->nodes[node].wanted) {
        fanout_have(f, node, have, now);
    }
    b->have = have;
    b->rate = f->nodes[node].rate;
    s->asked = now;
}

// --- Feeds ---------------------------------------------------------------------------------------

static void add_target(struct strbuf *to, const struct remote *r, const char *name)
{
    const char *at = strrchr(r->host, '@');
    _cleanup_free_ char *target =
        xasprintf("%.*s%s", at ? (int)(at + 1 - r->host) : 0, r->host, name);
    strbuf_add_quoted(to, (char *const[]){target, NULL});
}

static void forward(struct job *j, size_t from, size_t to, uint64_t have)
{
    const struct remote *r = &j->o->nodes->items[to];
    const struct pack *pack = &group_of(j, to)->pack;
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_strbuf_ struct strbuf targets = {0};

    // The same words for any login shell: no quote and no line end in them.
    strbuf_addf(&script, "exec /bin/sh -c 'set -- %s %s %llu; ", j->o->name, pack->name,
                (unsigned long long)have);
    struct slice rest = {j->receiver.data, j->receiver.len};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        if (line.n && line.p[0] != '#') {
            strbuf_addf(&script, "%.*s ", (int)line.n, line.p);
        }
    }
    strbuf_adds(&script, "'");
    _cleanup_free_ char *command = str_quoted(script.data);
    add_target(&targets, r, r->peer);
    if (strcmp(r->peer, r->name) != 0) {
        add_target(&targets, r, r->name);
    }
    job_command(j, from, "forward %s %llu %llu %zu %s%s", pack->name,
                (unsigned long long)pack->size, (unsigned long long)have, to, command,
                targets.data);
}

// From the desktop, by a connection of its own.
static void send_from_here(struct job *j, size_t node, uint64_t have)
{
    const struct pack *pack = &group_of(j, node)->pack;
    _cleanup_strv_ struct strv args = {0};
    struct err err = ERR_INIT;

    strv_add_list(&args, j->o->name, pack->name, NULL);
    strv_addf(&args, "%llu", (unsigned long long)have);
    j->stations[node].channel = true;
    if (fleet_start(j->fleet, j->n + node, j->receiver.data, &args, &err) != 0) {
        job_send_feed_ended(j, node, -1, err.msg);
        return;
    }
    fleet_send_file(j->fleet, j->n + node, pack->fd, have, pack->size - have);
    fleet_close_input(j->fleet, j->n + node);
}

static void start_feed(struct job *j, const struct group *g, const struct fanout_feed *feed)
{
    struct deploy_board *b = &j->boards[feed->node];
    uint64_t have = g->fanout.nodes[feed->node].have;

    if (feed->instead == fanout_desktop) {
        j->stations[feed->node].channel = false;
        fleet_kill(j->fleet, j->n + feed->node);
    } else if (feed->instead != fanout_nobody) {
        job_command(j, feed->instead, "stop_forward %zu", feed->node);
    }
    b->from = feed->from == fanout_desktop ? NULL : j->boards[feed->from].name;
    log_debug(j->o->log, "%s feeds %s", b->from ? b->from : "this machine", b->name);
    if (feed->from == fanout_desktop) {
        send_from_here(j, feed->node, have);
    } else {
        forward(j, feed->from, feed->node, have);
    }
}

void job_send_feed_ended(struct job *j, size_t node, int status, const char *said)
{
    struct deploy_board *b = &j->boards[node];
    if (b->state != DEPLOY_RECEIVING || status == 0 || j->n_groups == 0) {
        return;
    }
    struct fanout *f = &group_of(j, node)->fanout;
    if (f->nodes[node].complete) {
        return;
    }
    log_debug(j->o->log, "%s cannot pass it on to %s: %s", b->from ? b->from : "this machine",
              b->name, said);
    if (status > 0 && status < SSH_FAILED && job_is_storage(said)) { // whoever feeds it
        const char *cause = strrchr(said, ':');
        job_fail_said(j, node, cause ? cause + 1 + strspn(cause + 1, " ") : said);
        return;
    }
    fanout_failed(f, node);
    if (fanout_is_hopeless(f, node)) {
        job_fail(j, node, ERR_NETWORK, "nothing arrives: %s", said);
    }
}

void job_send_lost(struct job *j, size_t node)
{
    if (j->n_groups > 0 && j->stations[node].group < j->n_groups) {
        fanout_gone(&group_of(j, node)->fanout, node);
        if (j->stations[node].channel) {
            j->stations[node].channel = false;
            fleet_kill(j->fleet, j->n + node);
        }
    }
}

static void poll_boards(struct job *j, double now)
{
    double pause = (double)j->n / polls_a_second;
    pause = pause > poll_seconds ? pause : poll_seconds;
    for (size_t i = 0; i < j->n; i++) {
        struct station *s = &j->stations[i];
        if (j->boards[i].state == DEPLOY_RECEIVING && now - s->asked > pause) {
            s->asked = now;
            job_command(j, i, "have %s", group_of(j, i)->pack.name);
        }
    }
}

void job_send_tick(struct job *j)
{
    double now = clock_seconds();
    poll_boards(j, now);
    for (size_t i = 0; i < j->n_groups; i++) {
        struct group *g = &j->groups[i];
        struct fanout_feed feed;
        while (fanout_next(&g->fanout, now, &feed)) {
            start_feed(j, g, &feed);
        }
    }
}

void job_send_release(struct job *j)
{
    for (size_t i = 0; i < j->n_groups; i++) {
        j->result->refused += j->groups[i].fanout.refused;
        pack_release(&j->groups[i].pack);
        fanout_release(&j->groups[i].fanout);
    }
    free(j->groups);
    j->groups = NULL;
    j->n_groups = 0;
}
