// SPDX-License-Identifier: MIT
#include "workspace/target_choice.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deb/lock.h"
#include "deb/recipe.h"
#include "project/build.h"
#include "sandbox/sandbox.h"
#include "target/compiler.h"
#include "target/elf_link.h"
#include "target/python.h"
#include "target/toolset_make.h"
#include "workspace/build_watch.h"
#include "workspace/node_choice.h"

int target_open_sysroot(const struct workspace *w, const char *name, struct sysroot *out,
                        struct err *err)
{
    if (sysroot_open(w->paths->data, name, out, err) == 0) {
        return 0;
    }
    _cleanup_free_ char *recipes = fs_join(w->paths->share, "sysroot-scripts");
    _cleanup_free_ char *file = NULL;
    _cleanup_free_ char *flavour = NULL;
    struct err no_recipe = ERR_INIT;
    if (err->code != ERR_NOT_FOUND || name[0] == '/' ||
        recipe_find(recipes, w->project ? w->project->dir : NULL, name, &file, &flavour,
                    &no_recipe) == 0) {
        return -1; // the hint that it has is right
    }
    if (no_recipe.hint[0]) {
        return err_hint(err, "%s", no_recipe.hint);
    }
    return err_hint(err, "`pisdk sysroot list` lists the sysroots");
}

int target_read_lock(const struct workspace *w, struct lock *out, struct err *err)
{
    _cleanup_free_ char *path = fs_join(w->project->dir, LOCK_FILE);

    *out = (struct lock){0};
    if (!fs_exists(path)) {
        return 1;
    }
    if (lock_read(path, out, err) != 0) {
        return -1;
    }
    if (strcmp(out->name, w->project->sysroot) != 0) {
        err_set(err, ERR_USAGE, "%s is for sysroot `%s`, but " PROJECT_FILE " wants `%s`", path,
                out->name, w->project->sysroot);
        lock_release(out);
        return err_hint(err, "`pisdk sysroot update` makes a new " LOCK_FILE);
    }
    return 0;
}

int target_open_project_sysroot(const struct workspace *w, struct sysroot *out, struct err *err)
{
    _cleanup_(lock_release) struct lock lock = {0};
    int r = target_read_lock(w, &lock, err);
    if (r < 0) {
        return -1;
    }
    if (r > 0) {
        r = target_open_sysroot(w, w->project->sysroot, out, err);
        if (r == 0) {
            sysroot_note_project(out, w->project->dir);
        }
        return r;
    }
    if (sysroot_open_locked(w->paths->data, &lock, out, err) != 0) {
        return err->code == ERR_NOT_FOUND ? err_hint(err, "pisdk sysroot build") : -1;
    }
    sysroot_note_project(out, w->project->dir);
    return 0;
}

int target_open_named(const struct workspace *w, const char *name, struct sysroot *out,
                      struct err *err)
{
    if (name) {
        return target_open_sysroot(w, name, out, err);
    }
    return w->project ? target_open_project_sysroot(w, out, err)
                      : target_open_sysroot(w, PROJECT_DEFAULT_SYSROOT, out, err);
}

// Says where a name that does not exist comes from, when it was not asked for.
static int from_project(const struct workspace *w, const char *asked, struct err *err)
{
    if (w->project && !asked) {
        return err_wrap(err, "%s/" PROJECT_FILE, w->project->dir);
    }
    return -1;
}

static int choose_variant(const struct target_request *request, struct target *out, struct err *err)
{
    const char *of_tests = getenv(TARGET_OF_TESTS);
    bool asked = request->debug || request->lto || request->coverage || request->sanitize;
    struct variant *v = &out->variant;

    if (!asked && of_tests && variant_read_name(of_tests, v)) {
        out->type = variant_name(v);
        return 0;
    }
    v->debug = request->debug;
    v->lto = request->lto;
    v->coverage = request->coverage;
    if (request->sanitize && variant_read_sanitize(request->sanitize, v, err) != 0) {
        return -1;
    }
    out->type = variant_name(v);
    return 0;
}

// Makes it the board when it is weaker than what was found so far.
static int take_if_weaker(const char *folder, const struct remote *node, struct board *out,
                          struct err *err)
{
    struct board b;

    if (!node->board) {
        err_set(err, ERR_USAGE, "board `auto`: node `%s` does not say which board it is",
                node->name);
        return err_hint(err, "add `board = pi4` to [node %s] in " PROJECT_FILE, node->name);
    }
    if (board_read(folder, node->board, false, &b, err) != 0) {
        return err_wrap(err, "[node %s]", node->name);
    }
    if (!out->name || b.level < out->level) {
        board_release(out);
        *out = b;
    } else {
        board_release(&b);
    }
    return 0;
}

