// SPDX-License-Identifier: MIT
#include "inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "target/arm.h"
#include "target/elf_link.h"

enum { LISTED_MAX = 40 };

struct inspection {
    const struct toolset *t;
    const char *output;
    struct elf_linked linked;
    struct arm_needs limit;
    struct strv objects; // what was linked, sorted
    struct strv files;   // the files and archives that have them, each once
    const char *symbol;  // which one is looked for,
    struct strbuf who;   // and who takes it
    size_t told;         // objects for another processor
};

static bool is_linked(void *user, const char *name)
{
    const struct inspection *l = user;
    return strv_has_sorted(&l->objects, name);
}

// Archive members are listed as "lib.a(member.o)".
static void read_trace(struct inspection *l, const struct strbuf *trace)
{
    struct slice rest = {trace->data, trace->len};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        strv_take(&l->objects, slice_dup(line));
    }
    if (l->objects.n) {
        strv_sort(&l->objects);
    }
    for (size_t i = 0; i < l->objects.n; i++) { // sorted, so those of one archive follow each other
        const char *name = l->objects.items[i];
        const char *bracket = str_ends(name, ")") ? strrchr(name, '(') : NULL;
        _cleanup_free_ char *file =
            bracket && !fs_exists(name) ? xstrndup(name, (size_t)(bracket - name)) : xstrdup(name);
        if (l->files.n == 0 || strcmp(l->files.items[l->files.n - 1], file) != 0) {
            strv_add(&l->files, file);
        }
    }
}

static void each_object(struct inspection *l, bool symbols,
                        void (*on_object)(void *user, const char *name,
                                          const struct elf_object *object))
{
    const struct elf_object_reader reader = {is_linked, on_object, l, symbols};
    for (size_t i = 0; i < l->files.n; i++) {
        struct err ignored = ERR_INIT; // shared libraries, scripts, bitcode: not for us
        (void)!elf_read_objects(l->files.items[i], &reader, &ignored);
    }
}

// A path as a person wants to see it: the sysroot's own files by their names.
static const char *shown(const struct inspection *l, const char *path)
{
    return fs_is_below(path, l->t->root) ? fs_base(path) : path;
}

// --- The C library -------------------------------------------------------------------------------

static void note_who(void *user, const char *name, const struct elf_object *object)
{
    struct inspection *l = user;
    if (strv_has(&object->undefined, l->symbol)) {
        strbuf_addf(&l->who, "%s%s", l->who.len ? ", " : "", shown(l, name));
    }
}

static void tell_import(struct inspection *l, const struct elf_import *import)
{
    l->symbol = import->symbol;
    each_object(l, true, note_who);
    fprintf(stderr, "  %-12s %-24s %s\n", import->version, import->symbol,
            l->who.len ? l->who.data : "");
    strbuf_release(&l->who);
}

// True when it needs no newer C library than it may.
static bool check_floor(struct inspection *l)
{
    const struct elf_linked *linked = &l->linked;
    const char *floor = l->t->glibc;
    size_t n = 0;

    for (size_t i = 0; floor && i < linked->n_imports; i++) {
        if (!elf_version_exceeds(linked->imports[i].version, floor)) {
            continue;
        }
        if (n == 0) {
            fprintf(stderr, "error: %s needs a newer C library than glibc %s%s%s\n", l->output,
                    floor, l->t->glibc_from ? ", which is what it may need: " : "",
                    l->t->glibc_from ? l->t->glibc_from : "");
        }
        if (n < LISTED_MAX) {
            tell_import(l, &linked->imports[i]);
        }
        n++;
    }
    if (n > LISTED_MAX) {
        fprintf(stderr, "  and %zu more\n", n - LISTED_MAX);
    }
    if (n > 0) {
        fprintf(stderr, "hint: build with a sysroot whose glibc is not newer: Debian 11 (bullseye) "
                        "has 2.31, 12 (bookworm) 2.36, 13 (trixie) 2.41\n");
    }
    return n == 0;
}

// --- The processor -------------------------------------------------------------------------------

static void tell_newer(void *user, const char *name, const struct elf_object *object)
{
    struct inspection *l = user;
    _cleanup_strbuf_ struct strbuf what = {0};
    // Debian's armhf runs on all of these boards: what goes further asks the processor first, as
    // libc.a does for NEON (https://wiki.debian.org/ArmHardFloatPort).
    if (fs_is_below(name, l->t->root)) {
        return;
    }
    if (l->told < LISTED_MAX && arm_needs_more(&object->needs, &l->limit, &what)) {
        fprintf(stderr, "warning: %s: %s does not run on board `%s`: it uses %s\n", l->output, name,
                l->t->board, what.data);
        l->told++;
    }
}

static void check_processor(struct inspection *l)
{
    if (toolset_limit(l->t, &l->limit)) {
        each_object(l, false, tell_newer);
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
static int split_debug(struct inspection *l, struct err *err)
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

int inspect_output(const struct toolset *t, const char *output, const struct strbuf *trace)
{
    struct inspection l = {.t = t, .output = output};
    struct err err = ERR_INIT;

    if (elf_read_linked(output, &l.linked, &err) != 0) {
        return 0; // /dev/null, or another format: nothing to check
    }
    read_trace(&l, trace);
    bool good = check_floor(&l);
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
    strv_release(&l.files);
    return good ? 0 : 1;
}
