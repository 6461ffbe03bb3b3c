#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/sandbox.h"
#include "target.h"
#include "target/elf.h"

enum { RANKS_MAX = PROJECT_RANKS_MAX };

// One run: what the user asked for, made into a program and its arguments.
struct run {
    struct app *app;
    const struct target *target;
    const char *word; // the program as the user named it, or NULL
    struct strv args; // its arguments
    long ranks;       // 0: without mpirun
    char *program;    // absolute
    bool in_sysroot;
    char *cwd;
    struct strv visible;
};

static char *built_program(const struct run *run, const char *name)
{
    static const char *const places[] = {"", "bin/", "src/"};
    _cleanup_free_ char *dir =
        project_build_dir(&run->app->project, run->target->board.name, run->target->type);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s%s", dir, places[i], name);
        if (fs_is_program(path)) {
            return TAKE_PTR(path);
        }
    }
    return NULL;
}

static bool is_sysroot_program(const struct run *run, const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/usr/bin/%s", run->target->sysroot.root, name);
    return fs_is_program(path);
}

static int find_by_path(struct run *run, struct err *err)
{
    run->program = fs_real_path(run->word);
    if (!run->program) {
        err_sys(err, "cannot run %s", run->word);
        err->code = ERR_NOT_FOUND;
        return -1;
    }
    return 0;
}

// What the project has built, by name.
static void list_programs(const struct run *run, struct strv *names)
{
    _cleanup_free_ char *dir =
        project_build_dir(&run->app->project, run->target->board.name, run->target->type);
    _cleanup_strv_ struct strv entries = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(dir, &entries, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < entries.n; i++) {
        _cleanup_free_ char *path = fs_join(dir, entries.items[i]);
        if (fs_is_program(path) && strcmp(entries.items[i], "pisdk-mpiexec") != 0) {
            strv_add(names, entries.items[i]);
        }
    }
}

static int no_program(const struct run *run, const char *name, struct err *err)
{
    if (!run->app->has_project) {
        err_set(err, ERR_NOT_FOUND, "the sysroot has no program `%s`", name);
        return err_hint(err, "for a file in this folder: pisdk run ./%s", name);
    }
    _cleanup_strv_ struct strv names = {0};
    list_programs(run, &names);
    _cleanup_free_ char *known = strv_join(&names, ", ");
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "neither the project nor the sysroot has a program `%s`", name);
    if (nearest) {
        return err_hint(err, "did you mean `%s`?", nearest);
    }
    return names.n ? err_hint(err, "the project has: %s", known) : -1;
}

static int find_program(struct run *run, struct err *err)
{
    if (run->word && strchr(run->word, '/')) {
        return find_by_path(run, err);
    }
    const char *name = run->word ? run->word : run->app->project.program;
    if (run->app->has_project) {
        run->program = built_program(run, name);
        bool named_in_project = strcmp(name, run->app->project.program) == 0;
        if (run->program || named_in_project || !is_sysroot_program(run, name)) {
            free(TAKE_PTR(run->program));
            int status = target_build(run->app, run->target, name, err);
            if (status != 0 && status != TARGET_UNKNOWN) {
                return status < 0 ? -1 : err_set(err, ERR_FAILED, "the build failed");
            }
            run->program = built_program(run, name);
        }
        if (run->program) {
            return 0;
        }
    }
    if (!is_sysroot_program(run, name)) {
        return no_program(run, name, err);
    }
    run->in_sysroot = true;
    run->program = xasprintf("/usr/bin/%s", name);
    return 0;
}

static int check_machine(const struct run *run, struct err *err)
{
    struct elf_info info;

    if (run->in_sysroot) {
        return 0;
    }
    if (fs_is_dir(run->program)) {
        return err_set(err, ERR_USAGE, "%s is a folder", run->program);
    }
    if (elf_read(run->program, &info, err) != 0) {
        return -1;
    }
    int r = 0;
    if (info.is_elf && !elf_is_arm(&info)) {
        err_set(err, ERR_FAILED, "%s is built for %s, not for armv7l", run->program,
                elf_machine_name(&info));
        r = err_hint(err, "build it with `pisdk build`, and run that one");
    } else if (info.is_elf && info.is_object) {
        r = err_set(err, ERR_FAILED, "%s is an object file, not a program", run->program);
    }
    elf_info_release(&info);
    return r;
}

static bool is_below_any(const char *path, const char *const *folders, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fs_is_below(path, folders[i])) {
            return true;
        }
    }
    return false;
}

// Folders that the board has itself, and which it has not though they are in those: USB disks, and
// where people keep sources in containers.
static bool is_the_boards_own(const char *path)
{
    static const char *const own[] = {"/bin",   "/boot", "/dev", "/etc",  "/lib", "/lib32",
                                      "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"};
    static const char *const free_inside[] = {"/run/media", "/usr/src", "/usr/local/src"};
    return strcmp(path, "/") == 0 || strcmp(path, "/home") == 0 ||
           (is_below_any(path, own, ARRAY_SIZE(own)) &&
            !is_below_any(path, free_inside, ARRAY_SIZE(free_inside)));
}

