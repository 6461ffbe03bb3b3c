// SPDX-License-Identifier: MIT
#include "run/place.h"

#include <string.h>

#include "base/fs.h"

bool run_is_mpi(const struct run *run)
{
    return run->request->ranks > 0 || run->launcher;
}

bool run_traces_crashes(const struct run *run)
{
    return run->request->keep_core ||
           (run->request->backtrace && run->target.variant.sanitize.n == 0);
}

int run_refuse_launcher(const struct run *run, struct err *err)
{
    if (!run->launcher) {
        return 0;
    }
    err_set(err, ERR_USAGE, "on boards, pisdk runs mpirun itself");
    return err_hint(err, "pisdk run --on nodes -n 4 PROGRAM; --mpirun adds options to it");
}

// "main.py" of the project: what [deploy] names is at the same paths there.
static const char *script_below(const struct run *run)
{
    const char *root = run->w->project ? run->w->project->dir : NULL;
    return root && fs_is_below(run->script, root) ? run->script + strlen(root) + 1 : NULL;
}

void run_add_deployed_args(const struct run *run, struct strv *argv)
{
    for (size_t i = 0; i < run->args.n; i++) {
        bool script = run->script && strcmp(run->args.items[i], run->script) == 0;
        const char *below = script ? script_below(run) : NULL;
        strv_add(argv, below ? below : run->args.items[i]);
    }
}

char *run_find_deployed(const struct run *run, const struct project_deploy *d, struct err *err)
{
    const char *below = run->script ? script_below(run) : NULL;
    if (run->script && (!below || !payload_find(&d->release, below))) {
        err_set(err, ERR_NOT_FOUND, "%s is not deployed", run->script);
        err_hint(err, "name it in " PROJECT_FILE ": [deploy] and files = %s",
                 below ? below : "main.py");
        return NULL;
    }
    if (!run->in_sysroot) {
        return project_deploy_find(d, run->program, err);
    }
    // With the runtime, an interpreter is the release's.
    _cleanup_free_ char *own = xasprintf("runtime/bin/%s", fs_base(run->program));
    _cleanup_free_ char *folder = project_deploy_folder(d);
    return payload_find(&d->release, own) ? fs_join(folder, own) : xstrdup(fs_base(run->program));
}
