// SPDX-License-Identifier: MIT
// `pisdk run`: a program, on one emulated board or wherever --on says.

#include "pisdk/project/deploy_view.h"
#include "pisdk/requests.h"

static int read_request(const struct app *app, struct strv *args, struct run_request *out,
                        struct err *err)
{
    const struct input *in = &app->input;

    if (in->args.n == 0 && !app->has_project) {
        err_set(err, ERR_USAGE, "no program given, and this is not a project");
        return err_hint(err, "pisdk run ./PROGRAM");
    }
    if (run_request_read(in, app->has_project ? app->project.ranks : 0, args, out, err) != 0 ||
        run_place_find(input_value(in, "on"), &out->place, &out->which, err) != 0) {
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
    deploy_view_begin(&view, app);
    view.quiet = true; // unless something is sent
    const struct deploy_watcher watcher = deploy_view_watcher(&view);
    request.watcher = &watcher;
    int r = run_program(&app->work, &request, &status, err);
    deploy_view_end(&view);
    return r == 0 ? status : -1;
}