// `auto`: what is built for the weakest board runs on all.
static int choose_weakest(const struct workspace *w, const char *folder, struct board *out,
                          struct err *err)
{
    _cleanup_(remotes_release) struct remotes nodes = {0};
    _cleanup_strv_ struct strv seen = {0};

    *out = (struct board){0};
    if (nodes_of_project(w, &nodes, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < nodes.n; i++) {
        const char *board = nodes.items[i].board;
        if (board && strv_has(&seen, board)) {
            continue;
        }
        if (take_if_weaker(folder, &nodes.items[i], out, err) != 0) {
            board_release(out);
            return -1;
        }
        strv_add(&seen, board);
    }
    if (!out->name) {
        err_set(err, ERR_USAGE,
                "board `auto` is the weakest of the project's nodes, but there are no nodes");
        return err_hint(err, "name them in " PROJECT_FILE ": [node pi1] and board = pi4");
    }
    log_debug(w->log, "board: %s, the weakest of %zu nodes", out->name, nodes.n);
    return 0;
}

int target_choose_board(const struct workspace *w, const char *asked, struct board *out,
                        struct err *err)
{
    _cleanup_free_ char *folder = fs_join(w->paths->share, "toolchain/boards");
    const char *name = asked ? asked : w->project ? w->project->board : PROJECT_DEFAULT_BOARD;
    int r = strcmp(name, "auto") == 0 ? choose_weakest(w, folder, out, err)
                                      : board_read(folder, name, false, out, err);
    return r == 0 ? 0 : from_project(w, asked, err);
}

int target_choose(const struct workspace *w, const struct target_request *request,
                  struct target *out, struct err *err)
{
    const char *sysroot = request->sysroot;

