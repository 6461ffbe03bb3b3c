// SPDX-License-Identifier: MIT
#include "debug/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "debug/gdb.h"

enum { OUTPUT_MAX = 1 << 24 };

#define MARK "@line "

static void set_line(struct strv *out, size_t first, size_t i, const char *text)
{
    _cleanup_free_ char *frame = gdb_read_line(text); // "main () at /usr/src/heat/plate.c:87"
    const char *at = frame ? strstr(frame, " at ") : NULL;
    if (at && first + i < out->n) {
        free(out->items[first + i]);
        out->items[first + i] = xstrdup(fs_base(at + strlen(" at ")));
    }
}

void debug_lines(const struct debug_subject *s, const char *program, const uint32_t *addresses,
                 size_t n, struct strv *out)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    _cleanup_free_ char *quoted = gdb_word(program);
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &errors};
    struct err ignored = ERR_INIT;
    _cleanup_free_ char *gdb = gdb_find(&ignored);
    size_t first = out->n;
    struct slice line;
    int status;

    for (size_t i = 0; i < n; i++) {
        strv_add(out, "");
    }
    if (!gdb) {
        return;
    }
    strv_add_list(&argv, gdb, "-q", "-nx", "-batch", NULL);
    gdb_add_places(s, program, &argv);
    gdb_add_command(&argv, "file %s", quoted);
    for (size_t i = 0; i < n; i++) {
        gdb_add_command(&argv, "echo " MARK "%zu\\n", i);
        gdb_add_command(&argv, "info line *%#x", addresses[i] - 1); // in the call
    }
    if (proc_capture(argv.items, &capture, &status, &ignored) != 0 || !text.data) {
        return;
    }
    struct slice rest = {text.data, text.len};
    for (size_t at = n; slice_cut(&rest, '\n', &line);) {
        _cleanup_free_ char *one = slice_dup(line);
        if (str_starts(one, MARK)) {
            at = strtoul(one + strlen(MARK), NULL, 10);
        } else {
            set_line(out, first, at, one);
        }
    }
}
