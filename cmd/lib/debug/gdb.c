// SPDX-License-Identifier: MIT
#include "debug/gdb.h"

#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "target/variant.h"

enum { DEPTH_MAX = 8, REMOTE_TIMEOUT = 30 /* seconds */, OUTPUT_MAX = 1 << 24 };

#define MARK "@line "

char *gdb_find(struct err *err)
{
    static const char *const names[] = {"gdb-multiarch", "arm-linux-gnueabihf-gdb"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char *gdb = fs_find_program(names[i]);
        if (gdb) {
            return gdb;
        }
    }
    err_set(err, ERR_NOT_FOUND, "gdb for ARM is not installed");
    err_hint(err, "sudo apt install gdb-multiarch");
    return NULL;
}

void gdb_add_command(struct strv *argv, const char *fmt, ...)
{
    struct strbuf b = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vaddf(&b, fmt, ap);
    va_end(ap);
    strv_add(argv, "-ex");
    strv_take(argv, strbuf_take(&b));
}

char *gdb_word(const char *path)
{
    struct strbuf b = {0};
    strbuf_adds(&b, "\"");
    for (; *path; path++) {
        if (*path == '"' || *path == '\\') {
            strbuf_adds(&b, "\\");
        }
        strbuf_add(&b, path, 1);
    }
    strbuf_adds(&b, "\"");
    return strbuf_take(&b);
}

// The folder of separate debug information of the build that made `program`, or NULL.
static char *debug_folder(const struct debug_subject *s, const char *program)
{
    _cleanup_free_ char *dir = fs_parent(program);
    while (strlen(dir) > 1 && fs_is_below(dir, s->project_dir)) {
        _cleanup_free_ char *folder = fs_join(dir, "debug");
        _cleanup_free_ char *ids = fs_join(folder, ".build-id");
        if (fs_is_dir(ids)) {
            return TAKE_PTR(folder);
        }
        char *parent = fs_parent(dir);
        free(dir);
        dir = parent;
    }
    return NULL;
}

// Folders that have libraries of the build: modules for Python, whose program is the sysroot's.
static void add_modules(const char *folder, int depth, struct strbuf *out)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    bool named = false;
    if (depth > DEPTH_MAX || fs_list_dir(folder, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        if (fs_is_dir(path)) {
            add_modules(path, depth + 1, out);
        } else if (!named && str_ends(path, ".so")) {
            strbuf_addf(out, ":%s", folder);
            named = true;
        }
    }
}

static void add_build(const struct debug_subject *s, const char *program, struct strbuf *folders,
                      struct strbuf *information, struct strv *argv)
{
    _cleanup_free_ char *build = xasprintf("%s/build/%s-%s", s->project_dir, s->board, s->type);
    _cleanup_free_ char *of_build = fs_join(build, "debug");
    _cleanup_free_ char *of_program = debug_folder(s, program);
    const char *debug = of_program ? of_program : fs_is_dir(of_build) ? of_build : NULL;
    _cleanup_free_ char *place = variant_source_place(s->project_name);
    _cleanup_free_ char *folder = gdb_word(s->project_dir);

    if (fs_is_below(program, s->root)) {
        add_modules(build, 0, folders);
    }
    if (debug) {
        strbuf_addf(information, ":%s", debug);
    }
    gdb_add_command(argv, "set substitute-path %s %s", place, folder);
}

char *gdb_python_support(const struct debug_subject *s, const char *program)
{
    _cleanup_free_ char *pattern =
        xasprintf("%s/usr/share/gdb/auto-load/usr/bin/python3.[0-9]*[0-9]-gdb.py", s->root);
    glob_t found;
    if (!str_starts(fs_base(program), "python3") || glob(pattern, 0, NULL, &found) != 0) {
        return NULL;
    }
    char *file = xstrdup(found.gl_pathv[0]);
    globfree(&found);
    return file;
}

