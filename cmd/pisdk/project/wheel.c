// SPDX-License-Identifier: MIT
// `pisdk wheel`: a Python package as pip on a board installs it.

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "sandbox/sandbox.h"
#include "target/python.h"
#include "workspace/build_watch.h"
#include "workspace/target_choice.h"

static int build(struct app *app, const struct toolset *tools, int *status, struct err *err)
{
    const struct input *in = &app->input;
    const char *source = in->args.n ? in->args.items[0] : app->has_project ? app->project.dir : ".";
    const char *output = input_value(in, "output");
    _cleanup_strv_ struct strv argv = {0};
    struct build_watch watch;

    if (!fs_exists(source)) {
        return err_set(err, ERR_NOT_FOUND, "there is no %s", source);
    }
    if (python_builder(tools, &argv, err) != 0) {
        return -1;
    }
    strv_add_list(&argv, "wheel", output ? output : "dist", source, NULL);
    strv_add_all(&argv, in->rest.items);
    build_watch_begin(&watch, &app->work, tools, true);
    int r = build_watch_run(&watch, tools, &argv, status, err);
    build_watch_end(&watch);
    return r;
}

int cmd_wheel(struct app *app, struct err *err)
{
    struct target_request request;
    struct toolset tools;
    int status = 0;

    sandbox_mark_environment();
    if (target_request_read(&app->input, &request, err) != 0 ||
        target_make_toolset(&app->work, &request, &tools, err) != 0) {
        return -1;
    }
    int r = build(app, &tools, &status, err);
    toolset_release(&tools);
    return r == 0 ? status : -1;
}
