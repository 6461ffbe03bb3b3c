// SPDX-License-Identifier: MIT
// What boards say during a deploy, in whatever state that is.
#include <stdlib.h>
#include <string.h>

#include "deploy/job.h"
#include "fuzz.h"

enum { BOARDS = 3, PIECES = 4, INPUT_MAX = 1 << 16 };

static void add_pack(struct pack *p)
{
    p->fd = -1;
    p->n = PIECES;
    p->size = PIECES << 20; // more than goes with the commands
    p->pieces = xcalloc(PIECES, sizeof(*p->pieces));
    for (size_t i = 0; i < PIECES; i++) {
        p->pieces[i] = (struct pack_piece){.offset = i << 20, .size = 1 << 20};
        memset(p->pieces[i].sha256, "0123456789abcdef"[i], HASH_HEX);
    }
}

static void begin(struct job *j, struct remotes *nodes, struct deploy_options *o, bool sends)
{
    static char names[BOARDS][8] = {"pi1", "pi2", "pi3"};
    static const struct fleet_handlers handlers;
    nodes->items = xcalloc(2 * (size_t)BOARDS, sizeof(*nodes->items));
    for (size_t i = 0; i < 2 * (size_t)BOARDS; i++) {
        nodes->items[i].name = nodes->items[i].host = nodes->items[i].peer = names[i % BOARDS];
    }
    nodes->n = BOARDS;
    o->nodes = nodes;
    o->name = "fuzz";
    j->o = o;
    j->n = BOARDS;
    j->wide = (struct remotes){.items = nodes->items, .n = 2 * (size_t)BOARDS};
    j->fleet = fleet_new(&j->wide, &handlers);
    j->boards = xcalloc(BOARDS, sizeof(*j->boards));
    j->stations = xcalloc(BOARDS, sizeof(*j->stations));
    if (sends) {
        j->groups = xcalloc(1, sizeof(*j->groups));
        j->n_groups = 1;
        add_pack(&j->groups[0].pack);
        transfer_init(&j->groups[0].transfer, BOARDS, j->groups[0].pack.n, 2);
        strbuf_adds(&j->groups[0].list, "list .\n");
    }
    for (size_t i = 0; i < BOARDS; i++) {
        j->boards[i].name = names[i];
        j->boards[i].size = sends ? j->groups[0].pack.size : 0;
        j->stations[i].place = xstrdup("/home/pi/fuzz");
        j->stations[i].channel = transfer_nobody;
        j->stations[i].by = xcalloc(BOARDS + 1, sizeof(*j->stations[i].by));
        j->stations[i].had = xcalloc(PIECES + 1, sizeof(*j->stations[i].had));
    }
}

static void end(struct job *j, struct remotes *nodes)
{
    j->result->boards = j->boards;
    j->result->n = j->n;
    job_send_release(j);
    for (size_t i = 0; i < j->n; i++) {
        free(j->stations[i].key);
        free(j->stations[i].place);
        free(j->stations[i].by);
        free(j->stations[i].had);
        free(j->stations[i].said);
        strbuf_release(&j->stations[i].answer);
    }
    fleet_free(j->fleet);
    free(j->stations);
    free(nodes->items);
    deploy_result_release(j->result);
}

// The first byte of each line says which board, and in which state it is; that of all, whether
// something is being sent.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job j = {.phase = PHASE_SEND};
    struct payload release = {0};
    struct deploy_options o = {.about = true};
    struct deploy_result result = {0};
    struct remotes nodes = {0};
    struct slice rest = {(const char *)data, size < INPUT_MAX ? size : INPUT_MAX};
    struct slice line;

    j.result = &result;
    begin(&j, &nodes, &o, size == 0 || data[0] % 2 == 0);
    j.release = &release;
    while (slice_cut(&rest, '\n', &line)) {
        if (line.n == 0) {
            continue;
        }
        unsigned first = (unsigned char)line.p[0];
        _cleanup_free_ char *text = xstrndup(line.p + 1, line.n - 1);
        j.boards[first % BOARDS].state = (enum deploy_state)(first / BOARDS % (DEPLOY_FAILED + 1U));
        job_on_line(&j, first % BOARDS, FLEET_OUT, text);
    }
    end(&j, &nodes);
    return 0;
}
