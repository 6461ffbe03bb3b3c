// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/fs.h"
#include "cluster/journal.h"
#include "cluster/link.h"
#include "cluster/node.h"
#include "cluster/usage.h"
#include "cluster/wire.h"

enum { SPEED_MAX = 100, REQUEST_SECONDS = 5 };

// A request being answered.
struct request {
    struct supervisor *s;
    int client;
    const struct wire *wire;
    struct node *node; // NULL: the request names none, or the desktop
    uint64_t value;
};

static uint64_t storage_bytes(const struct supervisor *s)
{
    return s->o->storage_mb << 20;
}

static char *state_of(const struct node *node)
{
    _cleanup_strbuf_ struct strbuf state = {0};
    if (!node->pid) {
        return xstrdup("off");
    }
    strbuf_adds(&state, "up");
    strbuf_adds(&state, node->cut ? ", cut" : "");
    strbuf_adds(&state, node->full ? ", full" : "");
    strbuf_adds(&state, node->speed < SPEED_MAX ? ", slow" : "");
    return strbuf_take(&state);
}

static int answer_status(struct request *r, struct err *err)
{
    struct supervisor *s = r->s;
    _cleanup_free_ struct usage *usage = usage_read(s, err);

    for (size_t i = 0; usage && i < s->o->boards; i++) {
        const struct node *node = &s->nodes[i];
        const uint32_t address = htonl(CLUSTER_ADDRESS(node->number));
        char text[INET_ADDRSTRLEN];
        _cleanup_strv_ struct strv words = {0};
        _cleanup_free_ char *state = state_of(node);

        inet_ntop(AF_INET, &address, text, sizeof(text));
        strv_add_list(&words, "board", node->name, text, state, NULL);
        strv_addf(&words, "%zu", usage[i].processes);
        strv_addf(&words, "%llu", usage[i].memory);
        strv_addf(&words, "%llu", (unsigned long long)node_storage_used(node));
        strv_addf(&words, "%llu", (unsigned long long)node->rate_kbit);
        if (wire_send(r->client, &words, NULL, 0, err) != 0) {
            return -1;
        }
    }
    return usage ? 0 : -1;
}

static int check_on(const struct request *r, struct err *err)
{
    if (r->node->pid) {
        return 0;
    }
    err_set(err, ERR_FAILED, "%s is off", r->node->name);
    return err_hint(err, "pisdk cluster start %s", r->node->name);
}

static int answer_kill(struct request *r, struct err *err)
{
    if (!r->node->pid) {
        return err_set(err, ERR_FAILED, "%s is already off", r->node->name);
    }
    return node_stop(r->s, r->node, err);
}

static int answer_start(struct request *r, struct err *err)
{
    if (r->node->pid) {
        return err_set(err, ERR_FAILED, "%s is already on", r->node->name);
    }
    if (node_start(r->s, &r->node, 1, err) != 0) {
        struct err ignored = ERR_INIT;
        (void)!node_stop(r->s, r->node, &ignored);
        return -1;
    }
    return 0;
}

static int answer_cut(struct request *r, struct err *err)
{
    return node_set_cable(r->s, r->node, false, err);
}

// What the desktop sends leaves by the bridge's own device; what boards send to each other does
// not.
static int limit_desktop(struct supervisor *s, uint64_t kbit, struct err *err)
{
    struct link_batch batch;
    if (s->desktop_kbit == kbit) {
        return 0;
    }
    link_begin(&batch, s->link, err);
    link_set_rate(&batch, s->bridge, kbit);
    if (link_end(&batch) != 0) {
        return -1;
    }
    s->desktop_kbit = kbit;
    return 0;
}

static int answer_limit(struct request *r, struct err *err)
{
    if (!r->node) {
        return limit_desktop(r->s, r->value, err);
    }
    return node_set_rate(r->s, r->node, r->value, err);
}

static int answer_fill(struct request *r, struct err *err)
{
    r->node->full = true;
    return node_set_storage(r->node, 0, err);
}

static int set_speed(struct node *node, unsigned percent, struct err *err)
{
    node->speed = percent;
    return wire_send_number(node->control, "speed", percent, err);
}

static int answer_slow(struct request *r, struct err *err)
{
    if (r->value < 1 || r->value > SPEED_MAX) {
        return err_set(err, ERR_USAGE, "a board's speed must be from 1 to %d percent", SPEED_MAX);
    }
    return check_on(r, err) == 0 ? set_speed(r->node, (unsigned)r->value, err) : -1;
}

