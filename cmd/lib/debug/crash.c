// SPDX-License-Identifier: MIT
#include "debug/crash.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/proc.h"
#include "debug/gdb.h"
#include "debug/stacks.h"
#include "target/core.h"

enum {
    OUTPUT_MAX = 1 << 20,
    FRAMES_ASKED = 40,
    FRAMES_SHOWN = 12,
    CALLS_ASKED = 16,
    CLOCK_SLACK = 2,
    MB_SHIFT = 20
};

// One process that crashed.
struct crash {
    char *file;
    char *program; // on this desktop; NULL: not known
    struct core core;
    struct strv frames; // "NAME (ARGS) at FILE:LINE"
    struct strv python; // the same of what Python interpreted
    bool traced;        // gdb was asked
    bool knows_python;  // and would know Python's frames
};

struct crashes {
    const struct debug_subject *subject;
    const struct crash_search *place;
    struct crash *items;
    size_t n;
};

// In the sysroot, where it is not a file of this desktop.
static char *find_program(const struct crashes *c, const char *name)
{
    _cleanup_free_ char *here = name[0] == '/' ? xstrdup(name) : fs_join(c->place->folder, name);
    _cleanup_free_ char *there = xasprintf("%s%s", c->subject->root, here);
    if (fs_is_program(there)) {
        return TAKE_PTR(there);
    }
    return fs_is_program(here) ? TAKE_PTR(here) : NULL;
}

// A file that was cut off does not say whose it is; who else writes one here now?
static bool is_ours(const struct crashes *c, const struct core *core)
{
    return core->run ? strcmp(core->run, c->place->run) == 0 : core->program == NULL;
}

static void find_crashes(struct crashes *c)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(c->place->folder, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        struct stat st;
        struct crash crash = {0};
        _cleanup_free_ char *path = fs_join(c->place->folder, names.items[i]);
        if (!core_is_name(names.items[i]) || lstat(path, &st) != 0 || st.st_uid != geteuid() ||
            (double)st.st_mtime < c->place->began - CLOCK_SLACK ||
            core_read(path, &crash.core, &ignored) != 0) {
            continue;
        }
        if (!is_ours(c, &crash.core)) {
            core_release(&crash.core);
            continue;
        }
        if (!crash.core.program && st.st_size < CRASH_CORE_MAX && !c->place->keep) {
            unlink(path); // not written to its end, because mpirun ended the job meanwhile
            core_release(&crash.core);
            continue;
        }
        crash.file = TAKE_PTR(path);
        crash.program = crash.core.program ? find_program(c, crash.core.program) : NULL;
        VEC_GROW(c->items, c->n);
        c->items[c->n++] = crash;
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct crash *x = a;
    const struct crash *y = b;
    return (x->core.rank > y->core.rank) - (x->core.rank < y->core.rank);
}

// gdb writes "#2  0x00037468 in main (c=2) at src/main.c:7".
static void read_frames(const char *text, struct strv *frames)
{
    struct slice rest = {text, strlen(text)};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        if (line.n < 2 || line.p[0] != '#' || !isdigit((unsigned char)line.p[1])) {
            continue;
        }
        bool first_again = strtol(line.p + 1, NULL, 10) == 0; // it shows the innermost one twice
        if (first_again) {
            strv_release(frames);
        }
        _cleanup_free_ char *all = slice_dup(line);
        const char *at = all + 1 + strspn(all + 1, "0123456789");
        at += strspn(at, " ");
        const char *in = str_starts(at, "0x") ? strstr(at, " in ") : NULL;
        strv_add(frames, in ? in + strlen(" in ") : at);
    }
}

// py-bt writes `  File "main.py", line 6, in inner`.
static void read_python(const char *text, struct strv *frames)
{
    static const char start[] = "  File \"";
    struct slice rest = {text, strlen(text)};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *all = slice_dup(line);
        const char *file = str_starts(all, start) ? all + strlen(start) : NULL;
        const char *number = file ? strstr(file, "\", line ") : NULL;
        const char *name = number ? strstr(number, ", in ") : NULL;
        if (name && str_starts(file, "<string>")) {
            return; // what has started the script, toolchain/board/mpi_python.py
        }
        if (name) {
            strv_addf(frames, "%s () at %.*s:%ld", name + strlen(", in "), (int)(number - file),
                      file, strtol(number + strlen("\", line "), NULL, 10));
        }
    }
}

