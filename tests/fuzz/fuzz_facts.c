// SPDX-License-Identifier: MIT
// What a board says of itself, and what is made of it: the checkup of two boards that said the
// same.

#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "remote/checkup.h"

static void check_text(const char *text)
{
    if (text && (strlen(text) > FACT_MAX || text[strspn(text, " ")] == '\n')) {
        abort();
    }
    for (const char *p = text; p && *p; p++) { // nothing that a terminal would obey
        if (*p < ' ' || *p > '~') {
            abort();
        }
    }
}

static void check(const struct facts *f)
{
    if (f->n_addresses > FACTS_ADDRESSES_MAX) {
        abort();
    }
    for (size_t i = 0; i < f->n_addresses; i++) {
        check_text(f->addresses[i].interface);
        check_text(f->addresses[i].address);
        if (f->addresses[i].prefix > 128) {
            abort();
        }
    }
    check_text(f->model);
    check_text(f->mpi_version);
    check_text(f->elsewhere);
    check_text(f->glibcxx);
    check_text(f->filesystem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of just this size, so that reading beyond it is seen.
    _cleanup_free_ char *text = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)data[i];
    }
    _cleanup_(remotes_release) struct remotes nodes = {0};
    struct probed boards[2] = {{.answered = true}, {.answered = true, .reach = REACH_NO}};
    struct probe probe = {.boards = boards, .n = ARRAY_SIZE(boards)};
    struct checkup checkup;
    struct err err = ERR_INIT;

    (void)!remotes_add(&nodes, NULL, "pi[1-2]", &err);
    boards[1].reach_said = facts_clean(text, size);
    for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
        (void)!facts_parse(text, size, &boards[i].facts, &err);
        boards[i].facts.has_clock = true;
        check(&boards[i].facts);
    }
    checkup_run(&nodes, &probe, &checkup);
    for (size_t i = 0; i < checkup.n; i++) {
        if (strpbrk(checkup.items[i].what, "\n\x1b")) {
            abort();
        }
    }
    checkup_release(&checkup);
    for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
        facts_release(&boards[i].facts);
    }
    free(boards[1].reach_said);
    return 0;
}