static int answer_heal(struct request *r, struct err *err)
{
    struct supervisor *s = r->s;
    struct node *node = r->node;

    if (!node) {
        return limit_desktop(s, 0, err);
    }
    node->full = false;
    if (node_set_storage(node, storage_bytes(s), err) != 0 ||
        node_set_cable(s, node, true, err) != 0 ||
        node_set_rate(s, node, s->o->rate_kbit, err) != 0) {
        return -1;
    }
    return node->pid ? set_speed(node, SPEED_MAX, err) : 0;
}

// A board that is cut off or gone says nothing any more: then the connection ends by itself, and
// with it whoever holds it.
static void keep_alive(int fd)
{
    const int on = 1;
    const int idle = 10; // seconds until the other end is asked, between questions, and in all
    const int between = 5;
    const int milliseconds = 30000;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
}

// The connection is on its way when the client gets it: a board that is cut off answers late, and
// others have requests, too.
static int answer_connect(struct request *r, struct err *err)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)r->value),
        .sin_addr.s_addr = htonl(CLUSTER_ADDRESS(r->node->number)),
    };
    _cleanup_strv_ struct strv words = {0};
    _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (check_on(r, err) != 0) {
        return -1;
    }
    keep_alive(fd);
    // ssh cannot ask for it through a pipe; without, a login waits 80 ms for acknowledgements.
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fd < 0 || (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
                   errno != EINPROGRESS)) {
        return err_sys(err, "cannot connect to %s", r->node->name);
    }
    strv_add(&words, "connection");
    return wire_send(r->client, &words, &fd, 1, err);
}

static int answer_run(struct request *r, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    if (check_on(r, err) != 0) {
        return -1;
    }
    strv_add(&words, "run");
    return wire_send(r->node->control, &words, &r->client, 1, err);
}

static int answer_down(struct request *r, struct err *err)
{
    (void)err;
    r->s->ended = true;
    return 0;
}

struct verb {
    const char *word;
    bool logged;
    bool desktop; // it may be the desktop instead of a board
    size_t words; // how many follow: a board, and a value
    int (*answer)(struct request *r, struct err *err);
};

static const struct verb verbs[] = {
    {"status", false, false, 0, answer_status},   {"kill", true, false, 2, answer_kill},
    {"start", true, false, 2, answer_start},      {"cut", true, false, 2, answer_cut},
    {"heal", true, true, 2, answer_heal},         {"limit", true, true, 2, answer_limit},
    {"fill", true, false, 2, answer_fill},        {"slow", true, false, 2, answer_slow},
    {"connect", false, false, 2, answer_connect}, {"run", false, false, 1, answer_run},
    {"down", true, false, 0, answer_down},
};

static const struct verb *find_verb(const struct wire *w)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (strcmp(verbs[i].word, w->words.items[0]) == 0 && w->words.n == verbs[i].words + 1) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int find_node(struct request *r, const struct verb *verb, struct err *err)
{
    const char *name = r->wire->words.items[1];
    char *end;

    r->value = r->wire->words.n > 2 ? strtoull(r->wire->words.items[2], NULL, 10) : 0;
    if (verb->desktop && strcmp(name, "desktop") == 0) {
        return 0;
    }
    unsigned long number = str_starts(name, "pi") ? strtoul(name + 2, &end, 10) : 0;

    if (number < 1 || number > r->s->o->boards || *end) {
        err_set(err, ERR_NOT_FOUND, "the cluster has no board `%s`", name);
        return err_hint(err, "its boards are pi1 to pi%zu", r->s->o->boards);
    }
    r->node = &r->s->nodes[number - 1];
    return 0;
}

static int answer(struct request *r, struct err *err)
{
    const struct verb *verb = find_verb(r->wire);
    if (!verb) {
        return wire_other_version(err);
    }
    if (verb->words > 0 && find_node(r, verb, err) != 0) {
        return -1;
    }
    if (verb->logged) {
        _cleanup_free_ char *text = strv_join(&r->wire->words, " ");
        journal_write(r->s->log, "cluster", text);
    }
    return verb->answer(r, err);
}

void supervisor_answer(struct supervisor *s, int client)
{
    const struct timeval limit = {.tv_sec = REQUEST_SECONDS}; // for one that says nothing
    struct err err = ERR_INIT;
    struct wire w;

    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (wire_receive(client, &w, &err) != 0) {
        return;
    }
    struct request r = {.s = s, .client = client, .wire = &w};
    if (answer(&r, &err) != 0) {
        wire_send_error(client, &err);
    } else {
        (void)!wire_send_word(client, "done", &err);
    }
    wire_release(&w);
}
