#include "pisdk/project/on_nodes.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/nodes/node_choice.h"
#include "pisdk/project/project_deploy.h"
#include "pisdk/project/remote_run.h"
#include "remote/fleet.h"

// --- The network that ranks talk over ------------------------------------------------------------

// A line of /proc/net/route: the numbers are in the board's byte order, as the desktop's.
struct network {
    char device[32];
    uint32_t to, mask;
};

static bool read_network(const char *text, struct network *out)
{
    unsigned to;
    unsigned mask;
    if (sscanf(text, "%31[^/]/%8x/%8x", out->device, &to, &mask) != 3 || mask == 0) {
        return false;
    }
    out->to = to;
    out->mask = mask;
    return true;
}

// The most specific network of the board that an address is in.
static bool find_network(const struct deploy_board *b, const char *address, struct network *out)
{
    struct in_addr a;
    bool found = false;
    for (size_t i = 0; i < b->networks.n && inet_pton(AF_INET, address, &a) == 1; i++) {
        struct network n;
        if (read_network(b->networks.items[i], &n) && (a.s_addr & n.mask) == n.to &&
            (!found || __builtin_popcount(n.mask) > __builtin_popcount(out->mask))) {
            *out = n;
            found = true;
        }
    }
    return found;
}

// Those by which the first board reaches the others, as mpirun takes them; NULL when one of these
// is behind a router, or none is known: then MPI is to find its own way.
static char *choose_networks(const struct deploy_board *first, const struct strv *addresses)
{
    _cleanup_strv_ struct strv found = {0};
    for (size_t i = 0; i < addresses->n; i++) {
        struct network n;
        char text[INET_ADDRSTRLEN];
        if (!find_network(first, addresses->items[i], &n)) {
            return NULL;
        }
        struct in_addr address = {.s_addr = n.to};
        inet_ntop(AF_INET, &address, text, sizeof(text));
        _cleanup_free_ char *network = xasprintf("%s/%d", text, __builtin_popcount(n.mask));
        if (!strv_has(&found, network)) {
            strv_add(&found, network);
        }
    }
    return found.n ? strv_join(&found, ",") : NULL;
}

// --- mpirun --------------------------------------------------------------------------------------

static long slots_of(const struct project_deploy *d, size_t node)
{
    long slots = d->nodes.items[node].slots;
    long cores = d->result.boards[node].cores;
    return slots > 0 ? slots : cores > 0 ? cores : 1;
}

static void format_hosts(const struct project_deploy *d, bool mpich, struct strbuf *out)
{
    for (size_t i = 0; i < d->nodes.n; i++) {
        strbuf_addf(out, mpich ? "%s:%ld\n" : "%s slots=%ld\n", d->nodes.items[i].peer,
                    slots_of(d, i));
    }
}

// Has the user said which networks, or which not?
static bool has_network(const struct strv *words, const char *layer)
{
    _cleanup_free_ char *name = xasprintf("%s_tcp_if_", layer);
    for (size_t i = 0; i < words->n; i++) {
        if (str_starts(words->items[i], name)) {
            return true;
        }
    }
    return false;
}

struct job_at_work {
    const struct project_deploy *d;
    const struct nodes_job *job;
};

static void add_networks(void *user, const struct strv *addresses, struct strv *words)
{
    static const char *const layers[] = {"btl", "oob"};
    const struct job_at_work *w = user;
    _cleanup_free_ char *networks = choose_networks(&w->d->result.boards[0], addresses);
    for (size_t i = 0; networks && i < ARRAY_SIZE(layers); i++) {
        if (!has_network(w->job->mpirun, layers[i])) {
            strv_add(words, "--mca");
            strv_addf(words, "%s_tcp_if_include", layers[i]);
            strv_add(words, networks);
        }
    }
    log_debug(&w->d->app->log, "ranks talk over %s", networks ? networks : "any network");
}

static void tell_stacks(void *user, struct board_stack *stacks, size_t n)
{
    const struct job_at_work *w = user;
    const struct debug_subject subject = target_debug_subject(w->d->app, w->job->target);
    board_stacks_tell(&subject, w->job->program, stacks, n);
}

