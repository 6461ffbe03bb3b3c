#include "pisdk/project/on_slurm.h"

#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/nodes/node_choice.h"
#include "pisdk/project/project_deploy.h"
#include "pisdk/project/slurm_watch.h"
#include "remote/slurm.h"

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
static int stage(struct app *app, const struct slurm_place *place,
                 const struct deploy_request *request, struct project_deploy *d, struct err *err)
{
    struct remotes to = {0};
    if (copy_nodes(app->project.slurm_local ? &place->nodes : &place->login, &to, err) != 0) {
        *d = (struct project_deploy){.app = app, .request = request};
        proc_stop_hold(&d->saved);
        return -1;
    }
    if (project_deploy_begin_at(d, app, &to, request, err) != 0) {
        return -1;
    }
    d->view.quiet = true; // unless something is sent
    if (project_deploy_collect(d, err) != 0) {
        return -1;
    }
    return request->no_deploy ? 0 : project_deploy_tell(d, project_deploy_send(d, err), err);
}

// With a runtime in the release, its mpirun, which is told where the rest of it is on other boards:
// at the same path.
static void add_mpirun(const struct project_deploy *d, const struct nodes_job *job,
                       struct strbuf *out)
{
    _cleanup_free_ char *folder = project_deploy_folder(d);
    bool mpich = str_eq(job->sysroot->lock.flavour, "mpich");
    if (!payload_find(&d->release, "runtime/bin/mpirun")) {
        strbuf_adds(out, " mpirun");
    } else if (mpich) { // not by srun, which would be started as ssh is
        strbuf_addf(out, " %s/runtime/bin/mpirun -launcher ssh", folder);
    } else {
        strbuf_addf(out,
                    " %s/runtime/bin/mpirun --mca orte_launch_agent \"$PWD/%s/runtime/bin/orted\"",
                    folder, folder);
    }
    strbuf_addf(out, " -n %ld", job->ranks);
    strbuf_add_quoted(out, job->mpirun->items);
}

static void make_script(const struct project_deploy *d, const struct nodes_job *job,
                        const char *program, struct strbuf *out)
{
    _cleanup_free_ char *quoted = str_quoted(program);
    strbuf_adds(out, "#!/bin/sh\ncd \"$SLURM_SUBMIT_DIR\"");
    if (!job->command) {
        strbuf_addf(out, " && [ -e %s ]", quoted);
    }
    strbuf_adds(out, " || { echo \"the project is not deployed to $(hostname)\" >&2; exit 126; }\n"
                     "exec");
    if (job->ranks > 0) {
        add_mpirun(d, job, out);
    } else if (job->variables->n > 0) {
        strbuf_adds(out, " env");
        strbuf_add_quoted(out, job->variables->items);
    }
    strbuf_addf(out, " %s", quoted);
    strbuf_add_quoted(out, job->args);
    strbuf_adds(out, "\n");
}

static void add_option(struct strv *args, const char *name, const char *given, const char *known)
{
    if (given || known) {
        strv_addf(args, "--%s=%s", name, given ? given : known);
    }
}

static void add_options(struct app *app, const struct nodes_job *job, struct strv *args)
{
    const struct project *p = &app->project;
    const struct strv *words = job->slurm->sbatch;

    strv_addf(args, "--job-name=%s", p->name);
    strv_addf(args, "--ntasks=%ld", job->ranks > 0 ? job->ranks : 1);
    add_option(args, "partition", job->slurm->partition, p->slurm_partition);
    add_option(args, "time", job->slurm->time, p->slurm_time);
    strv_add_all(args, p->slurm_options.items);
    for (size_t i = 0; i < words->n; i++) {
        strv_add_words(args, words->items[i]);
    }
}

// The arguments of slurm.sh.
static int prepare(struct app *app, const struct slurm_place *place, const struct nodes_job *job,
                   const char *verb, struct strv *args, struct err *err)
{
    struct project_deploy d;
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_free_ char *program = NULL;
    if (stage(app, place, job->deploy, &d, err) == 0) {
        program = job->command ? xstrdup(fs_base(job->program))
                               : project_deploy_find(&d, job->program, err);
    }
    if (program) {
        make_script(&d, job, program, &script);
    }
    project_deploy_end(&d);
    if (!program) {
        return -1;
    }
    strv_add_list(args, verb, app->project.name, script.data, NULL);
    if (strcmp(verb, "run") == 0) { // what it printed cannot be taken back
        strv_add(args, "--no-requeue");
    }
    add_options(app, job, args);
    return 0;
}

int slurm_submit(struct app *app, const struct slurm_place *place, const struct nodes_job *job,
                 long *id, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    _cleanup_strv_ struct strv lines = {0};
    if (prepare(app, place, job, "submit", &args, err) != 0 ||
        slurm_ask(app, place, &args, &lines, err) != 0) {
        return -1;
    }
    const char *line = lines.n ? lines.items[0] : "";
    return slurm_read_answer(str_starts(line, "id ") ? line + strlen("id ") : line, id, err);
}

static int run(struct app *app, const struct slurm_place *place, const struct nodes_job *job,
               int *status, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    if (prepare(app, place, job, "run", &args, err) != 0) {
        return -1;
    }
    const struct slurm_watch w = {
        .app = app,
        .place = place,
        .args = &args,
        .owned = true,
        .timeout = job->timeout,
        .timed_out = job->timed_out,
    };
    return slurm_watch(&w, status, err);
}

int slurm_run(struct app *app, const struct nodes_job *job, int *status, struct err *err)
{
    struct slurm_place place;
    int r = slurm_place_choose(app, job->slurm, &place, err);
    r = r == 0 ? run(app, &place, job, status, err) : r;
    slurm_place_release(&place);
    return r;
}
