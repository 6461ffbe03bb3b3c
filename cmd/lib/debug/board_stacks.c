// SPDX-License-Identifier: MIT
#include "debug/board_stacks.h"

#include <ctype.h>
#include <string.h>

#include "base/proc.h"
#include "debug/gdb.h"
#include "debug/stacks.h"

// Programs that are not position-independent begin at 0x10000 (lld's and ld's default for ARM), and
// have their addresses in the file.
enum { FIXED_BASE_MAX = 0x20000, OUTPUT_MAX = 1 << 20 };

#define MARK "@frame "

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
static void find_lines(const struct debug_subject *s, const char *gdb, const char *program,
                       const struct board_stack *stack, struct strv *frames)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    _cleanup_free_ char *quoted = gdb_word(program);
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &errors};
    unsigned long offset = stack->base < FIXED_BASE_MAX ? 0 : stack->base;
    struct err ignored = ERR_INIT;
    struct slice line;
    int status;

    strv_add_list(&argv, gdb, "-q", "-nx", "-batch", NULL);
    gdb_add_places(s, program, &argv);
    gdb_add_command(&argv, "file %s", quoted);
    for (size_t i = 0; i < stack->lines.n; i++) {
        unsigned long address;
        const char *frame = read_frame(stack->lines.items[i], &address);
        strv_add(frames, frame);
        if (address > offset && is_own(frame)) {
            gdb_add_command(&argv, "echo " MARK "%zu\\n", i);
            gdb_add_command(&argv, "info line *%#lx", address - offset - (i > 0)); // in the call
        }
    }
    if (proc_capture(argv.items, &capture, &status, &ignored) != 0 || !text.data) {
        return;
    }
    struct slice rest = {text.data, text.len};
    for (size_t frame = 0; slice_cut(&rest, '\n', &line);) {
        _cleanup_free_ char *one = slice_dup(line);
        if (str_starts(one, MARK)) {
            frame = strtoul(one + strlen(MARK), NULL, 10);
            continue;
        }
        char *found = gdb_read_line(one);
        if (found && frame < frames->n) {
            free(frames->items[frame]);
            frames->items[frame] = TAKE_PTR(found);
        }
        free(found);
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
        find_lines(s, gdb, program, &stacks[i], &frames);
        ranks[i] = stacks[i].rank;
        strv_take(&places, stack_describe(s, &frames, NULL));
    }
    stacks_tell(s, ranks, places.items, places.n);
}
