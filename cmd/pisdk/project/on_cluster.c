#include "pisdk/project/on_cluster.h"

#include <string.h>
#include <unistd.h>

#include "cluster/cluster.h"
#include "pisdk/cluster/cluster_choice.h"
#include "pisdk/project/visible.h"
#include "sandbox/sandbox.h"

#define CLUSTER_WORD "cluster"

int place_to_run_choose(const char *asked, struct place_to_run *out, struct err *err)
{
    const char *where = asked ? asked : getenv(ON_VARIABLE);

    *out = (struct place_to_run){0};
    if (!where || !*where || strcmp(where, "emulator") == 0) {
        return 0;
    }
    out->nodes = strcmp(where, "nodes") == 0;
    out->slurm = strcmp(where, "slurm") == 0;
    out->cluster = !out->nodes && !out->slurm;
    if (!out->cluster || strcmp(where, CLUSTER_WORD) == 0) {
        return 0;
    }
    if (str_starts(where, CLUSTER_WORD ":")) {
        out->name = where + strlen(CLUSTER_WORD ":");
        return 0;
    }
    err_set(err, ERR_USAGE, "cannot run on `%s`", where);
    return err_hint(err,
                    "--on emulator, --on cluster, --on cluster:NAME, --on nodes or --on slurm");
}

void place_to_run_add(const struct place_to_run *place, struct strv *env)
{
    if (place->cluster) {
        strv_addf(env, ON_VARIABLE "=" CLUSTER_WORD "%s%s", place->name ? ":" : "",
                  place->name ? place->name : "");
    }
}

static int check_shown(const struct cluster *c, const struct cluster_job *job, struct err *err)
{
    const char *paths[] = {job->cwd, job->program};
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
static size_t count_ranks(const struct cluster_job *job)
{
    for (const char *const *arg = job->args; arg && arg[0] && arg[1]; arg++) {
        if (strcmp(arg[0], "-n") == 0 || strcmp(arg[0], "-np") == 0) {
            return strtoul(arg[1], NULL, 10);
        }
    }
    return 0;
}

// What each MPI's mpirun calls the list of boards. Ranks go round them; boards that get none are
// left out, since each one costs a login.
static void add_boards(const struct cluster *c, const struct cluster_job *job,
                       const struct strv *boards, struct strv *argv)
{
    bool mpich = str_eq(job->sysroot->lock.flavour, "mpich");
    _cleanup_strbuf_ struct strbuf hosts = {0};

    for (size_t i = 0; i < boards->n; i++) {
        strbuf_addf(&hosts, "%s%s", i ? "," : "", boards->items[i]);
        if (!mpich) {
            strbuf_addf(&hosts, ":%ld", c->cores);
        }
    }
    if (mpich) {
        strv_add_list(argv, "-hosts", hosts.data, NULL);
    } else {
        strv_add_list(argv, "--host", hosts.data, "--map-by", "node", NULL);
    }
}

static void make_argv(const struct cluster *c, const struct cluster_job *job,
                      const struct strv *boards, struct strv *argv)
{
    if (job->ranks > 0) {
        strv_add(argv, "/usr/bin/mpirun");
        add_boards(c, job, boards, argv);
        strv_add(argv, "-n");
        strv_addf(argv, "%ld", job->ranks);
        if (!str_eq(job->sysroot->lock.flavour, "mpich")) { // which passes on all
            strv_add_list(argv, "-x", "PISDK_RUN", "-x", "CHARSET", "-x", "TZ", NULL);
        }
        strv_add_all(argv, job->words->items);
    }
    strv_add(argv, job->program);
    if (job->mpirun) {
        add_boards(c, job, boards, argv);
    }
    for (const char *const *arg = job->args; arg && *arg; arg++) {
        strv_add(argv, *arg);
    }
}

static int run(const struct cluster *c, struct log *log, const struct cluster_job *job, int *status,
               struct err *err)
{
    _cleanup_strv_ struct strv boards = {0};
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv env = {0};

    if (check_shown(c, job, err) != 0 || boards_that_are_up(c, log, &boards, err) != 0) {
        return -1;
    }
    if (boards.n == 0) {
        err_set(err, ERR_FAILED, "no board of cluster `%s` is on", c->name);
        return err_hint(err, "pisdk cluster start pi1");
    }
    size_t ranks = job->ranks > 0 ? (size_t)job->ranks : count_ranks(job);
    while (ranks > 0 && (job->ranks > 0 || job->mpirun) && boards.n > ranks) {
        free(boards.items[--boards.n]); // no rank would be there
        boards.items[boards.n] = NULL;
    }
    make_argv(c, job, &boards, &argv);
    sandbox_user_environment(job->exported, &env);
    strv_addf(&env, "PISDK_RUN=%s", job->run);
    strv_add(&env, "CHARSET=UTF-8"); // see sandbox/environment.c
    if (!strv_assigns(&env, "TZ=")) {
        strv_add(&env, "TZ=UTC0");
    }
    // Tests that need one board only do not all meet on the first one.
    size_t board = job->ranks > 0 || job->mpirun ? 0 : (size_t)getpid() % boards.n;
    const struct cluster_command command = {
        .board = boards.items[board],
        .dir = job->cwd,
        .argv = &argv,
        .env = &env,
        .timeout = job->timeout,
        .timed_out = job->timed_out,
        .run = job->run,
        .stacks = (job->ranks > 0 || job->mpirun) && job->core_max > 0,
        .core_max = job->core_max,
        .mpirun = (job->ranks > 0 || job->mpirun) &&
                  !str_eq(job->sysroot->lock.flavour, "mpich"), // see cmd_run.c
        .signal = job->signal,
        .others = job->ranks > 0 || job->mpirun ? &boards : NULL,
    };
    return cluster_run(c, &command, status, err);
}

int cluster_job_run(struct app *app, const struct place_to_run *place,
                    const struct cluster_job *job, int *status, struct err *err)
{
    struct cluster c;

    if (cluster_choose(app, place->name, &c, err) != 0) {
        return -1;
    }
    int r = run(&c, &app->log, job, status, err);
    cluster_release(&c);
    return r;
}