// The frames inside of libraries that lead to the program's own code, and those below main, say
// nothing to whoever looks for the mistake.
static void cut_frames(struct strv *frames)
{
    struct strv kept = {0};
    size_t own = stack_own_frame(frames);
    size_t first = own < frames->n ? own : 0;
    for (size_t i = first; i < frames->n && kept.n < FRAMES_SHOWN; i++) {
        if (i > first && strstr(frames->items[i], ") at ../")) {
            break; // Python's own, with its debug information
        }
        strv_add(&kept, frames->items[i]);
        if (str_starts(frames->items[i], "main (")) {
            break;
        }
    }
    strv_release(frames);
    *frames = kept;
}

static void read_lines(const char *text, struct strv *frames)
{
    struct slice rest = {text, strlen(text)};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *all = slice_dup(line);
        char *frame = gdb_read_line(all);
        if (frame) {
            strv_take(frames, frame);
        }
    }
}

// What is on the stack may be left from calls that have returned. None of those called by main can
// be inside of what main calls now, so what comes before another main is old.
static void drop_stale(struct strv *frames)
{
    size_t last = frames->n;
    size_t first = 0;
    for (size_t i = frames->n; i > 0 && first == 0; i--) {
        if (!str_starts(frames->items[i - 1], "main (")) {
            continue;
        }
        if (last == frames->n) {
            last = i - 1;
        } else {
            first = i;
        }
    }
    struct strv kept = {0};
    for (size_t i = first; i < frames->n; i++) {
        strv_add(&kept, frames->items[i]);
    }
    strv_release(frames);
    *frames = kept;
}

// Where gdb did not get from the C library to the program's own code, what is on the stack says who
// called it.
static void add_calls(const struct crash *crash, struct strv *argv)
{
    uint32_t calls[CALLS_ASKED];
    size_t n = core_find_calls(crash->file, crash->program, calls, CALLS_ASKED);
    for (size_t i = 0; i < n; i++) {
        gdb_add_command(argv, "info line *%#x", (unsigned)(calls[i] - 1)); // in the call itself
    }
}

static void trace(const struct crashes *c, const char *gdb, struct crash *crash)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    struct err ignored = ERR_INIT;
    int status;

    if (!crash->program) {
        return;
    }
    _cleanup_free_ char *program = gdb_word(crash->program);
    strv_add_list(&argv, gdb, "-q", "-nx", "-batch", NULL);
    gdb_add_command(&argv, "set width 0");
    gdb_add_places(c->subject, crash->program, &argv);
    gdb_add_command(&argv, "file %s", program);
    gdb_add_command(&argv, "core-file %s", crash->file);
    gdb_add_command(&argv, "backtrace %d", (int)FRAMES_ASKED);
    add_calls(crash, &argv);
    _cleanup_free_ char *python = gdb_python_support(c->subject, crash->program);
    crash->knows_python = python != NULL;
    if (python) {
        gdb_add_command(&argv, "py-bt");
    }
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &errors};
    crash->traced = true;
    if (proc_capture(argv.items, &capture, &status, &ignored) == 0 && text.data) {
        read_frames(text.data, &crash->frames);
        read_python(text.data, &crash->python);
        if (stack_own_frame(&crash->frames) == crash->frames.n) { // no source is known
            _cleanup_strv_ struct strv lines = {0};
            read_lines(text.data, &lines);
            drop_stale(&lines);
            if (lines.n > 0) {
                strv_release(&crash->frames);
                strv_add_all(&crash->frames, lines.items);
            }
        }
        if (!c->place->where) {
            cut_frames(&crash->frames);
        }
    }
}

