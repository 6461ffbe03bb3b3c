// SPDX-License-Identifier: MIT
// What a board says in answer to the commands of toolchain/remote/deploy.sh. The text is foreign: a
// board may say anything.

#include <string.h>

#include "base/clock.h"
#include "deploy/job.h"

enum {
    HISTORY_MAX = 10000,
    RELEASES_MAX = 10000,
    DIFFERENCES_MAX = 100000,
    WORD_MAX = 256,
    ANSWER_MAX = 1 << 20
};

static char *take_word(struct slice *rest)
{
    struct slice word;
    return slice_word(rest, &word) ? xstrndup(word.p, word.n < WORD_MAX ? word.n : WORD_MAX)
                                   : xstrdup("");
}

static uint64_t take_number(struct slice *rest)
{
    _cleanup_free_ char *word = take_word(rest);
    return strspn(word, "0123456789") == strlen(word) ? strtoull(word, NULL, 10) : 0;
}

static void on_state(struct job *j, size_t node, struct slice rest)
{
    struct deploy_board *b = &j->boards[node];
    _cleanup_free_ char *current = take_word(&rest);
    struct slice list = slice_trim(rest);
    struct slice id;

    strv_release(&b->releases);
    b->current[0] = '\0';
    while (slice_cut(&list, ',', &id) && b->releases.n < RELEASES_MAX) {
        _cleanup_free_ char *text = slice_dup(id);
        if (payload_id_is_valid(text)) {
            strv_add(&b->releases, text);
        }
    }
    if (payload_id_is_valid(current)) {
        memcpy(b->current, current, sizeof(b->current));
    }
    b->state = DEPLOY_CONNECTED;
    if (j->phase == PHASE_FACTS || j->phase == PHASE_CHECK) { // it was lost, and came back
        job_ask(j, node);
    } else if (j->phase == PHASE_INSPECT) {
        job_inspect(j, node, j->id);
    } else if (j->phase == PHASE_SEND && strv_has(&b->releases, j->id) &&
               !j->stations[node].differs) {
        b->state = DEPLOY_READY;
    } else if (j->phase == PHASE_SEND) {
        job_send_prepare(j, node);
    }
}

static void on_facts(struct job *j, size_t node, struct slice rest)
{
    enum { KB = 1024, KEY_MAX = 4096 };
    struct station *s = &j->stations[node];
    _cleanup_free_ char *rsync = take_word(&rest);
    s->rsync = strcmp(rsync, "yes") == 0;
    s->free = take_number(&rest) * KB;
    free(s->key);
    rest = slice_trim(rest);
    s->key = xstrndup(rest.p, rest.n < KEY_MAX ? rest.n : KEY_MAX);
    j->boards[node].state = DEPLOY_ANSWERED;
}

static void on_history(struct job *j, size_t node, struct slice rest)
{
    struct deploy_board *b = &j->boards[node];
    _cleanup_free_ char *id = take_word(&rest);
    if (!payload_id_is_valid(id) || b->n_history >= HISTORY_MAX) {
        return;
    }
    VEC_GROW(b->history, b->n_history);
    struct deploy_event *e = &b->history[b->n_history++];
    *e = (struct deploy_event){.at = take_word(&rest), .who = slice_dup(slice_trim(rest))};
    memcpy(e->id, id, sizeof(e->id));
}

static void on_about(struct job *j, size_t node, struct slice rest)
{
    enum { NETWORKS_MAX = 64, CORES_MAX = 4096 };
    struct deploy_board *b = &j->boards[node];
    struct slice word;
    uint64_t cores = take_number(&rest);
    b->cores = cores < CORES_MAX ? (long)cores : CORES_MAX;
    free(b->address);
    b->address = take_word(&rest);
    strv_release(&b->networks);
    while (slice_word(&rest, &word) && b->networks.n < NETWORKS_MAX) {
        strv_take(&b->networks, slice_dup(word));
    }
}

static void on_busy(struct job *j, size_t node, struct slice rest)
{
    struct slice token;
    (void)!slice_word(&rest, &token);
    _cleanup_free_ char *who = slice_dup(slice_trim(rest));
    j->boards[node].state = DEPLOY_WAITING;
    if (!j->told_waiting) {
        log_info(j->o->log, "%s: %s is deploying; waiting", j->boards[node].name,
                 *who ? who : "somebody else");
        j->told_waiting = true;
    }
}

static void on_fed(struct job *j, size_t from, struct slice rest)
{
    _cleanup_free_ char *feed = take_word(&rest);
    _cleanup_free_ char *status = take_word(&rest);
    _cleanup_free_ char *said = slice_dup(slice_trim(rest));
    (void)from;
    job_send_ended(j, feed, (int)strtol(status, NULL, 10), said);
}

static void on_open(struct job *j, size_t node, struct slice rest)
{
    _cleanup_free_ char *feed = take_word(&rest);
    (void)node;
    job_send_opened(j, feed);
}

