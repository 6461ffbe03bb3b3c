// SPDX-License-Identifier: MIT
#include "workspace/build_watch.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/sandbox.h"
#include "target/elf.h"
#include "target/toolset_make.h"

enum { DEPTH_MAX = 24, FILE_MAX = 64 << 20, NOTES_MAX = 1 << 20, MAKEFILE_MAX = 4 << 20 };

// Where Clang has its own headers: /usr/lib/llvm-19/lib/clang/19/include.
static void tell_headers(const struct toolset *t)
{
    _cleanup_free_ char *clang = fs_real_path(t->clang);
    _cleanup_free_ char *bin = clang ? fs_parent(clang) : NULL;
    _cleanup_free_ char *llvm = bin ? fs_parent(bin) : NULL;
    _cleanup_free_ char *pattern = llvm ? xasprintf("%s/lib/clang/*/include", llvm) : NULL;
    glob_t found;
    if (pattern && glob(pattern, 0, NULL, &found) == 0) {
        _cleanup_free_ char *headers = fs_real_path(found.gl_pathv[found.gl_pathc - 1]);
        if (headers) {
            setenv(TOOLSET_HEADERS, headers, 1);
        }
        globfree(&found);
    }
}

void build_watch_begin(struct build_watch *b, const struct workspace *w, const struct toolset *t,
                       bool emulate)
{
    struct err ignored = ERR_INIT;

    *b = (struct build_watch){.w = w, .interpreter = fs_join(t->dir, "lib/emulate")};
    clock_gettime(CLOCK_REALTIME_COARSE, &b->began);
    b->emulates = emulate && sandbox_try_transparent(b->interpreter, &b->why_not) == 0;
    if (b->emulates) {
        tell_headers(t);
        setenv(TOOLSET_RUNS, "maybe", 1);
    }
    if (fs_mkdir_all(w->paths->runtime, 0700, &ignored) == 0) {
        char *notes = fs_join(w->paths->runtime, "build-XXXXXX");
        b->notes = mkdtemp(notes) ? TAKE_PTR(notes) : NULL;
        free(notes);
    }
    if (b->notes) {
        setenv(TOOLSET_NOTES, b->notes, 1);
    }
}

void build_watch_enter(void *user)
{
    const struct build_watch *b = user;
    struct err ignored = ERR_INIT;
    if (b->emulates) {
        (void)!sandbox_make_transparent(b->interpreter, &ignored); // it was tried
    }
}

void build_watch_end(struct build_watch *b)
{
    struct err ignored = ERR_INIT;
    unsetenv(TOOLSET_RUNS);
    unsetenv(TOOLSET_HEADERS);
    if (b->notes) {
        unsetenv(TOOLSET_NOTES);
        (void)!fs_remove_tree(b->notes, &ignored);
        (void)!rmdir(b->w->paths->runtime); // when it is empty
    }
    free(b->notes);
    free(b->interpreter);
}

// --- What is new ---------------------------------------------------------------------------------

struct search {
    struct timespec since;   // what is older is not new
    bool any;                // one result is enough, and no mistake is looked for
    struct strv for_desktop; // what is meant for it, absolute
    char *foreign;           // the first that is not
    char *machine;
    char *program; // one for the board
    bool result;   // there is a program or a library for it
};

static void release_search(struct search *s)
{
    free(s->foreign);
    free(s->machine);
    free(s->program);
    strv_release(&s->for_desktop);
}

static bool is_new(const struct search *s, const struct stat *st)
{
    return st->st_ctim.tv_sec > s->since.tv_sec ||
           (st->st_ctim.tv_sec == s->since.tv_sec && st->st_ctim.tv_nsec >= s->since.tv_nsec);
}

// https://packaging.python.org/en/latest/specifications/binary-distribution-format/
static bool is_desktops_wheel(const char *path)
{
    const char *platform = strrchr(fs_base(path), '-');
    return platform && str_ends(platform, "x86_64.whl");
}

static void check_file(struct search *s, const char *path, const struct stat *st)
{
    struct elf_info info;
    struct err ignored = ERR_INIT;
    if (is_new(s, st) && is_desktops_wheel(path) && !s->foreign) {
        s->foreign = xstrdup(path);
        s->machine = xstrdup("x86-64");
        return;
    }
    if (!is_new(s, st) || elf_read(path, &info, &ignored) != 0) {
        return;
    }
    s->result = s->result || str_ends(path, ".a");
    if (info.is_elf && !info.is_object && elf_is_arm(&info)) {
        s->result = true;
        if (!s->program && (st->st_mode & S_IXUSR)) {
            s->program = xstrdup(path);
        }
    } else if (info.is_elf && !info.is_object && !s->foreign && !strv_has(&s->for_desktop, path)) {
        s->foreign = xstrdup(path);
        s->machine = xstrdup(elf_machine_name(&info));
    }
    elf_info_release(&info);
}

static void walk(struct search *s, const char *folder, int depth)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (depth > DEPTH_MAX || fs_list_dir(folder, &names, &ignored) != 0) {
        return;
    }
    strv_sort(&names);
    for (size_t i = 0; i < names.n && (s->any ? !s->result : !s->foreign); i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        struct stat st;
        if (lstat(path, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode) && strcmp(names.items[i], ".git") != 0) {
            walk(s, path, depth + 1);
        } else if (S_ISREG(st.st_mode)) {
            check_file(s, path, &st);
        }
    }
}

