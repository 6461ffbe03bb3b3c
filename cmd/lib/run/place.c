#include "run/place.h"

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

char *run_find_deployed(const struct run *run, const struct project_deploy *d, struct err *err)
{
    return run->in_sysroot ? xstrdup(fs_base(run->program))
                           : project_deploy_find(d, run->program, err);
}