static void on_got(struct job *j, size_t node, struct slice rest)
{
    _cleanup_free_ char *hash = take_word(&rest);
    _cleanup_free_ char *feed = take_word(&rest);
    job_send_got(j, node, hash, feed);
}

static void on_prepared(struct job *j, size_t node, struct slice rest)
{
    (void)rest;
    job_send_prepared(j, node);
}

static void on_place(struct job *j, size_t node, struct slice rest)
{
    free(j->stations[node].place);
    j->stations[node].place = slice_dup(rest);
}

static void on_fail(struct job *j, size_t node, struct slice rest)
{
    _cleanup_free_ char *text = slice_dup(slice_trim(rest));
    job_fail_said(j, node, text);
}

static void on_spoilt(struct job *j, size_t node, struct slice rest)
{
    enum deploy_state state = j->boards[node].state;
    bool sending = j->n_groups > 0 && (state == DEPLOY_RECEIVING || state == DEPLOY_CHECKING);
    if (!sending || !job_send_whole(j, node)) {
        on_fail(j, node, rest);
    }
}

static void on_switched(struct job *j, size_t node, struct slice rest)
{
    struct deploy_board *b = &j->boards[node];
    _cleanup_free_ char *id = take_word(&rest);
    if (strcmp(id, j->id) == 0) {
        b->switched = strcmp(b->current, j->id) != 0;
        memcpy(b->current, j->id, sizeof(b->current));
        b->state = DEPLOY_DONE;
    }
}

static void on_answer(struct job *j, size_t node, struct slice rest)
{
    struct strbuf *answer = &j->stations[node].answer;
    if (answer->len < ANSWER_MAX) {
        strbuf_addf(answer, "%.*s\n", (int)rest.n, rest.p);
    }
}

static void on_shared(struct job *j, size_t node, struct slice rest)
{
    (void)rest;
    j->boards[node].state = DEPLOY_SHARED;
}

// The end of an answer of several lines.
static void on_answered(struct job *j, size_t node, struct slice rest)
{
    (void)rest;
    j->boards[node].state = DEPLOY_ANSWERED;
}

// Lines of `differences` in deploy.sh: what is added to a release later is not a part of it.
static void on_differs(struct job *j, size_t node, struct slice rest)
{
    struct deploy_board *b = &j->boards[node];
    if (b->differences.n < DIFFERENCES_MAX) {
        strv_take(&b->differences, slice_dup(rest));
    }
    j->stations[node].differs =
        j->stations[node].differs || j->o->again || !(rest.n && rest.p[0] == '+');
}

static void on_inspected(struct job *j, size_t node, struct slice rest)
{
    (void)rest;
    job_inspected(j, node);
}

static void on_verified(struct job *j, size_t node, struct slice rest)
{
    (void)rest;
    j->boards[node].state = DEPLOY_READY;
}

static void on_removed(struct job *j, size_t node, struct slice rest)
{
    (void)rest;
    j->boards[node].switched = true;
    j->boards[node].state = DEPLOY_DONE;
}

static const struct {
    const char *word;
    void (*take)(struct job *j, size_t node, struct slice rest);
} words[] = {
    {":state", on_state},       {":about", on_about},       {":busy", on_busy},
    {":shared", on_shared},     {":facts", on_facts},       {":history", on_history},
    {":end", on_answered},      {":answer", on_answer},     {":answered", on_answered},
    {":place", on_place},       {":prepared", on_prepared}, {":verified", on_verified},
    {":got", on_got},           {":open", on_open},         {":fed", on_fed},
    {":switched", on_switched}, {":removed", on_removed},   {":fail", on_fail},
    {":spoilt", on_spoilt},     {":differs", on_differs},   {":inspected", on_inspected},
};

void job_on_line(void *user, size_t channel, enum fleet_stream stream, const char *line)
{
    struct job *j = user;
    size_t node = channel % j->n;
    struct slice rest = {line, strlen(line)};
    struct slice word;

    j->stations[node].heard = clock_seconds();
    if (channel >= j->n && stream == FLEET_OUT) {
        if (slice_word(&rest, &word) && slice_is(word, "want")) {
            _cleanup_free_ char *hash = take_word(&rest);
            job_send_wanted(j, node, hash);
        }
        return;
    }
    if (stream == FLEET_ERRORS) {
        log_debug(j->o->log, "%s: %s", j->boards[node].name, line);
        if (channel >= j->n) {
            free(j->stations[node].said);
            j->stations[node].said = xstrdup(line);
        }
        return;
    }
    bool heeded = j->boards[node].state != DEPLOY_FAILED && slice_word(&rest, &word);
    for (size_t i = 0; heeded && i < ARRAY_SIZE(words); i++) {
        if (slice_is(word, words[i].word)) {
            words[i].take(j, node, slice_trim(rest));
            return;
        }
    }
}
