#include "look.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "target/arm.h"
#include "target/elf_link.h"

enum { TRACE_MAX = 16 << 20, LISTED_MAX = 40 };

struct look {
    const struct toolset *t;
    const struct strv *command;
    const char *output;
    struct elf_linked linked;
    struct arm_needs limit;
    struct strv objects; // the files that were linked; read when they are needed
    bool traced;
};

// Asks lld for the files that it takes, archive members as "lib.a(member.o)".
static void trace(struct look *l)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    const struct proc_capture capture = {.input = -1, .max = TRACE_MAX, .out = &text};
    struct err ignored = ERR_INIT;
    struct slice line;
    int status;

    if (l->traced) {
        return;
    }
    l->traced = true;
    strv_add_all(&argv, l->command->items);
    strv_add_list(&argv, "--trace", "--no-dependent-libraries", "-o", "/dev/null", NULL);
    if (proc_capture(argv.items, &capture, &status, &ignored) != 0) {
        return;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        if (line.n > 0) {
            strv_take(&l->objects, slice_dup(line));
        }
    }
}

// A path as a person wants to see it: the sysroot's own files by their names.
static const char *shown(const struct look *l, const char *path)
{
    return fs_is_below(path, l->t->root) ? fs_base(path) : path;
}

// --- The C library -------------------------------------------------------------------------------

// The objects that take the symbol from elsewhere, ", " between them.
static char *who_wants(const struct look *l, const char *symbol)
{
    struct strbuf b = {0};
    for (size_t i = 0; i < l->objects.n; i++) {
        struct elf_object object;
        struct err ignored = ERR_INIT;
        if (elf_read_object(l->objects.items[i], &object, &ignored) != 0) {
            continue;
        }
        if (strv_has(&object.undefined, symbol)) {
            strbuf_addf(&b, "%s%s", b.len ? ", " : "", shown(l, l->objects.items[i]));
        }
        elf_object_release(&object);
    }
    return strbuf_take(&b);
}

// True when it needs no newer C library than it may.
static bool check_floor(struct look *l)
{
    const struct elf_linked *linked = &l->linked;
    size_t n = 0;

    for (size_t i = 0; l->t->glibc && i < linked->n_imports; i++) {
        if (!elf_version_exceeds(linked->imports[i].version, l->t->glibc)) {
            continue;
        }
        if (n++ == 0) {
            trace(l);
            fprintf(stderr, "error: %s needs a newer C library than %s %s\n", l->output,
                    l->t->glibc_from ? l->t->glibc_from : "glibc", l->t->glibc);
        }
        if (n <= LISTED_MAX) {
            _cleanup_free_ char *who = who_wants(l, linked->imports[i].symbol);
            fprintf(stderr, "  %-12s %-24s %s\n", linked->imports[i].version,
                    linked->imports[i].symbol, who);
        }
    }
    if (n > LISTED_MAX) {
        fprintf(stderr, "  and %zu more\n", n - LISTED_MAX);
    }
    if (n > 0) {
        fprintf(stderr, "hint: build for a sysroot whose glibc is not newer than %s; Debian 11 has "
                        "2.31, 12 has 2.36, 13 has 2.41\n",
                l->t->glibc);
    }
    return n == 0;
}

// --- The processor -------------------------------------------------------------------------------

static void tell_newer(const struct look *l, const char *what, const struct arm_needs *needs)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    if (arm_needs_more(needs, &l->limit, &text)) {
        fprintf(stderr, "warning: %s: %s is built for a processor that board `%s` has not: %s\n",
                l->output, what, l->t->board, text.data);
    }
}

static void check_processor(struct look *l)
{
    struct arm_needs *m = &l->limit;
    if (!l->t->limit || sscanf(l->t->limit, "%u %u %u %u %u", &m->arch, &m->fp, &m->simd, &m->div,
                               &m->half) != 5) {
        return;
    }
    if (!arm_needs_more(&l->linked.needs, &l->limit, NULL)) {
        return;
    }
    trace(l);
    size_t told = 0;
    for (size_t i = 0; i < l->objects.n && told < LISTED_MAX; i++) {
        struct elf_object object;
        struct err ignored = ERR_INIT;
        if (elf_read_object(l->objects.items[i], &object, &ignored) == 0) {
            if (arm_needs_more(&object.needs, &l->limit, NULL)) {
                tell_newer(l, shown(l, l->objects.items[i]), &object.needs);
                told++;
            }
            elf_object_release(&object);
        }
    }
    if (told == 0) { // link-time optimisation has no objects to name
        tell_newer(l, "it", &l->linked.needs);
    }
}

// --- Debug information ---------------------------------------------------------------------------

// What configure scripts, CMake and Meson link only to see whether they can.
static bool is_a_trial(const char *output)
{
    static const char *const names[] = {"conftest", "cmTC_", "sanitycheck", "testfile"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (str_starts(fs_base(output), names[i])) {
            return true;
        }
    }
    return strstr(output, "CMakeScratch") || strstr(output, "meson-private");
}

static int run_objcopy(const struct toolset *t, const char *const *words, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    int status;
    strv_addf(&argv, "%s/bin/%s-objcopy", t->dir, t->triple);
    for (; *words; words++) {
        strv_add(&argv, *words);
    }
    if (proc_run(argv.items, &status, err) != 0) {
        return -1;
    }
    return status == 0 ? 0 : err_set(err, ERR_FAILED, "%s failed", argv.items[0]);
}

// The file keeps its symbol table, which backtraces go by.
static int split_debug(struct look *l, struct err *err)
{
    _cleanup_free_ char *id = NULL;
    if (elf_build_id(l->output, &id, err) != 0 || !id) {
        return id ? -1 : 0;
    }
    _cleanup_free_ char *folder = xasprintf("%s/.build-id/%.2s", l->t->debug, id);
    _cleanup_free_ char *file = xasprintf("%s/%s.debug", folder, id + 2);
    _cleanup_free_ char *part = xasprintf("%s.%d", file, (int)getpid());
    if (fs_mkdir_all(folder, 0755, err) != 0) {
        return -1;
    }
    const char *const keep[] = {"--only-keep-debug", l->output, part, NULL};
    const char *const drop[] = {"--strip-debug", l->output, NULL};
    if (run_objcopy(l->t, keep, err) != 0 || run_objcopy(l->t, drop, err) != 0) {
        return -1;
    }
    return rename(part, file) == 0 ? 0 : err_sys(err, "cannot rename %s", part);
}

int look_at(const struct toolset *t, const struct strv *command, const char *output)
{
    struct look l = {.t = t, .command = command, .output = output};
    struct err err = ERR_INIT;
    bool good = true;

    if (elf_read_linked(output, &l.linked, &err) != 0) {
        return 0; // not a file, as /dev/null; or lld's business
    }
    good = check_floor(&l);
    if (good) {
        check_processor(&l);
    } else {
        unlink(output);
    }
    if (good && t->debug && l.linked.has_debug && !is_a_trial(output) &&
        split_debug(&l, &err) != 0) {
        fprintf(stderr, "error: cannot split off the debug information of %s: %s\n", output,
                err.msg);
        good = false;
    }
    elf_linked_release(&l.linked);
    strv_release(&l.objects);
    return good ? 0 : 1;
}
