#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/proc.h"
#include "debug/coverage.h"
#include "debug/crash.h"
#include "pisdk/project/mpirun_words.h"
#include "pisdk/project/on_cluster.h"
#include "pisdk/project/on_nodes.h"
#include "pisdk/project/on_slurm.h"
#include "pisdk/project/program_choice.h"
#include "pisdk/project/rank_output.h"
#include "pisdk/project/target_choice.h"
#include "pisdk/project/visible.h"
#include "sandbox/sandbox.h"
#include "target/elf.h"

enum { RANKS_MAX = PROJECT_RANKS_MAX, TIMED_OUT = 124, KB = 1 << 10, MB = 1 << 20 };

static const double LATER = 0.2;

// One run: what the user asked for, made into a program and its arguments.
struct run {
    struct app *app;
    struct target *target;
    struct deploy_request deploy;
    struct slurm_request slurm;
    const char *word; // the program as the user named it, or NULL
    struct strv args; // its arguments
    long ranks;       // 0: without mpirun
    char *program;    // absolute
    bool in_sysroot;
    char *cwd;
    struct strv visible;
    struct strv exported; // variables for it, by pisdk.ini and -x
    struct strv mpirun;   // further words for it
    bool mpi;             // mpirun of the sysroot starts it
    double timeout;       // seconds, or 0
    double later;         // than that: ctest comes first, which says "Timeout"
    uint64_t memory;      // bytes, or 0
    bool memory_given;    // by the user, not by the board
    bool backtrace;       // show where programs crashed
    bool keep_core;
    char *id; // marks the processes of this run
    double began;
    struct sandbox_news news;
    struct rank_output output;
};

// Shows a folder of the host to the program.
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

static int choose_folders(struct run *run, struct err *err)
{
    run->cwd = fs_real_path(".");
    if (!run->cwd) {
        return err_sys(err, "the current folder no longer exists");
    }
    if (run->app->has_project) {
        show(run, run->app->project.dir);
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
    return 0;
}

static bool is_mpich(const struct run *run)
{
    return str_eq(run->target->sysroot.lock.flavour, "mpich");
}

static void make_argv(const struct run *run, struct strv *argv)
{
    if (run->ranks > 0) {
        strv_add(argv, "mpirun");
        rank_output_words(&run->output, argv);
        strv_add(argv, "-n");
        strv_addf(argv, "%ld", run->ranks);
        strv_add_all(argv, run->mpirun.items);
        strv_add(argv, run->program);
    } else {
        strv_add(argv, run->word ? run->word : run->program);
        rank_output_words(&run->output, argv);
    }
    strv_add_all(argv, run->args.items);
}

// Sanitizers tell themselves where a program crashed, and have much memory that would be written.
static bool traces_crashes(const struct run *run)
{
    return run->keep_core || (run->backtrace && run->target->variant.sanitize.n == 0);
}

static int emulate(struct run *run, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    const struct sysroot *sysroot = &run->target->sysroot;
    _cleanup_strv_ struct strv environment = {0};
    const struct target *t = run->target;
    _cleanup_free_ char *build = t->variant.coverage && run->app->has_project
                                     ? project_build_dir(&run->app->project, t->board.name, t->type)
                                     : NULL;
    char *coverage = coverage_variable(build);
    if (coverage) {
        strv_take(&environment, coverage);
    }
    strv_add_all(&environment, sysroot->lock.environment.items);
    struct sandbox_options options = {
        .sysroot_dir = sysroot->dir,
        .triple = sysroot->lock.triple,
        .environment = &environment,
        .exported = &run->exported,
        .rootless = &sysroot->lock.rootless,
        .needs_exec = sysroot->lock.needs_exec && run->mpi,
        .board = &run->target->board,
        .visible = &run->visible,
        .cwd = run->cwd,
        .runtime = run->app->paths.runtime,
        .timeout = run->timeout + run->later,
        .memory = run->memory,
        .core_max = traces_crashes(run) ? CRASH_CORE_MAX : 0,
        .stacks = run->mpi && traces_crashes(run),
        .mpirun = run->mpi && !is_mpich(run), // Hydra would give its ranks the blocked signal
        .run = run->id,
        .news = &run->news,
        .log = &run->app->log,
    };
    if (sandbox_mode_from_environment(&options.mode, err) != 0) {
        return -1;
    }
    if (sysroot->lock.ranks_max && run->ranks > sysroot->lock.ranks_max) {
        return err_set(err, ERR_FAILED,
                       "the MPI of sysroot `%s` cannot run more than %ld ranks on one board",
                       sysroot->name, sysroot->lock.ranks_max);
    }
    if (run->mpi && program_in_sysroot(run->target, "orterun")) {
        rank_output_begin(&run->output);
    }
    make_argv(run, &argv);
    bool started = run->ranks > 0; // by us, with mpirun
    return sandbox_run(&options, started ? "/usr/bin/mpirun" : run->program,
                       started || run->in_sysroot, argv.items, status, err);
}

static bool is_launcher(const struct run *run)
{
    return run->in_sysroot && (strcmp(fs_base(run->program), "mpirun") == 0 ||
                               strcmp(fs_base(run->program), "mpiexec") == 0);
}

static void mark(struct run *run)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    run->began = (double)now.tv_sec;
    run->id = xasprintf("%d-%lld-%ld", (int)getpid(), (long long)now.tv_sec, now.tv_nsec);
}