// All that belongs to the run can be told by its environment, on every board.
static void add_open_mpi(const struct project_deploy *d, bool runtime, struct strv *words)
{
    strv_add_list(words, "-x", "PISDK_RUN", "--mca", "plm_rsh_args", "-oBatchMode=yes", "--mca",
                  "orte_launch_agent", NULL);
    if (runtime) { // from the home folder
        strv_addf(words,
                  "env PISDK_RUN={run} "
                  "${XDG_DATA_HOME:-.local/share}/pisdk/%s/releases/%s/runtime/bin/orted",
                  d->app->project.name, d->release.id);
    } else {
        strv_add(words, "env PISDK_RUN={run} orted");
    }
}

static void add_mpirun(const struct project_deploy *d, const struct nodes_job *job,
                       struct strv *words)
{
    bool mpich = str_eq(job->sysroot->lock.flavour, "mpich");
    bool runtime = payload_find(&d->release, "runtime/bin/mpirun") != NULL;
    _cleanup_free_ char *folder = project_deploy_folder(d);

    if (runtime) {
        strv_addf(words, "%s/runtime/bin/mpirun", folder);
    } else {
        strv_add(words, "mpirun");
    }
    strv_add_list(words, mpich ? "-f" : "--hostfile", "{dir}/hosts", "-n", NULL);
    strv_addf(words, "%ld", job->ranks);
    if (!mpich) {
        add_open_mpi(d, runtime, words);
    }
}

// The built program as seen from the folder that it runs in.
static char *find_on_board(const struct project_deploy *d, const struct nodes_job *job,
                           struct err *err)
{
    return job->command ? xstrdup(fs_base(job->program))
                        : project_deploy_find(d, job->program, err);
}

static int run(struct project_deploy *d, const struct nodes_job *job, int *status, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strbuf_ struct strbuf hosts = {0};
    _cleanup_free_ char *program = find_on_board(d, job, err);
    if (!program) {
        return -1;
    }
    if (job->ranks > 0) {
        add_mpirun(d, job, &words);
    }
    size_t own = words.n;
    strv_add_all(&words, job->ranks > 0 ? job->mpirun->items : NULL);
    if (job->ranks == 0 && job->variables->n > 0) {
        strv_add(&words, "env");
        strv_add_all(&words, job->variables->items);
    }
    strv_add(&words, program);
    strv_add_all(&words, job->args);
    bool mpich = str_eq(job->sysroot->lock.flavour, "mpich");
    struct job_at_work wanted = {d, job};
    format_hosts(d, mpich, &hosts);
    const struct remote_run r = {
        .app = d->app,
        .nodes = &d->nodes,
        .project = d->app->project.name,
        .words = &words,
        .own_words = own,
        .hosts = hosts.data,
        .timeout = job->timeout,
        .timed_out = job->timed_out,
        .program = fs_base(job->program),
        .alone = job->ranks == 0,
        .add_words = job->ranks > 0 && !mpich ? add_networks : NULL,
        .user = &wanted,
        .on_stacks = job->where && !job->command ? tell_stacks : NULL,
    };
    return remote_run(&r, status, err);
}

static int deploy_first(struct project_deploy *d, struct err *err)
{
    d->options.about = true;
    if (project_deploy_collect(d, err) != 0) {
        return -1;
    }
    int r = d->request->no_deploy ? deploy_list(&d->options, &d->result, err)
                                  : project_deploy_send(d, err);
    return project_deploy_tell(d, r, err);
}

int nodes_job_run(struct app *app, const struct nodes_job *job, int *status, struct err *err)
{
    struct project_deploy d;
    if (!app->has_project) {
        err_set(err, ERR_USAGE,
                "--on nodes runs the programs of a project, and this is not a project");
        return err_hint(err, "pisdk exec --on nodes --nodes pi1,pi2 -- COMMAND");
    }
    int r = project_deploy_begin(&d, app, NULL, job->deploy, err);
    if (r == 0) {
        d.view.quiet = true; // unless something is sent
        r = deploy_first(&d, err);
    }
    r = r == 0 ? run(&d, job, status, err) : r;
    project_deploy_end(&d);
    return r;
}