    *out = (struct target){.fixed = sysroot != NULL};
    if (choose_variant(request, out, err) != 0 ||
        target_choose_board(w, request->board, &out->board, err) != 0) {
        target_release(out);
        return -1;
    }
    int r = w->project && !sysroot
                ? target_open_project_sysroot(w, &out->sysroot, err)
                : target_open_sysroot(w, sysroot ? sysroot : PROJECT_DEFAULT_SYSROOT, &out->sysroot,
                                      err);
    if (r != 0) {
        target_release(out);
        return from_project(w, sysroot, err);
    }
    return 0;
}

void target_release(struct target *t)
{
    sysroot_release(&t->sysroot);
    board_release(&t->board);
    variant_release(&t->variant);
    free(t->type);
    *t = (struct target){0};
}

struct debug_subject target_debug_subject(const struct workspace *w, const struct target *t)
{
    return (struct debug_subject){
        .log = w->log,
        .root = t->sysroot.root,
        .triple = t->sysroot.lock.triple,
        .board = t->board.name,
        .project_dir = w->project ? w->project->dir : NULL,
        .project_name = w->project ? w->project->name : NULL,
        .type = t->type,
    };
}

// Since glibc 2.34, crt1.o calls a new version of __libc_start_main, so no program linked with it
// starts with an older one, whatever else it uses (https://sourceware.org/glibc/wiki/Release/2.34).
static int check_glibc(const struct workspace *w, const struct target *t, struct err *err)
{
    static const char needed[] = "2.34";
    const char *floor = w->project ? w->project->glibc : NULL;
    const struct package *libc = package_list_find(&t->sysroot.lock.packages, "libc6");

    if (!floor || !libc || !elf_version_exceeds("GLIBC_2.34", floor)) {
        return 0;
    }
    _cleanup_free_ char *version = xstrndup(libc->version, strcspn(libc->version, "-+"));
    _cleanup_free_ char *symbol = xasprintf("GLIBC_%s", version);
    if (strcmp(version, needed) != 0 && !elf_version_exceeds(symbol, needed)) {
        return 0;
    }
    err_set(err, ERR_USAGE,
            PROJECT_FILE
            ": glibc = %s cannot be met with sysroot `%s`: what is linked with its glibc "
            "%s needs %s to start",
            floor, t->sysroot.name, version, needed);
    return err_hint(err, "sysroot = bullseye, which has glibc 2.31; or glibc = %s", needed);
}

// The version of the board's gcc, as its packages have it.
static char *find_gcc(const struct target *t)
{
    const struct package_list *packages = &t->sysroot.lock.packages;
    for (size_t i = 0; i < packages->n; i++) {
        const struct package *p = &packages->items[i];
        if (str_starts(p->name, "libgcc-") && str_ends(p->name, "-dev")) {
            return xstrndup(p->version, strcspn(p->version, "-+~"));
        }
    }
    return NULL;
}

// What a toolset is made from; the options point into the rest.
struct description {
    struct toolset_options options;
    char *cc, *ld, *gcc, *qemu;
    struct strv prefixes; // without links
};

static void release_description(struct description *d)
{
    free(d->cc);
    free(d->ld);
    free(d->gcc);
    free(d->qemu);
    strv_release(&d->prefixes);
}

static int find_prefixes(const struct project *p, struct strv *out, struct err *err)
{
    for (size_t i = 0; i < p->build.prefixes.n; i++) {
        char *real = fs_real_path(p->build.prefixes.items[i]);
        if (!real || !fs_is_dir(real)) {
            free(real);
            err_set(err, ERR_NOT_FOUND, PROJECT_FILE ": `prefixes`: no such folder: %s",
                    p->build.prefixes.items[i]);
            return err_hint(err, "install the library there first, in its sources: pisdk exec -- "
                                 "make install");
        }
        strv_take(out, real);
    }
    return 0;
}

static int describe_toolset(const struct workspace *w, const struct target *t,
                            struct description *d, struct err *err)
{
    *d = (struct description){0};
    if (check_glibc(w, t, err) != 0) {
        return -1;
    }
    d->cc = paths_find_part(w->paths, "pisdk-cc", err);
    d->ld = d->cc ? paths_find_part(w->paths, "pisdk-ld", err) : NULL;
    struct err ignored = ERR_INIT;
    d->qemu = sandbox_find_qemu(&ignored); // it is said where it is needed
    d->gcc = find_gcc(t);
    d->options = (struct toolset_options){
        .cache = w->paths->cache,
        .share = w->paths->share,
        .pisdk = w->paths->program,
        .cc = d->cc,
        .ld = d->ld,
        .gcc = d->gcc,
        .qemu = d->qemu,
        .triple = t->sysroot.lock.triple,
        .root = t->sysroot.root,
        .sysroot = t->sysroot.root,
        .release_flags = &t->sysroot.lock.flags,
        .board = &t->board,
    };
    if (w->project) {
        if (find_prefixes(w->project, &d->prefixes, err) != 0) {
            return -1;
        }
        d->options.prefixes = &d->prefixes;
        d->options.boards_python = w->project->build.boards_python;
        d->options.glibc = w->project->glibc;
        d->options.glibc_from = PROJECT_FILE " says: glibc =";
    }
    return d->ld ? 0 : -1;
}

int target_make_toolset(const struct workspace *w, const struct target_request *request,
                        struct toolset *out, struct err *err)
{
    _cleanup_(release_description) struct description d = {0};
    struct target t;

