// SPDX-License-Identifier: MIT
#include "project/build.h"

#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "project/build_internal.h"
#include "target/toolset_make.h"

#define SETTINGS_FILE ".pisdk-settings"

enum { OUTPUT_MAX = 64 << 20, SETTINGS_MAX = 1 << 16 };

// In the order in which they are guessed.
static const struct build_system *const systems[] = {&build_cmake, &build_meson,   &build_autotools,
                                                     &build_make,  &build_command, &build_python,
                                                     &build_none};

// --- What build systems share --------------------------------------------------------------------

int build_run(struct build *b, const char *folder, const struct strv *argv, int *status,
              struct err *err)
{
    const struct proc_context place = {
        .dir = folder, .env = &b->env, .enter = b->o->enter, .user = b->o->enter_user};
    const struct proc_capture capture = {.input = -1,
                                         .max = OUTPUT_MAX,
                                         .out = b->o->output,
                                         .errors = b->o->output,
                                         .place = &place};
    _cleanup_free_ char *line = strv_join(argv, " ");
    log_debug(b->o->log, "%s", line);
    return b->o->output ? proc_capture(argv->items, &capture, status, err)
                        : proc_run_at(argv->items, &place, status, err);
}

int build_ask(struct build *b, const char *folder, const struct strv *argv, struct strbuf *out,
              int *status, struct err *err)
{
    const struct proc_context place = {.dir = folder, .env = &b->env};
    struct strbuf unused = {0};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = out, .errors = &unused, .place = &place};
    int r = proc_capture(argv->items, &capture, status, err);
    strbuf_release(&unused);
    return r;
}

bool build_is_configured(const struct build *b, const struct strv *words, const char *result)
{
    _cleanup_free_ char *mark = fs_join(b->dir, SETTINGS_FILE);
    _cleanup_free_ char *made = fs_join(b->dir, result);
    _cleanup_free_ char *settings = strv_join(words, "\n");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    return fs_exists(made) && fs_read_file(mark, SETTINGS_MAX, &text, &ignored) == 0 && text.data &&
           strcmp(text.data, settings) == 0;
}

int build_note_configured(const struct build *b, const struct strv *words, struct err *err)
{
    _cleanup_free_ char *mark = fs_join(b->dir, SETTINGS_FILE);
    _cleanup_free_ char *settings = strv_join(words, "\n");
    return fs_write_file(mark, settings, strlen(settings), 0644, err);
}

int build_need_program(const char *program, const char *package, struct err *err)
{
    _cleanup_free_ char *path = fs_find_program(program);
    if (path) {
        return 0;
    }
    err_set(err, ERR_NOT_FOUND, "%s is not installed", program);
    return err_hint(err, "sudo apt install %s", package);
}

long build_jobs(const struct build *b)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return b->o->jobs > 0 ? b->o->jobs : cores > 0 ? cores : 1;
}

char *build_cflags(const struct build *b)
{
    return xstrdup(variant_is_optimised(b->o->variant) ? "-O2 -g" : "-O0 -g");
}

// --- Which one it is -----------------------------------------------------------------------------

static const struct build_system *find_system(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        if (strcmp(systems[i]->name, name) == 0) {
            return systems[i];
        }
    }
    return NULL;
}

static bool has_files_of(const char *dir, const struct build_system *s)
{
    for (const char *const *file = s->files; *file; file++) {
        _cleanup_free_ char *path = fs_join(dir, *file);
        if (fs_exists(path)) {
            return true;
        }
    }
    return false;
}

static const struct build_system *guess_system(const struct project *p)
{
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        // What pisdk.ini says itself counts before a script that happens to be there.
        bool script = systems[i] == &build_none || systems[i] == &build_python;
        if (script && p->build.command.n) {
            return &build_command;
        }
        if (has_files_of(p->dir, systems[i])) {
            return systems[i];
        }
    }
    return NULL;
}

