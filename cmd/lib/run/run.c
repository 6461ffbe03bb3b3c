// SPDX-License-Identifier: MIT
#include "run/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "run/place.h"
#include "run/record.h"
#include "run/script.h"
#include "run/slurm.h"
#include "run/tell.h"
#include "sandbox/visible.h"
#include "target/elf.h"
#include "target/toolset.h"
#include "workspace/program_choice.h"

// Any new place is a line here. The first one is the default.
static const struct run_place *const places[] = {&run_emulator, &run_cluster, &run_nodes,
                                                 &run_slurm};

static const double later_seconds = 0.2; // than ctest

// --- Which place ---------------------------------------------------------------------------------

static int unknown_place(const char *asked, struct err *err)
{
    _cleanup_strbuf_ struct strbuf known = {0};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const char *between = i == 0 ? "" : i + 1 < ARRAY_SIZE(places) ? ", " : " or ";
        strbuf_addf(&known, "%s--on %s", between, places[i]->name);
        if (places[i]->has_many) {
            strbuf_addf(&known, ", --on %s:NAME", places[i]->name);
        }
    }
    err_set(err, ERR_USAGE, "cannot run on `%s`", asked);
    return err_hint(err, "%s", known.data);
}

int run_place_find(const char *asked, const struct run_place **place, const char **which,
                   struct err *err)
{
    const char *word = asked ? asked : getenv(RUN_ON);

    *place = places[0];
    *which = NULL;
    if (!word || !*word) {
        return 0;
    }
    const char *colon = strchr(word, ':');
    size_t n = colon ? (size_t)(colon - word) : strlen(word);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        bool named = strlen(places[i]->name) == n && strncmp(places[i]->name, word, n) == 0;
        if (named && (!colon || places[i]->has_many)) {
            *place = places[i];
            *which = colon ? colon + 1 : NULL;
            return 0;
        }
    }
    return unknown_place(word, err);
}

int run_place_for_tests(const struct run_place *place, const char *which, struct err *err)
{
    if (!place->for_tests) {
        err_set(err, ERR_USAGE, "tests cannot run on `%s`", place->name);
        return err_hint(err, "pisdk run --on %s PROGRAM", place->name);
    }
    _cleanup_free_ char *value = which ? xasprintf("%s:%s", place->name, which) : NULL;
    return setenv(RUN_ON, value ? value : place->name, 1) == 0 ? 0
                                                               : err_sys(err, "cannot set " RUN_ON);
}

// --- Preparing it --------------------------------------------------------------------------------

// Shows a folder of the desktop to the program.
static void show(struct run *run, const char *path)
{
    if (!visible_is_boards_own(path) && !visible_has(&run->visible, path)) {
        strv_add(&run->visible, path);
    }
}

// The folder of a file that an argument names, to be read or to be written: an absolute path, or
// one that leads out of the working folder; also behind the = of an option.
static void show_argument(struct run *run, const char *arg)
{
    const char *equals = strchr(arg, '=');
    const char *path = arg[0] == '-' && equals ? equals + 1 : arg;
    if (path[0] != '/' && !str_starts(path, "../")) {
        return;
    }
    _cleanup_free_ char *parent = fs_parent(path);
    _cleanup_free_ char *folder = fs_real_path(fs_is_dir(path) ? path : parent);
    if (folder) {
        show(run, folder);
    }
}

static void show_path(struct run *run, const char *path)
{
    struct slice rest = {path ? path : "", path ? strlen(path) : 0};
    struct slice folder;
    while (slice_cut(&rest, ':', &folder)) {
        _cleanup_free_ char *one = slice_dup(folder);
        _cleanup_free_ char *real = one[0] == '/' ? fs_real_path(one) : NULL;
        if (real && fs_is_dir(real)) {
            show(run, real);
        }
    }
}

// Folders of libraries that the user, a build or the program itself names.
static void show_libraries(struct run *run)
{
    static const char name[] = "LD_LIBRARY_PATH=";
    struct elf_info info = {0};
    struct err ignored = ERR_INIT;

    show_path(run, sandbox_build_libraries());
    for (size_t i = 0; i < run->variables.n; i++) {
        const char *variable = run->variables.items[i];
        show_path(run, str_starts(variable, name) ? variable + strlen(name) : NULL);
    }
    if (!run->in_sysroot && elf_read(run->program, &info, &ignored) == 0) {
        show_path(run, info.runpath);
        elf_info_release(&info);
    }
}

// A build's own programs may get the names of headers from the compiler, as fixdep of Linux does.
static void show_headers(struct run *run)
{
    const char *headers = getenv(TOOLSET_HEADERS);
    if (headers) {
        show(run, run->target.sysroot.root);
        strv_add_list(&run->mounts, headers, headers, NULL);
    }
}