// --- A command on all boards ---------------------------------------------------------------------

// What came of it on a board.
struct executed {
    int status;                // -1: the connection failed, see `err`
    struct strbuf out, errors; // with --in-order: what it has said
    struct err err;
};

struct execution {
    struct app *app;
    const struct remotes *nodes;
    bool in_order;
    bool unread; // nobody reads our output any more
    struct executed *boards;
};

static void on_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    struct execution *e = user;
    FILE *to = stream == FLEET_OUT ? stdout : stderr;
    if (e->in_order) {
        strbuf_addf(stream == FLEET_OUT ? &e->boards[node].out : &e->boards[node].errors, "%s\n",
                    line);
    } else {
        fprintf(to, "%s: %s\n", e->nodes->items[node].name, line);
        e->unread = fflush(to) != 0 || e->unread;
    }
}

static void on_end(void *user, size_t node, int status, const struct err *why)
{
    struct execution *e = user;
    e->boards[node].status = status;
    e->boards[node].err = *why;
}

static void print_in_order(const struct execution *e)
{
    for (size_t i = 0; i < e->nodes->n && e->in_order; i++) {
        const struct executed *b = &e->boards[i];
        printf("--- %s\n%s", e->nodes->items[i].name, b->out.data ? b->out.data : "");
        fflush(stdout);
        fputs(b->errors.data ? b->errors.data : "", stderr);
    }
}

static int tell_failures(const struct execution *e, struct err *err)
{
    size_t failed = 0;
    for (size_t i = 0; i < e->nodes->n; i++) {
        const struct executed *b = &e->boards[i];
        const char *name = e->nodes->items[i].name;
        if (b->status < 0) {
            log_warning(&e->app->log, "%s: %s", name, b->err.msg);
            if (b->err.hint[0]) {
                log_info(&e->app->log, "hint: %s", b->err.hint);
            }
        } else if (b->status > 0) {
            log_warning(&e->app->log, "%s: ended with status %d", name, b->status);
        }
        failed += b->status != 0;
    }
    return failed == 0
               ? EXIT_OK
               : err_set(err, ERR_NODES, "it failed on %zu of %zu boards", failed, e->nodes->n);
}

static bool is_unread(void *user)
{
    const struct execution *e = user;
    return e->unread;
}

static int execute(struct execution *e, const struct strv *words, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    const struct fleet_handlers handlers = {
        .user = e, .on_line = on_line, .on_end = on_end, .log = &e->app->log};

    if (nodes_read_script(e->app, "exec.sh", &script, err) != 0) {
        return -1;
    }
    struct fleet *f = fleet_new(e->nodes, &handlers);
    int r = 0;
    for (size_t i = 0; i < e->nodes->n && r == 0; i++) {
        r = fleet_start(f, i, script.data, words, err);
    }
    r = r == 0 ? fleet_serve(f, is_unread, err) : r;
    fleet_free(f);
    if (e->unread) { // as a program does that writes to a closed pipe, `| head`
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    print_in_order(e);
    return r == 0 ? tell_failures(e, err) : -1;
}

int nodes_exec(struct app *app, const struct exec_request *request, const struct strv *words,
               struct err *err)
{
    struct remotes nodes;
    struct execution e = {.app = app, .nodes = &nodes, .in_order = request->in_order};
    sigset_t saved;

    proc_stop_hold(&saved);
    int r = nodes_choose(app, request->where, &request->nodes, &nodes, err);
    e.boards = xcalloc(nodes.n + 1, sizeof(*e.boards));
    r = r == 0 ? execute(&e, words, err) : r;
    for (size_t i = 0; i < nodes.n; i++) {
        strbuf_release(&e.boards[i].out);
        strbuf_release(&e.boards[i].errors);
    }
    free(e.boards);
    remotes_release(&nodes);
    proc_stop_restore(&saved);
    return r;
}