void project_build_systems(const char *dir, struct strv *names)
{
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        if (has_files_of(dir, systems[i])) {
            strv_add(names, systems[i]->name);
        }
    }
}

static int unknown_system(const struct project *p, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        strv_add(&names, systems[i]->name);
    }
    const char *nearest = str_nearest(p->build.system, &names);
    _cleanup_free_ char *known = strv_join(&names, ", ");
    err_set(err, ERR_USAGE, "%s/" PROJECT_FILE ": unknown build system `%s`", p->dir,
            p->build.system);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest)
                   : err_hint(err, "known build systems: %s", known);
}

static const struct build_system *choose_system(const struct project *p, struct err *err)
{
    const struct build_system *s = p->build.system ? find_system(p->build.system) : guess_system(p);
    if (s) {
        return s;
    }
    if (p->build.system) {
        unknown_system(p, err);
        return NULL;
    }
    err_set(err, ERR_NOT_FOUND,
            "%s has no CMakeLists.txt, meson.build, configure or Makefile: how is it built?",
            p->dir);
    err_hint(err, "add [build] and command = ./build.sh (or what builds it), or system = none (for "
                  "scripts), to " PROJECT_FILE);
    return NULL;
}

int project_build_system(const struct project *p, const char **name, struct err *err)
{
    const struct build_system *s = choose_system(p, err);
    *name = s ? s->name : NULL;
    return s ? 0 : -1;
}

bool project_builds_apart(const char *system)
{
    return find_system(system)->apart;
}

// --- Building ------------------------------------------------------------------------------------

static void begin(struct build *b, const struct project *p, const struct project_build_options *o)
{
    *b = (struct build){.p = p, .o = o, .dir = project_build_dir(p, o->board, o->type)};
    toolset_whole_environment(o->tools, &b->env);
    if (o->no_ccache) {
        strv_add(&b->env, "CCACHE_DISABLE=1");
    }
    if (!getenv("SOURCE_DATE_EPOCH")) { // __DATE__ and __TIME__ are the same in every build
        strv_add(&b->env, "SOURCE_DATE_EPOCH=0");
    }
}

static void end(struct build *b)
{
    free(b->dir);
    strv_release(&b->env);
}

static int make_folder(const struct build *b, struct err *err)
{
    if (b->o->clean && fs_remove_tree(b->dir, err) != 0) {
        return -1;
    }
    if (fs_mkdir_all(b->dir, 0755, err) == 0) {
        return 0;
    }
    if (err->sys == EROFS || err->sys == EACCES || err->sys == EPERM) {
        err_hint(err, "pisdk builds inside the project: make a copy that you can write to");
    }
    return -1;
}

int project_build(const struct project *p, const struct project_build_options *o, int *status,
                  struct err *err)
{
    const struct build_system *system = choose_system(p, err);
    struct build b;

    if (!system) {
        return -1;
    }
    begin(&b, p, o);
    log_debug(o->log, "building in %s with %s", b.dir, system->name);
    int r = make_folder(&b, err);
    *status = 0;
    if (r == 0) {
        r = system->configure(&b, status, err);
    }
    if (r == 0 && *status == 0) {
        r = system->compile(&b, status, err);
    }
    end(&b);
    return r;
}

int project_test_command(const struct project *p, const struct project_build_options *o,
                         struct strv *argv, struct err *err)
{
    const struct build_system *system = choose_system(p, err);
    struct build b;

    if (!system) {
        return -1;
    }
    if (p->build.test.n) {
        strv_add_all(argv, p->build.test.items);
        return 0;
    }
    begin(&b, p, o);
    int r = system->test ? system->test(&b, argv, err) : 0;
    end(&b);
    if (r == 0 && argv->n == 0) {
        err_set(err, ERR_NOT_FOUND, "pisdk does not know how to test this project");
        return err_hint(err, "say it in " PROJECT_FILE ": [build] and test = make test");
    }
    return r;
}