// Asks gdb where the variables of an expression are.
static void add_names(const char *expression, struct strv *argv)
{
    for (const char *p = expression; *p;) {
        size_t n = 0;
        while (isalnum((unsigned char)p[n]) || p[n] == '_') {
            n++;
        }
        if (n > 0 && !isdigit((unsigned char)*p)) {
            gdb_add_command(argv, "info address %.*s", (int)n, p);
        }
        p += n > 0 ? n : 1;
    }
}

// A variable in a register that calls need not keep (AAPCS32, 6.1.1: r0 to r3, r12) has been lost
// by the call that the frame is in; gdb shows what is in the register now.
static bool is_in_lost_register(const char *text)
{
    static const char *const registers[] = {"$r0", "$r1", "$r2", "$r3", "$r12"};
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
        size_t n = strlen(registers[i]);
        for (const char *at = strstr(text, registers[i]); at; at = strstr(at + n, registers[i])) {
            if (!isdigit((unsigned char)at[n])) {
                return true;
            }
        }
    }
    return false;
}

// The value of an expression in the program's own frame; NULL when gdb cannot tell.
static char *evaluate(const struct crashes *c, const char *gdb, const struct crash *crash,
                      size_t frame, const char *expression)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    _cleanup_free_ char *program = gdb_word(crash->program);
    struct err ignored = ERR_INIT;
    int status;
    strv_add_list(&argv, gdb, "-q", "-nx", "-batch", NULL);
    gdb_add_places(c->subject, crash->program, &argv);
    gdb_add_command(&argv, "file %s", program);
    gdb_add_command(&argv, "core-file %s", crash->file);
    gdb_add_command(&argv, "frame %zu", frame);
    add_names(expression, &argv);
    gdb_add_command(&argv, "output (int)(%s)", expression);
    gdb_add_command(&argv, "echo \\n");
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &errors};
    if (proc_capture(argv.items, &capture, &status, &ignored) != 0 || !text.data) {
        return NULL;
    }
    char *last = str_last_line(text.data);
    if (!is_in_lost_register(text.data) && *last && strspn(last, "-0123456789") == strlen(last)) {
        return last;
    }
    free(last);
    return NULL;
}

// Programs of the sysroot among the ranks, a shell that started one, say nothing.
static bool is_of_project(const struct crashes *c, const struct crash *crash)
{
    return crash->program && !fs_is_below(crash->program, c->subject->root);
}

static void tell_where(const struct crashes *c, const char *gdb)
{
    _cleanup_strv_ struct strv places = {0};
    _cleanup_free_ int *ranks = xcalloc(c->n + 1, sizeof(*ranks));
    for (size_t i = 0; i < c->n; i++) {
        const struct crash *crash = &c->items[i];
        if (crash->core.rank < 0 || !is_of_project(c, crash)) {
            continue;
        }
        size_t own = stack_own_frame(&crash->frames);
        _cleanup_free_ char *call = stack_call(c->subject, &crash->frames);
        _cleanup_free_ char *expression =
            call && own > 0 ? stack_peer(c->subject, crash->frames.items[own], call) : NULL;
        _cleanup_free_ char *peer = expression ? evaluate(c, gdb, crash, own, expression) : NULL;
        ranks[places.n] = crash->core.rank;
        strv_take(&places, stack_describe(c->subject, &crash->frames, peer));
    }
    stacks_tell(c->subject, ranks, places.items, places.n);
}

static const char *name_of(const struct crash *crash)
{
    return crash->core.program ? fs_base(crash->core.program) : "a program";
}

static char *who(const struct crash *crash)
{
    return crash->core.rank < 0 ? xasprintf("%s", name_of(crash))
                                : xasprintf("rank %d (%s)", crash->core.rank, name_of(crash));
}

void crash_tell_signal(const struct debug_subject *s, const char *who, int sig)
{
    log_info(s->log, "%s ended by signal %d (%s)", who, sig, strsignal(sig));
    if (sig == SIGILL) {
        log_info(s->log,
                 "board `%s` lacks the instruction that it used: was it built for another board?",
                 s->board);
    }
}