// `pisdk test` has a time for every test, besides that of ctest.
static int read_limits(struct run *run, const struct input *in, struct err *err)
{
    const char *of_tests = getenv(RUN_TIMEOUT);

    if (input_seconds(in, "timeout", &run->timeout, err) != 0) {
        return err_hint(err, "for example, half a minute: --timeout 30");
    }
    if (run->timeout == 0 && of_tests) {
        run->timeout = strtod(of_tests, NULL);
        run->later = LATER;
    }
    run->memory_given = input_value(in, "memory") != NULL;
    return input_size(in, "memory", (uint64_t)run->target->board.memory_mb * MB, &run->memory, err);
}

static int read_options(struct run *run, const struct input *in, struct err *err)
{
    long unset = !in->args.n && run->app->has_project ? run->app->project.ranks : 0;

    if (input_number(in, "ranks", unset, 1, RANKS_MAX, &run->ranks, err) != 0) {
        return err_hint(err, "for example, four ranks: -n 4");
    }
    run->keep_core = input_flag(in, "keep-core");
    run->backtrace = !input_flag(in, "no-backtrace");
    run->slurm = slurm_request_read(in);
    run->word = in->args.n ? in->args.items[0] : NULL;
    strv_add_all(&run->args, in->args.n ? in->args.items + 1 : NULL);
    strv_add_all(&run->args, in->rest.items);
    run_variables(run->app, input_values(in, "export"), &run->exported);
    const struct mpirun_request words = mpirun_request_read(in);
    mpirun_words(&words, &run->exported, is_mpich(run), &run->mpirun);
    return read_limits(run, in, err);
}

static int run_on_cluster(struct run *run, const struct place_to_run *place, int *status,
                          struct err *err)
{
    const struct cluster_job job = {
        .sysroot = &run->target->sysroot,
        .program = run->program,
        .args = (const char *const *)run->args.items,
        .cwd = run->cwd,
        .exported = &run->exported,
        .words = &run->mpirun,
        .ranks = run->ranks,
        .mpirun = is_launcher(run),
        .timeout = run->timeout,
        .timed_out = &run->news.timed_out,
        .run = run->id,
        .core_max = traces_crashes(run) ? CRASH_CORE_MAX : 0,
        .signal = &run->news.signal,
    };
    return cluster_job_run(run->app, place, &job, status, err);
}

static int run_on_nodes(struct run *run, bool slurm, int *status, struct err *err)
{
    const struct nodes_job job = {
        .sysroot = &run->target->sysroot,
        .target = run->target,
        .deploy = &run->deploy,
        .slurm = &run->slurm,
        .where = run->ranks > 0 && run->backtrace,
        .program = run->program,
        .command = run->in_sysroot,
        .args = run->args.items,
        .variables = &run->exported,
        .mpirun = &run->mpirun,
        .ranks = run->ranks,
        .timeout = run->timeout,
        .timed_out = &run->news.timed_out,
    };
    if (is_launcher(run)) {
        err_set(err, ERR_USAGE, "on boards, pisdk runs mpirun itself");
        return err_hint(err, "pisdk run --on nodes -n 4 PROGRAM; --mpirun adds options to it");
    }
    return slurm ? slurm_run(run->app, &job, status, err)
                 : nodes_job_run(run->app, &job, status, err);
}

static int start(struct run *run, const struct place_to_run *place, int *status, struct err *err)
{
    if (place->nodes || place->slurm) {
        return run_on_nodes(run, place->slurm, status, err);
    }
    return place->cluster ? run_on_cluster(run, place, status, err) : emulate(run, status, err);
}

static int prepare(struct run *run, struct err *err)
{
    if (read_options(run, &run->app->input, err) != 0) {
        return -1;
    }
    if (run->ranks > 0 && !program_in_sysroot(run->target, "mpirun")) {
        return err_set(err, ERR_NOT_FOUND, "the sysroot `%s` has no mpirun",
                       run->target->sysroot.name);
    }
    if (program_find(run->app, run->target, run->word, &run->program, &run->in_sysroot, err) != 0) {
        return -1;
    }
    run->mpi = run->ranks > 0 || is_launcher(run);
    return choose_folders(run, err);
}