void gdb_add_places(const struct debug_subject *s, const char *program, struct strv *argv)
{
    _cleanup_strbuf_ struct strbuf folders = {0};
    _cleanup_strbuf_ struct strbuf information = {0};
    // Without namespaces, the loader found libraries by their paths on this desktop.
    strbuf_addf(&folders, "%s/usr/lib/%s", s->root, s->triple);
    gdb_add_command(argv, "set sysroot %s", s->root);
    gdb_add_command(argv, "set debuginfod enabled off");
    strbuf_addf(&information, "%s/usr/lib/debug", s->root);
    if (s->project_dir) {
        add_build(s, program, &folders, &information, argv);
    }
    gdb_add_command(argv, "set debug-file-directory %s", information.data);
    gdb_add_command(argv, "set solib-search-path %s", folders.data);
    _cleanup_free_ char *python = gdb_python_support(s, program);
    if (python) {
        gdb_add_command(argv, "source %s", python);
    }
}

void gdb_add_settings(const struct debug_subject *s, const char *program, struct strv *argv)
{
    gdb_add_places(s, program, argv);
    gdb_add_command(argv, "set breakpoint pending on");
    // Open MPI's progress threads and children: of no interest to whoever debugs a program.
    gdb_add_command(argv, "handle SIGUSR1 SIGUSR2 SIGCHLD nostop noprint pass");
    // A board is slow to answer, and gdb, which gives up after two seconds, never ends then.
    gdb_add_command(argv, "set remotetimeout %d", (int)REMOTE_TIMEOUT);
}

int gdb_write_settings(const struct debug_subject *s, const char *program, const char *path,
                       struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    gdb_add_settings(s, program, &argv);
    for (size_t i = 1; i < argv.n; i += 2) { // after -ex
        strbuf_addf(&text, "%s\n", argv.items[i]);
    }
    return fs_write_file(path, text.data, text.len, 0644, err);
}

char *gdb_read_line(const char *text)
{
    static const char of[] = " of \"";
    const char *file = str_starts(text, "Line ") ? strstr(text, of) : NULL;
    const char *end = file ? strchr(file + strlen(of), '"') : NULL;
    const char *name = end ? strchr(end, '<') : NULL;
    if (!name) {
        return NULL;
    }
    file += strlen(of);
    return xasprintf("%.*s () at %.*s:%ld", (int)strcspn(name + 1, "+>"), name + 1,
                     (int)(end - file), file, strtol(text + strlen("Line "), NULL, 10));
}

// gdb's answers, each below the number of what it was asked.
static void read_answers(const struct strbuf *text, size_t first, size_t n, struct strv *frames)
{
    struct slice rest = {text->data ? text->data : "", text->len};
    struct slice line;
    for (size_t at = n; slice_cut(&rest, '\n', &line);) {
        _cleanup_free_ char *one = slice_dup(line);
        if (str_starts(one, MARK)) {
            at = strtoul(one + strlen(MARK), NULL, 10);
            continue;
        }
        char *frame = at < n ? gdb_read_line(one) : NULL;
        if (frame) {
            free(frames->items[first + at]);
            frames->items[first + at] = frame;
        }
    }
}

void gdb_find_lines(const struct debug_subject *s, const char *program, const uint32_t *addresses,
                    size_t n, struct strv *frames)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    _cleanup_free_ char *quoted = gdb_word(program);
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &errors};
    struct err ignored = ERR_INIT;
    _cleanup_free_ char *gdb = gdb_find(&ignored);
    size_t first = frames->n;
    int status;

    for (size_t i = 0; i < n; i++) {
        strv_add(frames, "");
    }
    if (!gdb) {
        return;
    }
    strv_add_list(&argv, gdb, "-q", "-nx", "-batch", NULL);
    gdb_add_places(s, program, &argv);
    gdb_add_command(&argv, "file %s", quoted);
    for (size_t i = 0; i < n; i++) {
        if (addresses[i]) {
            gdb_add_command(&argv, "echo " MARK "%zu\\n", i);
            gdb_add_command(&argv, "info line *%#x", addresses[i]);
        }
    }
    if (proc_capture(argv.items, &capture, &status, &ignored) == 0) {
        read_answers(&text, first, n, frames);
    }
}
