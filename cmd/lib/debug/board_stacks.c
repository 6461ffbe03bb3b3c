// SPDX-License-Identifier: MIT
#include "debug/board_stacks.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb.h"
#include "debug/stacks.h"

// Programs that are not position-independent begin at 0x10000 (lld's and ld's default for ARM), and
// have their addresses in the file.
enum { FIXED_BASE_MAX = 0x20000 };

// "#1  0x00010830 in main () from /lib/…" -> "main () from /lib/…"; `address` is 0 when gdb gives
// none.
static const char *read_frame(const char *line, unsigned long *address)
{
    const char *at = line + (*line == '#');
    *address = 0;
    at += strspn(at, "0123456789");
    at += strspn(at, " ");
    const char *in = str_starts(at, "0x") ? strstr(at, " in ") : NULL;
    if (in) {
        *address = strtoul(at, NULL, 16);
        at = in + strlen(" in ");
    }
    return at;
}

static bool is_own(const char *frame)
{
    return !strstr(frame, " from ") && !strstr(frame, ") at ");
}

// Replaces the program's own frames by what the debug information says.
static void find_lines(const struct debug_subject *s, const char *program,
                       const struct board_stack *stack, struct strv *frames)
{
    _cleanup_strv_ struct strv lines = {0};
    _cleanup_free_ uint32_t *addresses = xcalloc(stack->lines.n + 1, sizeof(*addresses));
    unsigned long offset = stack->base < FIXED_BASE_MAX ? 0 : stack->base;

    for (size_t i = 0; i < stack->lines.n; i++) {
        unsigned long address;
        const char *frame = read_frame(stack->lines.items[i], &address);
        strv_add(frames, frame);
        if (address > offset && is_own(frame)) {
            addresses[i] = (uint32_t)(address - offset - (i > 0)); // in the call
        }
    }
    gdb_find_lines(s, program, addresses, stack->lines.n, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        if (*lines.items[i]) {
            free(frames->items[i]);
            frames->items[i] = xstrdup(lines.items[i]);
        }
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct board_stack *x = a;
    const struct board_stack *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

void board_stacks_tell(const struct debug_subject *s, const char *program,
                       struct board_stack *stacks, size_t n)
{
    struct err ignored = ERR_INIT;
    _cleanup_strv_ struct strv places = {0};
    _cleanup_free_ char *gdb = gdb_find(&ignored);
    _cleanup_free_ int *ranks = xcalloc(n + 1, sizeof(*ranks));
    qsort(stacks, n, sizeof(*stacks), by_rank);
    for (size_t i = 0; gdb && i < n; i++) {
        _cleanup_strv_ struct strv frames = {0};
        find_lines(s, program, &stacks[i], &frames);
        ranks[i] = stacks[i].rank;
        strv_take(&places, stack_describe(s, &frames, NULL));
    }
    stacks_tell(s, ranks, places.items, places.n);
}