static void read_notes(const struct build_watch *b, struct search *s)
{
    _cleanup_free_ char *path = b->notes ? fs_join(b->notes, TOOLSET_NOTES_DESKTOP) : xstrdup("");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    struct slice line;

    if (fs_read_file(path, NOTES_MAX, &text, &ignored) != 0) {
        return;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *named = slice_dup(line);
        char *real = fs_real_path(named);
        if (real) {
            strv_take(&s->for_desktop, real);
        }
    }
}

// --- Where it comes from -------------------------------------------------------------------------

// What compilers write into a file: "GCC: (Debian 12.2.0-14) 12.2.0". The caller frees it.
static char *find_compiler(const char *path)
{
    static const char *const marks[] = {"GCC: (", "clang version "};
    _cleanup_strbuf_ struct strbuf bytes = {0};
    struct err ignored = ERR_INIT;

    if (fs_read_file(path, FILE_MAX, &bytes, &ignored) != 0 || !bytes.data) {
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        const char *at = memmem(bytes.data, bytes.len, marks[i], strlen(marks[i]));
        if (at) {
            return xstrndup(at, 80);
        }
    }
    return NULL;
}

// Does it name a compiler of the desktop by its path?
static bool names_compiler(const char *line)
{
    static const char *const names[] = {"/bin/gcc", "/bin/cc",    "/bin/g++",
                                        "/bin/c++", "/bin/clang", "/bin/x86_64-"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *at = strstr(line, names[i]);
        if (at && line[strspn(line, " \t")] != '#') {
            return true;
        }
    }
    return false;
}

static char *find_line_in(const char *path)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    struct slice line;
    size_t number = 0;

    if (fs_read_file(path, MAKEFILE_MAX, &text, &ignored) != 0) {
        return NULL;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *one = slice_dup(slice_trim(line));
        number++;
        if (names_compiler(one)) {
            return xasprintf("%s:%zu: %.100s", path, number, one);
        }
    }
    return NULL;
}

static bool is_recipe(const char *name)
{
    static const char *const known[] = {"Makefile",       "makefile",    "GNUmakefile",
                                        "CMakeLists.txt", "meson.build", "configure"};
    return str_is_one_of(name, known, ARRAY_SIZE(known)) ||
           (str_ends(name, ".mk") || str_ends(name, ".sh") || str_ends(name, ".cmake"));
}

// In the file's folder and those above it, as far as `dir`.
static char *find_line(const char *file, const char *dir)
{
    _cleanup_free_ char *folder = fs_parent(file);
    while (fs_is_below(folder, dir)) {
        _cleanup_strv_ struct strv names = {0};
        struct err ignored = ERR_INIT;
        if (fs_list_dir(folder, &names, &ignored) == 0) {
            strv_sort(&names);
        }
        for (size_t i = 0; i < names.n; i++) {
            _cleanup_free_ char *path = fs_join(folder, names.items[i]);
            char *line = is_recipe(names.items[i]) ? find_line_in(path) : NULL;
            if (line) {
                return line;
            }
        }
        char *above = fs_parent(folder);
        if (strcmp(above, folder) == 0) {
            free(above);
            break;
        }
        free(folder);
        folder = above;
    }
    return NULL;
}

static int refuse(const struct search *s, const char *dir, struct err *err)
{
    _cleanup_free_ char *compiler = find_compiler(s->foreign);
    _cleanup_free_ char *line = find_line(s->foreign, dir);

    err_set(err, ERR_FAILED, "%s is built for %s, not for the board%s%s", s->foreign, s->machine,
            compiler ? ", by " : "", compiler ? compiler : "");
    if (is_desktops_wheel(s->foreign)) {
        return err_hint(err,
                        "`pisdk wheel` builds for the board; so does pip of the sysroot, which "
                        "python3-pip brings");
    }
    if (line) {
        return err_hint(err, "%s: use a plain name there, like gcc, or $(CC)", line);
    }
    return err_hint(err, "a compiler was called by its path: use its plain name, like gcc; for a "
                         "tool of this desktop: " TOOLSET_DESKTOP_CC);
}

int build_watch_check(const struct build_watch *b, const char *dir, int status, struct err *err)
{
    struct search s = {.since = b->began};
    _cleanup_free_ char *root = fs_real_path(dir);
    int r = 0;

    read_notes(b, &s);
    if (root) {
        walk(&s, root, 0);
    }
    if (s.foreign && status == 0) {
        r = refuse(&s, root, err);
    } else if (status != 0 && s.program && !b->emulates && b->why_not.code != ERR_NONE) {
        log_info(b->w->log,
                 "hint: if it failed to run %s: programs for the board cannot be run here "
                 "by a build: %s",
                 s.program, b->why_not.msg);
    }
    release_search(&s);
    return r;
}

int build_watch_run(struct build_watch *b, const struct toolset *t, const struct strv *argv,
                    int *status, struct err *err)
{
    _cleanup_strv_ struct strv env = {0};
    const struct proc_context context = {.env = &env, .enter = build_watch_enter, .user = b};

    toolset_whole_environment(t, &env);
    return proc_run_at(argv->items, &context, status, err) == 0
               ? build_watch_check(b, ".", *status, err)
               : -1;
}

bool build_watch_has_result(const char *dir)
{
    struct search s = {.any = true};
    _cleanup_free_ char *root = fs_real_path(dir);

    if (root) {
        walk(&s, root, 0);
    }
    release_search(&s);
    return s.result;
}