// A program that was killed cannot say so itself; mpirun does it for its ranks.
static void tell_signal(const struct run *run, int status)
{
    int sig = status - PROC_SIGNALED;
    if (run->mpi || sig <= 0 || sig >= NSIG || sig == SIGINT || sig == SIGTERM || sig == SIGPIPE) {
        return;
    }
    const struct debug_subject subject = target_debug_subject(run->app, run->target);
    crash_tell_signal(&subject, "the program", sig);
}

static void tell_memory(const struct run *run)
{
    const struct sandbox_news *n = &run->news;
    struct log *log = &run->app->log;
    _cleanup_free_ char *rank =
        n->victim_rank < 0 ? xstrdup("") : xasprintf("rank %d, ", n->victim_rank);

    log_warning(log, "the board ran out of memory: `%s` (%s%llu MB) was killed; %s has %llu MB",
                n->victim, rank, (unsigned long long)n->victim_bytes / MB,
                run->memory_given ? "with --memory it" : run->target->board.title,
                (unsigned long long)run->memory / MB);
    uint64_t enough = 1;
    while (enough * KB * MB < n->used_bytes + n->used_bytes / 4) {
        enough *= 2;
    }
    log_info(log, "hint: --memory %lluG", (unsigned long long)enough);
}

static void tell_lost(const struct run *run)
{
    const struct sandbox_news *n = &run->news;
    _cleanup_strbuf_ struct strbuf names = {0};
    if (n->lost == 0) {
        return;
    }
    for (unsigned i = 0; i < n->lost && i < SANDBOX_LOST_TOLD; i++) {
        strbuf_addf(&names, "%s%s", i > 0 ? ", " : "", n->lost_names[i]);
    }
    if (n->lost > SANDBOX_LOST_TOLD) {
        strbuf_addf(&names, " and %u more", n->lost - SANDBOX_LOST_TOLD);
    }
    log_warning(&run->app->log, "lost with the emulated board: %s", names.data);
    log_info(&run->app->log, "hint: files below %s are kept",
             run->visible.n ? run->visible.items[0] : run->cwd);
}

// MPI_Comm_spawn is said to have failed by Open MPI, but not why.
static void tell_spawn(const struct run *run, int status)
{
    struct elf_info info;
    struct err ignored = ERR_INIT;

    if (status == 0 || run->mpi || run->news.mode != SANDBOX_PREFIX || run->in_sysroot ||
        elf_read(run->program, &info, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < info.needed.n; i++) {
        if (str_starts(info.needed.items[i], "libmpi.so")) {
            log_info(&run->app->log,
                     "hint: in prefix mode, MPI_Comm_spawn works only with -n: try -n 1");
        }
    }
    elf_info_release(&info);
}

// What happened, in the order of what explains most. Returns the status for the user.
static int tell(struct run *run, int status)
{
    size_t crashed = 0;

    tell_lost(run);
    if (run->news.output_closed) {
        return PROC_SIGNALED + SIGPIPE;
    }
    if (traces_crashes(run)) {
        const struct crash_place place = {.folder = run->cwd,
                                          .run = run->id,
                                          .began = run->began,
                                          .keep = run->keep_core,
                                          .where =
                                              run->mpi && (run->news.timed_out || run->news.signal),
                                          .tell = status != 0 && run->backtrace};
        const struct debug_subject subject = target_debug_subject(run->app, run->target);
        crashed = crash_report(&subject, &place);
    }
    if (run->news.timed_out) {
        log_warning(&run->app->log, "timed out after %g s: the program was ended", run->timeout);
        return TIMED_OUT;
    }
    if (run->mpi && run->news.signal && status != 0) { // mpirun says 1 then
        return PROC_SIGNALED + run->news.signal;
    }
    if (run->news.out_of_memory) {
        tell_memory(run);
    } else if (crashed == 0) {
        tell_signal(run, status);
        tell_spawn(run, status);
    }
    return status;
}

int cmd_run(struct app *app, struct err *err)
{
    struct place_to_run place;
    struct target target;
    struct run run = {.app = app, .target = &target};
    int status = 0;

    if (app->input.args.n == 0 && !app->has_project) {
        err_set(err, ERR_USAGE, "no program given, and this is not a project");
        return err_hint(err, "pisdk run ./PROGRAM");
    }
    if (place_to_run_choose(input_value(&app->input, "on"), &place, err) != 0 ||
        deploy_request_read(&app->input, &run.deploy, err) != 0 ||
        target_choose(app, &run.deploy.target, &target, err) != 0) {
        return -1;
    }
    int r = prepare(&run, err);
    if (r == 0) {
        mark(&run);
        r = start(&run, &place, &status, err);
    }
    rank_output_end(&run.output, &app->log, r == 0 && status != 0);
    if (r == 0) {
        status = tell(&run, status);
    }
    free(run.id);
    free(run.program);
    free(run.cwd);
    strv_release(&run.args);
    strv_release(&run.visible);
    strv_release(&run.exported);
    strv_release(&run.mpirun);
    target_release(&target);
    return r == 0 ? status : -1;
}