// The file:line of a frame, or all of it.
static const char *place_of(const char *frame)
{
    const char *at = strstr(frame, ") at ");
    return at ? at + strlen(") at ") : frame;
}

static bool same_place(const struct crash *a, const struct crash *b)
{
    return a->core.signal == b->core.signal && a->frames.n > 0 && b->frames.n > 0 &&
           strcmp(place_of(a->frames.items[0]), place_of(b->frames.items[0])) == 0;
}

// A path of the project is short: from its folder on; and so is that of a library.
static void show_frame(const struct debug_subject *s, size_t i, const char *frame)
{
    const char *from = strstr(frame, " from /");
    if (from) {
        log_info(s->log, "  #%zu %.*s of %s", i, (int)(from - frame), frame, fs_base(from));
        return;
    }
    const char *path = place_of(frame);
    const char *shown = path != frame ? stack_short_path(s, path) : path;
    log_info(s->log, "  #%zu %.*s%s", i, (int)(path - frame), frame, shown);
}

static void tell_python(const struct crashes *c, const struct crash *crash)
{
    if (!crash->traced || !str_starts(fs_base(crash->program), "python3")) {
        return;
    }
    if (!crash->knows_python) {
        log_info(c->subject->log, "hint: for the calls in Python: pisdk sysroot add python3-dbg");
        return;
    }
    log_info(c->subject->log, crash->python.n > 0
                                  ? "  called from Python:"
                                  : "  called from Python, to which gdb did not find the way");
    for (size_t k = 0; k < crash->python.n; k++) {
        show_frame(c->subject, k, crash->python.items[k]);
    }
}

static void tell(const struct crashes *c, size_t i)
{
    const struct crash *crash = &c->items[i];
    _cleanup_free_ char *name = who(crash);

    for (size_t k = 0; k < i; k++) {
        if (same_place(crash, &c->items[k])) {
            _cleanup_free_ char *first = who(&c->items[k]);
            log_info(c->subject->log, "%s: signal %d at the same place as %s", name,
                     crash->core.signal, first);
            return;
        }
    }
    crash_tell_signal(c->subject, name, crash->core.signal);
    for (size_t k = 0; k < crash->frames.n; k++) {
        show_frame(c->subject, k, crash->frames.items[k]);
    }
    tell_python(c, crash);
    if (!crash->core.program) {
        log_info(c->subject->log, "  no trace: it used more than %d MB of memory",
                 CRASH_CORE_MAX >> MB_SHIFT);
    } else if (crash->traced && crash->frames.n == 0) {
        log_info(c->subject->log, "  no trace: gdb found none");
    }
}

static void tell_all(struct crashes *c)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *gdb = gdb_find(&err);

    for (size_t i = 0; gdb && i < c->n; i++) {
        trace(c, gdb, &c->items[i]);
    }
    if (gdb && c->place->where) {
        tell_where(c, gdb);
        return;
    }
    for (size_t i = 0; i < c->n && !c->place->where; i++) {
        tell(c, i);
    }
    if (!gdb) {
        log_info(c->subject->log, "hint: gdb shows where it happened: %s", err.hint);
    }
}

static void release(struct crashes *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->items[i].file);
        free(c->items[i].program);
        core_release(&c->items[i].core);
        strv_release(&c->items[i].frames);
        strv_release(&c->items[i].python);
    }
    free(c->items);
}

size_t crash_report(const struct debug_subject *s, const struct crash_search *place)
{
    struct crashes c = {.subject = s, .place = place};

    find_crashes(&c);
    if (c.n > 0) {
        qsort(c.items, c.n, sizeof(*c.items), by_rank);
    }
    if (c.n > 0 && place->tell) {
        tell_all(&c);
    }
    for (size_t i = 0; i < c.n; i++) {
        if (place->keep) {
            log_info(s->log, "kept: %s", c.items[i].file);
        } else {
            unlink(c.items[i].file);
        }
    }
    size_t n = c.n;
    release(&c);
    return n;
}
