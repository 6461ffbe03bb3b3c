// SPDX-License-Identifier: MIT
// Slurm, where it is installed: the project is deployed to where jobs find it, unless it is asked
// not to. `run` stays until the job is over, which ends with it; `submit` does not.

#include "run/slurm.h"

#include <string.h>

#include "base/proc.h"
#include "remote/slurm.h"
#include "run/record.h"
#include "run/slurm_watch.h"

static int copy_nodes(const struct remotes *from, struct remotes *out, struct err *err)
{
    for (size_t i = 0; i < from->n; i++) {
        if (remotes_copy(out, &from->items[i], err) != 0) {
            remotes_release(out);
            return -1;
        }
    }
    out->ssh_config = from->ssh_config ? xstrdup(from->ssh_config) : NULL;
    out->folder = from->folder ? xstrdup(from->folder) : NULL;
    return 0;
}

// Puts the release where the job will find it. The caller ends `d`, also when this fails.
static int stage(const struct run *run, const struct slurm_login *login,
                 const struct deploy_request *request, struct project_deploy *d, struct err *err)
{
    const struct workspace *w = run->w;
    const struct run_request *r = run->request;
    struct remotes to = {0};
    if (copy_nodes(w->project->slurm_local ? &login->nodes : &login->node, &to, err) != 0) {
        *d = (struct project_deploy){.w = w, .request = request};
        proc_stop_hold(&d->saved);
        return -1;
    }
    if (project_deploy_begin_at(d, w, &to, request, r->watcher, err) != 0 ||
        project_deploy_collect(d, err) != 0) {
        return -1;
    }
    return r->deploy.no_deploy ? 0 : project_deploy_tell(d, project_deploy_send(d, err), err);
}

// With a runtime in the release, its mpirun, which is told where the rest of it is on other boards:
// at the same path.
static void add_mpirun(const struct run *run, const struct project_deploy *d, struct strbuf *out)
{
    _cleanup_free_ char *folder = project_deploy_folder(d);
    if (!payload_find(&d->release, "runtime/bin/mpirun")) {
        strbuf_adds(out, " mpirun");
    } else if (run->mpich) { // not by srun, which would be started as ssh is
        strbuf_addf(out, " %s/runtime/bin/mpirun -launcher ssh", folder);
    } else {
        strbuf_addf(out,
                    " %s/runtime/bin/mpirun --mca orte_launch_agent \"$PWD/%s/runtime/bin/orted\"",
                    folder, folder);
    }
    strbuf_addf(out, " -n %ld", run->request->ranks);
    strbuf_add_quoted(out, run->mpirun.items);
    _cleanup_strv_ struct strv recorder = {0};
    record_add_words(run, d, &recorder);
    strbuf_add_quoted(out, recorder.items);
}

static void make_script(const struct run *run, const struct project_deploy *d, const char *program,
                        struct strbuf *out)
{
    _cleanup_free_ char *quoted = str_quoted(program);
    strbuf_adds(out, "#!/bin/sh\ncd \"$SLURM_SUBMIT_DIR\"");
    if (!run->in_sysroot) {
        strbuf_addf(out, " && [ -e %s ]", quoted);
    }
    strbuf_adds(out, " || { echo \"the project is not deployed to $(hostname)\" >&2; exit 126; }\n"
                     "exec");
    if (run->request->ranks > 0) {
        add_mpirun(run, d, out);
    } else if (run->variables.n > 0) {
        strbuf_adds(out, " env");
        strbuf_add_quoted(out, run->variables.items);
    }
    strbuf_addf(out, " %s", quoted);
    _cleanup_strv_ struct strv args = {0};
    run_add_deployed_args(run, &args);
    strbuf_add_quoted(out, args.items);
    strbuf_adds(out, "\n");
}

static void add_option(struct strv *args, const char *name, const char *given, const char *known)
{
    if (given || known) {
        strv_addf(args, "--%s=%s", name, given ? given : known);
    }
}

static void add_options(const struct run *run, struct strv *args)
{
    const struct project *p = run->w->project;
    const struct slurm_request *slurm = &run->request->slurm;

    strv_addf(args, "--job-name=%s", p->name);
    strv_addf(args, "--ntasks=%ld", run->request->ranks > 0 ? run->request->ranks : 1);
    add_option(args, "partition", slurm->partition, p->slurm_partition);
    add_option(args, "time", slurm->time, p->slurm_time);
    strv_add_all(args, p->slurm_options.items);
    for (size_t i = 0; i < slurm->sbatch->n; i++) {
        strv_add_words(args, slurm->sbatch->items[i]);
    }
}

// The arguments of slurm.sh.
static int prepare(const struct run *run, const struct slurm_login *login, const char *verb,
                   struct strv *args, struct err *err)
{
    struct project_deploy d;
    struct deploy_request request = run->request->deploy;
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_free_ char *program = NULL;
    request.recorder = run->recorder;
    if (stage(run, login, &request, &d, err) == 0) {
        program = run_find_deployed(run, &d, err);
    }
    if (program) {
        make_script(run, &d, program, &script);
    }
    project_deploy_end(&d);
    if (!program) {
        return -1;
    }
    strv_add_list(args, verb, run->w->project->name, script.data, NULL);
    if (strcmp(verb, "run") == 0) { // what it printed cannot be taken back
        strv_add(args, "--no-requeue");
    }
    add_options(run, args);
    return 0;
}

int slurm_submit(const struct run *run, const struct slurm_login *login, long *id, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    _cleanup_strv_ struct strv lines = {0};
    if (prepare(run, login, "submit", &args, err) != 0 ||
        slurm_ask(run->w, login, &args, &lines, err) != 0) {
        return -1;
    }
    const char *line = lines.n ? lines.items[0] : "";
    return slurm_read_answer(str_starts(line, "id ") ? line + strlen("id ") : line, id, err);
}

static int start_at(struct run *run, const struct slurm_login *login, int *status, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    if (prepare(run, login, "run", &args, err) != 0) {
        return -1;
    }
    const struct slurm_watch w = {
        .w = run->w,
        .login = login,
        .args = &args,
        .owned = true,
        .timeout = run->timeout,
        .timed_out = &run->outcome.timed_out,
    };
    bool local = run->w->project->slurm_local;
    return slurm_watch(&w, status, err) == 0
               ? record_fetch(run, local ? &login->nodes : &login->node, err)
               : -1;
}

static int start(struct run *run, int *status, struct err *err)
{
    struct slurm_login login;
    if (run_refuse_launcher(run, err) != 0) {
        return -1;
    }
    int r = slurm_login_choose(run->w, &run->request->slurm, &login, err);
    r = r == 0 ? start_at(run, &login, status, err) : r;
    slurm_login_release(&login);
    return r;
}

const struct run_place run_slurm = {.name = "slurm", .start = start};