// HOST, which is seen at the same path, or HOST:BOARD.
static int add_mount(struct run *run, const char *text, struct err *err)
{
    const char *colon = strrchr(text, ':');
    bool pair = colon && colon[1] == '/' && !fs_is_dir(text);
    _cleanup_free_ char *named = pair ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
    _cleanup_free_ char *folder = fs_real_path(named);

    if (!folder || !fs_is_dir(folder)) {
        err_set(err, ERR_NOT_FOUND, "--mount: no such folder: %s", named);
        return colon && !pair
                   ? err_hint(err, "the board's path is absolute: --mount %s:/data", named)
                   : -1;
    }
    if (!run->request->place->mounts) {
        err_set(err, ERR_USAGE, "--mount is for one emulated board");
        return err_hint(err, "boards of a cluster see the folders of `pisdk cluster up --show %s`",
                        folder);
    }
    if (!pair || strcmp(colon + 1, folder) == 0) {
        strv_add(&run->visible, folder);
    } else {
        strv_add_list(&run->mounts, folder, colon + 1, NULL);
    }
    return 0;
}

static int choose_folders(struct run *run, struct err *err)
{
    const struct strv *mounts = run->request->mounts;
    run->cwd = fs_real_path(".");
    if (!run->cwd) {
        return err_sys(err, "the current folder no longer exists");
    }
    if (run->w->project) {
        show(run, run->w->project->dir);
    }
    show(run, run->cwd);
    if (!run->in_sysroot) {
        _cleanup_free_ char *folder = fs_parent(run->program);
        show(run, folder);
        if (!visible_has(&run->visible, folder)) {
            err_set(err, ERR_FAILED, "%s is hidden by the board's own folder", run->program);
            return err_hint(err, "move it, for example below %s",
                            getenv("HOME") ? getenv("HOME") : "your home");
        }
    }
    for (size_t i = 0; i < run->args.n; i++) {
        show_argument(run, run->args.items[i]);
    }
    show_libraries(run);
    show_headers(run);
    for (size_t i = 0; mounts && i < mounts->n; i++) {
        if (add_mount(run, mounts->items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

// `pisdk test` has a time for every test, besides that of ctest.
static void choose_timeout(struct run *run)
{
    const char *of_tests = getenv(RUN_TIMEOUT);
    run->timeout = run->request->timeout;
    if (run->timeout == 0 && of_tests) {
        run->timeout = strtod(of_tests, NULL);
        run->later = later_seconds;
    }
}

static int choose_program(struct run *run, struct err *err)
{
    const struct run_request *r = run->request;
    if (r->ranks > 0 && !program_in_sysroot(&run->target, "mpirun")) {
        return err_set(err, ERR_NOT_FOUND, "the sysroot `%s` has no mpirun",
                       run->target.sysroot.name);
    }
    if (program_find(run->w, &run->target, r->program, &run->program, &run->in_sysroot, err) != 0) {
        return -1;
    }
    if (!run->in_sysroot && script_is(run->program)) {
        if (script_prepare(run, err) != 0) {
            return -1;
        }
        strv_add(&run->args, run->script);
    }
    strv_add_all(&run->args, r->args->items);
    const char *name = fs_base(run->program);
    run->launcher =
        run->in_sysroot && (strcmp(name, "mpirun") == 0 || strcmp(name, "mpiexec") == 0);
    script_use_runner(run);
    return 0;
}

static void mark(struct run *run)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    run->id = xasprintf("%d-%lld-%ld", (int)getpid(), (long long)now.tv_sec, now.tv_nsec);
}

static int prepare(struct run *run, struct err *err)
{
    const struct run_request *r = run->request;
    const struct project *project = run->w->project;

    if (target_choose(run->w, &r->deploy.target, &run->target, err) != 0) {
        return -1;
    }
    run->mpich = str_eq(run->target.sysroot.lock.flavour, "mpich");
    run->memory =
        r->memory == RUN_MEMORY_OF_BOARD ? (uint64_t)run->target.board.memory_mb << 20 : r->memory;
    mpirun_variables(r->variables, project ? &project->run_environment : NULL, &run->variables);
    choose_timeout(run);
    mark(run);
    if (choose_program(run, err) != 0) {
        return -1;
    }
    script_add_modules(run);
    mpirun_words(&r->mpirun, &run->variables, run->mpich, &run->mpirun);
    if (choose_folders(run, err) != 0 || (r->trace && record_prepare(run, err) != 0)) {
        return -1;
    }
    if (r->trace) {
        show(run, r->trace);
    }
    return 0;
}

static void release(struct run *run)
{
    free(run->id);
    free(run->recorder);
    free(run->program);
    free(run->script);
    strv_release(&run->args);
    free(run->cwd);
    strv_release(&run->visible);
    strv_release(&run->mounts);
    strv_release(&run->variables);
    strv_release(&run->mpirun);
    target_release(&run->target);
}

// --- The whole -----------------------------------------------------------------------------------

int run_program(const struct workspace *w, const struct run_request *request, int *status,
                struct err *err)
{
    struct run run = {.w = w, .request = request};
    time_t began = time(NULL);
    int r = prepare(&run, err);
    r = r == 0 ? request->place->start(&run, status, err) : r;
    if (r == 0) {
        *status = run_tell(&run, began, *status);
    }
    release(&run);
    return r;
}

int run_submit(const struct workspace *w, const struct run_request *request,
               const struct slurm_login *login, long *id, struct err *err)
{
    struct run run = {.w = w, .request = request};
    int r = prepare(&run, err);
    r = r == 0 ? slurm_submit(&run, login, id, err) : r;
    release(&run);
    return r;
}
