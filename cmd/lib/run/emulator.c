// SPDX-License-Identifier: MIT
// One emulated board.

#include "debug/coverage.h"
#include "debug/crash.h"
#include "run/place.h"
#include "run/rank_output.h"
#include "workspace/program_choice.h"

static void make_argv(const struct run *run, const struct rank_output *output, struct strv *argv)
{
    const struct run_request *r = run->request;
    if (r->ranks > 0) {
        strv_add(argv, "mpirun");
        rank_output_words(output, argv);
        strv_add(argv, "-n");
        strv_addf(argv, "%ld", r->ranks);
        strv_add_all(argv, run->mpirun.items);
        strv_add(argv, run->program);
    } else {
        strv_add(argv, r->program && !run->script ? r->program : run->program);
        rank_output_words(output, argv);
    }
    strv_add_all(argv, run->args.items);
}

static void add_coverage(const struct run *run, struct strv *environment)
{
    const struct target *t = &run->target;
    const struct project *p = run->w->project;
    _cleanup_free_ char *build =
        t->variant.coverage && p ? project_build_dir(p, t->board.name, t->type) : NULL;
    char *coverage = coverage_variable(build);
    if (coverage) {
        strv_take(environment, coverage);
    }
}

static int emulate(struct run *run, const struct rank_output *output, int *status, struct err *err)
{
    const struct sysroot *sysroot = &run->target.sysroot;
    const struct lock *lock = &sysroot->lock;
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv environment = {0};
    bool mpi = run_is_mpi(run);
    bool started = run->request->ranks > 0; // by us, with mpirun

    add_coverage(run, &environment);
    strv_add_all(&environment, lock->environment.items);
    struct sandbox_options options = {
        .sysroot_dir = sysroot->dir,
        .triple = lock->triple,
        .environment = &environment,
        .exported = &run->variables,
        .rootless = &lock->rootless,
        .pure = workspace_is_pure(run->w),
        .needs_exec = lock->needs_exec && mpi,
        .board = &run->target.board,
        .visible = &run->visible,
        .mounts = &run->mounts,
        .cwd = run->cwd,
        .runtime = run->w->paths->runtime,
        .timeout = run->timeout + run->later,
        .memory = run->memory,
        .core_max = run_traces_crashes(run) ? CRASH_CORE_MAX : 0,
        .stacks = mpi && run_traces_crashes(run),
        .mpirun = mpi && !run->mpich, // Hydra would give its ranks the blocked signal
        .run = run->id,
        .outcome = &run->outcome,
        .log = run->w->log,
    };
    if (sandbox_mode_from_environment(&options.mode, err) != 0) {
        return -1;
    }
    make_argv(run, output, &argv);
    return sandbox_run(&options, started ? "/usr/bin/mpirun" : run->program,
                       started || run->in_sysroot, argv.items, status, err);
}

enum { RANKS_A_BOARD = 16 }; // four to a core: as many as are still quick to emulate

static int start(struct run *run, int *status, struct err *err)
{
    const struct sysroot *sysroot = &run->target.sysroot;
    struct rank_output output = {0};

    if (sysroot->lock.ranks_max && run->request->ranks > sysroot->lock.ranks_max) {
        long boards = (run->request->ranks + RANKS_A_BOARD - 1) / RANKS_A_BOARD;
        err_set(err, ERR_FAILED,
                "the MPI of sysroot `%s` cannot run more than %ld ranks on one board",
                sysroot->name, sysroot->lock.ranks_max);
        return err_hint(err, "on several: pisdk cluster up -n %ld && pisdk run --on cluster -n %ld",
                        boards, run->request->ranks);
    }
    if (run_is_mpi(run) && program_in_sysroot(&run->target, "orterun")) {
        rank_output_begin(&output);
    }
    int r = emulate(run, &output, status, err);
    rank_output_end(&output, run->w->log, r == 0 && *status != 0);
    return r;
}

const struct run_place run_emulator = {
    .name = "emulator", .mounts = true, .sees_project = true, .for_tests = true, .start = start};
