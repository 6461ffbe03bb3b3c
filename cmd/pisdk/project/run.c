// SPDX-License-Identifier: MIT
// `pisdk run`: a program, on one emulated board or wherever --on says.

#include <string.h>

#include "base/fs.h"
#include "pisdk/project/deploy_view.h"
#include "pisdk/project/trace.h"
#include "pisdk/requests.h"

// --host and --hostfile, as mpirun has them: what --on nodes --nodes is.
static int read_hosts(const struct input *in, const char **on, struct run_request *out,
                      struct err *err)
{
    const char *host = input_value(in, "host");
    const char *file = input_value(in, "hostfile");
    const char *nodes = input_value(in, "nodes");

    out->slurm.host = NULL;
    if (!host && !file) {
        return 0;
    }
    if ((host && file) || nodes) {
        return err_set(err, ERR_USAGE, "--host, --hostfile and --nodes exclude each other");
    }
    if (*on && strcmp(*on, "nodes") != 0) {
        return err_set(err, ERR_USAGE, "%s means boards; --on %s does not",
                       host ? "--host" : "--hostfile", *on);
    }
    if (file && (!fs_exists(file) || fs_is_dir(file))) {
        return err_set(err, ERR_NOT_FOUND, "there is no hostfile %s", file);
    }
    *on = "nodes";
    out->deploy.nodes.nodes = host ? host : file;
    out->deploy.nodes.slots = host != NULL;
    return 0;
}

static int read_request(const struct app *app, struct strv *args, struct run_request *out,
                        struct err *err)
{
    const struct input *in = &app->input;
    const char *on = input_value(in, "on");

    if (in->args.n == 0 && !app->has_project) {
        err_set(err, ERR_USAGE, "no program given, and this is not a project");
        return err_hint(err, "pisdk run ./PROGRAM");
    }
    if (run_request_read(in, app->has_project ? app->project.ranks : 0, args, out, err) != 0 ||
        read_hosts(in, &on, out, err) != 0 ||
        run_place_find(on, &out->place, &out->which, err) != 0) {
        return -1;
    }
    out->mounts = input_values(in, "mount");
    out->keep_core = input_flag(in, "keep-core");
    out->backtrace = !input_flag(in, "no-backtrace");
    if (input_seconds(in, "timeout", &out->timeout, err) != 0) {
        return err_hint(err, "for example, half a minute: --timeout 30");
    }
    return input_size(in, "memory", RUN_MEMORY_OF_BOARD, &out->memory, err);
}

int cmd_run(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    struct run_request request;
    struct deploy_view view;
    int status = 0;

    if (read_request(app, &args, &request, err) != 0) {
        return -1;
    }
    const char *trace = input_value(&app->input, "trace");
    const char *program = request.program    ? fs_base(request.program)
                          : app->has_project ? app->project.program
                                             : "run";
    struct trace_place place = {0};
    if (trace) {
        trace_place_choose(trace, program, &place);
        request.trace = place.folder;
    }
    deploy_view_begin(&view, app);
    view.quiet = true; // unless something is sent
    const struct deploy_watcher watcher = deploy_view_watcher(&view);
    request.watcher = &watcher;
    int r = run_program(&app->work, &request, &status, err);
    deploy_view_end(&view);
    // However the run ended: the ranks have left what they recorded until then.
    if (trace && r == 0 && trace_finish(app, &place, err) != 0) {
        r = -1;
    }
    trace_place_release(&place);
    return r == 0 ? status : -1;
}