static bool is_shown(const struct run *run, const char *path)
{
    return is_below_any(path, (const char *const *)run->visible.items, run->visible.n);
}

// Shows a folder of the host to the program.
static void show(struct run *run, const char *path)
{
    if (!is_the_boards_own(path) && !is_shown(run, path)) {
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

static int choose_folders(struct run *run, struct err *err)
{
    run->cwd = fs_real_path(".");
    if (!run->cwd) {
        return err_sys(err, "this folder is gone");
    }
    if (run->app->has_project) {
        show(run, run->app->project.dir);
    }
    show(run, run->cwd);
    if (!run->in_sysroot) {
        _cleanup_free_ char *folder = fs_parent(run->program);
        show(run, folder);
        if (!is_shown(run, folder)) {
            err_set(err, ERR_FAILED, "%s is in a folder that the board has itself", run->program);
            return err_hint(err, "move it, for example below %s",
                            getenv("HOME") ? getenv("HOME") : "your home");
        }
    }
    for (size_t i = 0; i < run->args.n; i++) {
        show_argument(run, run->args.items[i]);
    }
    return 0;
}

static void make_argv(const struct run *run, struct strv *argv)
{
    if (run->ranks > 0) {
        strv_add(argv, "mpirun");
        strv_addf(argv, "-n");
        strv_addf(argv, "%ld", run->ranks);
        strv_add(argv, run->program);
    } else {
        strv_add(argv, run->word ? run->word : run->program);
    }
    strv_add_all(argv, run->args.items);
}

static int emulate(struct run *run, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    const struct sysroot *sysroot = &run->target->sysroot;
    struct sandbox_options options = {
        .sysroot_dir = sysroot->dir,
        .triple = sysroot->lock.triple,
        .environment = &sysroot->lock.environment,
        .rootless = &sysroot->lock.rootless,
        .needs_exec = sysroot->lock.needs_exec && run->ranks > 0,
        .board = &run->target->board,
        .visible = &run->visible,
        .cwd = run->cwd,
        .runtime = run->app->paths.runtime,
        .log = &run->app->log,
    };
    if (sandbox_mode_from_environment(&options.mode, err) != 0) {
        return -1;
    }
    if (run->ranks > 0 && !is_sysroot_program(run, "mpirun")) {
        return err_set(err, ERR_NOT_FOUND, "the sysroot `%s` has no mpirun", sysroot->name);
    }
    if (sysroot->lock.ranks_max && run->ranks > sysroot->lock.ranks_max) {
        return err_set(err, ERR_FAILED,
                       "the MPI of sysroot `%s` cannot run more than %ld ranks on one board",
                       sysroot->name, sysroot->lock.ranks_max);
    }
    make_argv(run, &argv);
    bool mpi = run->ranks > 0;
    return sandbox_run(&options, mpi ? "/usr/bin/mpirun" : run->program, mpi || run->in_sysroot,
                       argv.items, status, err);
}

static int prepare(struct run *run, struct err *err)
{
    const struct input *in = &run->app->input;
    long unset = !in->args.n && run->app->has_project ? run->app->project.ranks : 0;

    if (input_number(in, "ranks", unset, 1, RANKS_MAX, &run->ranks, err) != 0) {
        return err_hint(err, "for four ranks: -n 4");
    }
    run->word = in->args.n ? in->args.items[0] : NULL;
    strv_add_all(&run->args, in->args.n ? in->args.items + 1 : NULL);
    strv_add_all(&run->args, in->rest.items);
    if (find_program(run, err) != 0 || check_machine(run, err) != 0) {
        return -1;
    }
    return choose_folders(run, err);
}

// A program that was killed cannot say so itself; mpirun does it for its ranks.
static void tell_signal(struct app *app, const struct target *target, int status)
{
    int sig = status - PROC_SIGNALED;
    if (sig <= 0 || sig >= NSIG || sig == SIGINT || sig == SIGTERM || sig == SIGPIPE) {
        return;
    }
    log_info(&app->log, "the program ended by signal %d (%s)", sig, strsignal(sig));
    if (sig == SIGILL) {
        log_info(&app->log,
                 "board `%s` has not the instruction that it used: is it built for another board?",
                 target->board.name);
    }
}

int cmd_run(struct app *app, struct err *err)
{
    struct target target;
    int status = 0;

    if (app->input.args.n == 0 && !app->has_project) {
        err_set(err, ERR_USAGE, "no program is given, and this is not a project");
        return err_hint(err, "pisdk run ./PROGRAM");
    }
    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    struct run run = {.app = app, .target = &target};
    int r = prepare(&run, err);
    if (r == 0) {
        r = emulate(&run, &status, err);
    }
    if (r == 0 && run.ranks == 0) {
        tell_signal(app, &target, status);
    }
    free(run.program);
    free(run.cwd);
    strv_release(&run.args);
    strv_release(&run.visible);
    target_release(&target);
    return r == 0 ? status : -1;
}
