// SPDX-License-Identifier: MIT
// An emulated cluster: with mpirun, ranks go round the boards that are up; without, the program
// runs on one of them. Paths are the same there as here.

#include "cluster/cluster.h"

#include <string.h>
#include <unistd.h>

#include "debug/crash.h"
#include "run/place.h"
#include "sandbox/visible.h"
#include "workspace/cluster_choice.h"

static int check_shown(const struct cluster *c, const struct run *run, struct err *err)
{
    const char *paths[] = {run->cwd, run->program};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        if (!visible_has(&c->shown, paths[i]) && !str_starts(paths[i], "/usr/bin/")) {
            err_set(err, ERR_FAILED, "the boards of cluster `%s` do not see %s", c->name, paths[i]);
            return err_hint(
                err,
                "they see the project where `pisdk cluster up` was run, and its --show folders");
        }
    }
    return 0;
}

static int boards_that_are_up(const struct cluster *c, struct log *log, struct strv *names,
                              struct err *err)
{
    struct cluster_status status;
    if (cluster_get_status(c, &status, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < status.n; i++) {
        const struct cluster_board *b = &status.boards[i];
        if (strstr(b->state, "cut")) {
            log_warning(log, "%s is cut off, so nothing runs there: pisdk cluster heal %s", b->name,
                        b->name);
        } else if (strcmp(b->state, "off") != 0) {
            strv_add(names, b->name);
        }
    }
    cluster_status_release(&status);
    return 0;
}

// How many ranks there will be; 0: mpirun is to decide.
static size_t count_ranks(const struct run *run)
{
    const struct strv *args = &run->args;
    if (run->request->ranks > 0) {
        return (size_t)run->request->ranks;
    }
    for (size_t i = 0; run->launcher && i + 1 < args->n; i++) {
        if (strcmp(args->items[i], "-n") == 0 || strcmp(args->items[i], "-np") == 0) {
            return strtoul(args->items[i + 1], NULL, 10);
        }
    }
    return 0;
}

// What each MPI's mpirun calls the list of boards. Ranks go round them; boards that get none are
// left out, since each one costs a login.
static void add_boards(const struct cluster *c, const struct run *run, const struct strv *boards,
                       struct strv *argv)
{
    _cleanup_strbuf_ struct strbuf hosts = {0};

    for (size_t i = 0; i < boards->n; i++) {
        strbuf_addf(&hosts, "%s%s", i ? "," : "", boards->items[i]);
        if (!run->mpich) {
            strbuf_addf(&hosts, ":%ld", c->cores);
        }
    }
    if (run->mpich) {
        strv_add_list(argv, "-hosts", hosts.data, NULL);
    } else {
        strv_add_list(argv, "--host", hosts.data, "--map-by", "node", NULL);
    }
}

static void make_argv(const struct cluster *c, const struct run *run, const struct strv *boards,
                      struct strv *argv)
{
    if (run->request->ranks > 0) {
        strv_add(argv, "/usr/bin/mpirun");
        add_boards(c, run, boards, argv);
        strv_add(argv, "-n");
        strv_addf(argv, "%ld", run->request->ranks);
        if (!run->mpich) { // which passes on all
            strv_add_list(argv, "-x", "PISDK_RUN", "-x", "CHARSET", "-x", "TZ", NULL);
        }
        strv_add_all(argv, run->mpirun.items);
    }
    strv_add(argv, run->program);
    if (run->launcher) {
        add_boards(c, run, boards, argv);
    }
    strv_add_all(argv, run->args.items);
}

// The boards that take part: those that are up, and no more than there are ranks.
static int choose_boards(const struct cluster *c, const struct run *run, struct strv *boards,
                         struct err *err)
{
    if (boards_that_are_up(c, run->w->log, boards, err) != 0) {
        return -1;
    }
    if (boards->n == 0) {
        err_set(err, ERR_FAILED, "no board of cluster `%s` is on", c->name);
        err_hint(err, "pisdk cluster start pi1");
        return -1;
    }
    size_t ranks = count_ranks(run);
    while (ranks > 0 && boards->n > ranks) {
        free(boards->items[--boards->n]);
        boards->items[boards->n] = NULL;
    }
    return 0;
}

static void make_environment(const struct run *run, struct strv *env)
{
    sandbox_user_environment(&run->variables, env);
    strv_addf(env, "PISDK_RUN=%s", run->id);
    strv_add(env, "CHARSET=UTF-8"); // see sandbox/environment.c
    if (!strv_assigns(env, "TZ=")) {
        strv_add(env, "TZ=UTC0");
    }
}

static int start_on(const struct cluster *c, struct run *run, int *status, struct err *err)
{
    _cleanup_strv_ struct strv boards = {0};
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv env = {0};
    bool mpi = run_is_mpi(run);

    if (check_shown(c, run, err) != 0 || choose_boards(c, run, &boards, err) != 0) {
        return -1;
    }
    make_argv(c, run, &boards, &argv);
    make_environment(run, &env);
    // Tests that need one board only do not all meet on the first one.
    size_t board = mpi || boards.n < 2 ? 0 : (size_t)getpid() % boards.n;
    const struct cluster_command command = {
        .board = boards.items[board],
        .dir = run->cwd,
        .argv = &argv,
        .env = &env,
        .timeout = run->timeout,
        .timed_out = &run->outcome.timed_out,
        .run = run->id,
        .stacks = mpi && run_traces_crashes(run),
        .core_max = run_traces_crashes(run) ? CRASH_CORE_MAX : 0,
        .mpirun = mpi && !run->mpich, // see emulator.c
        .signal = &run->outcome.signal,
        .others = mpi ? &boards : NULL,
    };
    return cluster_run(c, &command, status, err);
}

static int start(struct run *run, int *status, struct err *err)
{
    struct cluster c;

    if (cluster_choose(run->w, run->request->which, &c, err) != 0) {
        return -1;
    }
    int r = start_on(&c, run, status, err);
    cluster_release(&c);
    return r;
}

const struct run_place run_cluster = {
    .name = "cluster", .has_many = true, .sees_project = true, .for_tests = true, .start = start};