    if (target_choose(w, request, &t, err) != 0) {
        return -1;
    }
    int r = describe_toolset(w, &t, &d, err) == 0 ? toolset_make(&d.options, out, err) : -1;
    target_release(&t);
    return r;
}

// Adds a package to the sysroot, when it is wanted for the first time.
static int add_for_coverage(const struct workspace *w, struct target *t, const char *package,
                            struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    int status = 0;

    if (t->fixed) {
        err_set(err, ERR_NOT_FOUND, "sysroot `%s` has no %s, which coverage needs", t->sysroot.name,
                package);
        return err_hint(err, "in a project, pisdk adds it when it is missing");
    }
    log_info(w->log, "coverage needs %s in the sysroot: adding it", package);
    strv_add_list(&argv, w->paths->program, "-C", w->project->dir, "sysroot", "add", package, NULL);
    if (proc_run(argv.items, &status, err) != 0) {
        return -1;
    }
    if (status != 0) {
        return err_set(err, ERR_FAILED, "cannot add %s to sysroot `%s`", package, t->sysroot.name);
    }
    sysroot_release(&t->sysroot);
    return target_open_project_sysroot(w, &t->sysroot, err);
}

// The run-time library of the counters in what Clang compiles.
static int find_runtime(const struct workspace *w, struct target *t, char **archive,
                        struct err *err)
{
    struct compiler compiler;
    if (compiler_find(&compiler, err) != 0) {
        return -1;
    }
    int version = compiler.version;
    compiler_release(&compiler);
    *archive = variant_profile_runtime(t->sysroot.root, t->sysroot.lock.triple, version);
    if (*archive) {
        return 0;
    }
    _cleanup_free_ char *package = xasprintf("libclang-rt-%d-dev", version);
    if (add_for_coverage(w, t, package, err) != 0) {
        return t->fixed ? -1
                        : err_hint(err, "where its Debian release has libclang-rt-N-dev for other "
                                        "versions: install clang-N and lld-N on the desktop");
    }
    *archive = variant_profile_runtime(t->sysroot.root, t->sysroot.lock.triple, version);
    return *archive ? 0
                    : err_set(err, ERR_FAILED, "libclang-rt-%d-dev has no library for coverage",
                              version);
}

static bool has_python(const struct workspace *w)
{
    _cleanup_free_ char *pattern = fs_join(w->project->dir, "*.py");
    glob_t found;
    bool has = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
    if (has) {
        globfree(&found);
    }
    return has;
}

static int prepare_coverage(const struct workspace *w, struct target *t, char **archive,
                            struct err *err)
{
    const char *system;
    if (project_build_system(w->project, &system, err) != 0) {
        return -1;
    }
    bool scripts = strcmp(system, "none") == 0;
    if (!scripts && find_runtime(w, t, archive, err) != 0) {
        return -1;
    }
    if (scripts && !has_python(w)) {
        return err_set(err, ERR_UNSUPPORTED, "coverage is for compiled programs and for Python");
    }
    bool python = scripts || strcmp(system, "python") == 0;
    return python && !python_has_package(t->sysroot.root, "coverage")
               ? add_for_coverage(w, t, "python3-coverage", err)
               : 0;
}

int target_make_build_toolset(const struct workspace *w, struct target *t, struct toolset *out,
                              struct err *err)
{
    _cleanup_(release_description) struct description d = {0};
    _cleanup_free_ char *runtime = NULL;
    _cleanup_strv_ struct strv compile = {0};
    _cleanup_strv_ struct strv link = {0};

    if (t->variant.coverage && prepare_coverage(w, t, &runtime, err) != 0) {
        return -1;
    }
    const struct variant_paths place = {w->project->dir, w->project->name, t->sysroot.root,
                                        runtime};
    variant_flags(&t->variant, &place, &compile, &link);
    if (describe_toolset(w, t, &d, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *dir = project_build_dir(w->project, t->board.name, t->type);
    _cleanup_free_ char *debug = fs_join(dir, "debug");
    bool plain = !t->variant.debug && !t->variant.sanitize.n && !t->variant.coverage;
    d.options.compile = &compile;
    d.options.link = &link;
    d.options.ccache = true;
    d.options.debug = plain ? debug : NULL;
    return toolset_make(&d.options, out, err);
}

static int build(const struct workspace *w, struct target *t, const struct toolset *tools,
                 struct project_build_options *options, int *status, struct err *err)
{
    struct build_watch watch;

    build_watch_begin(&watch, w, tools, true);
    options->tools = tools;
    options->variant = &t->variant;
    options->board = t->board.name;
    options->type = t->type;
    options->log = w->log;
    options->enter = build_watch_enter;
    options->enter_user = &watch;
    int r = project_build(w->project, options, status, err);
    r = r == 0 ? build_watch_check(&watch, w->project->dir, *status, err) : r;
    options->tools = NULL;
    build_watch_end(&watch);
    return r;
}

int target_build_with(const struct workspace *w, struct target *t,
                      struct project_build_options *options, struct err *err)
{
    struct toolset tools;
    int status = 0;

    if (target_make_build_toolset(w, t, &tools, err) != 0) {
        return -1;
    }
    int r = build(w, t, &tools, options, &status, err);
    toolset_release(&tools);
    if (r == 0 && status == PROJECT_UNKNOWN_PROGRAM) {
        return TARGET_UNKNOWN;
    }
    if (options->output && options->output->len && (r != 0 || status != 0)) {
        log_working(w->log, NULL);
        fwrite(options->output->data, 1, options->output->len, stderr);
    }
    return r == 0 ? status : -1;
}

int target_build(const struct workspace *w, struct target *t, const char *program, struct err *err)
{
    _cleanup_strbuf_ struct strbuf output = {0};
    struct project_build_options options = {.output = &output, .program = program};
    _cleanup_free_ char *task = xasprintf("building %s", program ? program : w->project->name);
    log_working(w->log, task);
    int r = target_build_with(w, t, &options, err);
    log_working(w->log, NULL);
    return r;
}
