// SPDX-License-Identifier: MIT
// Boards that ssh reaches: the project is deployed to them, unless it is asked not to, and the
// program of it runs with mpirun from the first board on, or just there.

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "run/boards.h"
#include "run/place.h"
#include "run/record.h"

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

// A run, and the deploy before it.
struct deployed {
    struct run *run;
    struct deploy_request request; // with the recorder, where there is one
    struct project_deploy deploy;
};

static void add_networks(void *user, const struct strv *addresses, struct strv *words)
{
    static const char *const layers[] = {"btl", "oob"};
    const struct deployed *d = user;
    _cleanup_free_ char *networks = choose_networks(&d->deploy.result.boards[0], addresses);
    for (size_t i = 0; networks && i < ARRAY_SIZE(layers); i++) {
        if (!has_network(&d->run->mpirun, layers[i])) {
            strv_add(words, "--mca");
            strv_addf(words, "%s_tcp_if_include", layers[i]);
            strv_add(words, networks);
        }
    }
    log_debug(d->run->w->log, "ranks talk over %s", networks ? networks : "any network");
}

static void tell_stacks(void *user, struct board_stack *stacks, size_t n)
{
    const struct run *run = ((const struct deployed *)user)->run;
    const struct debug_subject subject = target_debug_subject(run->w, &run->target);
    board_stacks_tell(&subject, run->program, stacks, n);
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
                  d->w->project->name, d->release.id);
    } else {
        strv_add(words, "env PISDK_RUN={run} orted");
    }
}

static void add_mpirun(const struct run *run, const struct project_deploy *d, struct strv *words)
{
    bool runtime = payload_find(&d->release, "runtime/bin/mpirun") != NULL;
    _cleanup_free_ char *folder = project_deploy_folder(d);

    if (runtime) {
        strv_addf(words, "%s/runtime/bin/mpirun", folder);
    } else {
        strv_add(words, "mpirun");
    }
    strv_add_list(words, run->mpich ? "-f" : "--hostfile", "{dir}/hosts", "-n", NULL);
    strv_addf(words, "%ld", run->request->ranks);
    if (!run->mpich) {
        add_open_mpi(d, runtime, words);
    }
}

static int start_deployed(struct deployed *d, int *status, struct err *err)
{
    struct run *run = d->run;
    const struct run_request *r = run->request;
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strv_ struct strv ssh = {0};
    _cleanup_strbuf_ struct strbuf hosts = {0};
    _cleanup_free_ char *program = run_find_deployed(run, &d->deploy, err);
    if (!program) {
        return -1;
    }
    if (r->ranks > 0) {
        add_mpirun(run, &d->deploy, &words);
    }
    size_t own = words.n;
    strv_add_all(&words, r->ranks > 0 ? run->mpirun.items : NULL);
    record_add_words(run, &d->deploy, &words);
    if (r->ranks == 0 && run->variables.n > 0) {
        strv_add(&words, "env");
        strv_add_all(&words, run->variables.items);
    }
    strv_add(&words, program);
    run_add_deployed_args(run, &words);
    if (r->kernel) {
        own = words.n;
        kernel_forward(r->kernel, &ssh);
    }
    format_hosts(&d->deploy, run->mpich, &hosts);
    const struct boards_run boards = {
        .w = run->w,
        .nodes = &d->deploy.nodes,
        .words = &words,
        .own_words = own,
        .hosts = hosts.data,
        .kernel = r->kernel ? r->kernel->text : NULL,
        .ssh = &ssh,
        .timeout = run->timeout,
        .timed_out = &run->outcome.timed_out,
        .program = fs_base(run->program),
        .alone = r->ranks == 0,
        .add_words = r->ranks > 0 && !run->mpich ? add_networks : NULL,
        .user = d,
        .on_stacks = r->ranks > 0 && r->backtrace && !run->in_sysroot ? tell_stacks : NULL,
    };
    return boards_run(&boards, status, err);
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

static int start(struct run *run, int *status, struct err *err)
{
    const struct run_request *request = run->request;
    struct deployed d = {.run = run, .request = request->deploy};
    d.request.recorder = run->recorder;
    if (run_refuse_launcher(run, err) != 0) {
        return -1;
    }
    if (!run->w->project) {
        err_set(err, ERR_USAGE,
                "--on nodes runs the programs of a project, and this is not a project");
        return err_hint(err, "pisdk exec --on nodes --nodes pi1,pi2 -- COMMAND");
    }
    int r = project_deploy_begin(&d.deploy, run->w, request->deploy.where, &d.request,
                                 request->watcher, err);
    r = r == 0 ? deploy_first(&d.deploy, err) : r;
    r = r == 0 ? start_deployed(&d, status, err) : r;
    r = r == 0 ? record_fetch(run, &d.deploy.nodes, err) : r;
    project_deploy_end(&d.deploy);
    return r;
}

const struct run_place run_nodes = {.name = "nodes", .start = start};
