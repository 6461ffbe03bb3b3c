// `pisdk exec`: any build command, in the environment of a cross build.

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "run/everywhere.h"
#include "sandbox/sandbox.h"
#include "target/toolset_make.h"
#include "workspace/target_choice.h"

// Programs of the board that the command starts run under emulation, each as by `pisdk run`.
static int emulate_programs(const struct toolset *tools, struct err *err)
{
    _cleanup_free_ char *interpreter = fs_join(tools->dir, "lib/emulate");
    if (sandbox_make_transparent(interpreter, err) == 0) {
        return 0;
    }
    err_wrap(err, "programs for the board cannot run directly on this machine");
    return err->code == ERR_UNSUPPORTED
               ? err_hint(err, "leave out --emulate: CMake, Meson and whatever uses "
                               "$PISDK_EMULATOR can run them all the same")
               : -1;
}

int cmd_exec(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strv_ struct strv env = {0};
    struct target_request request;
    struct target target;
    struct toolset tools;
    int status = 0;

    sandbox_mark_environment();
    strv_add_all(&words, app->input.args.items);
    strv_add_all(&words, app->input.rest.items);
    if (words.n == 0) {
        err_set(err, ERR_USAGE, "`pisdk exec` needs a command");
        return err_hint(err, "pisdk exec -- make");
    }
    if (input_value(&app->input, "on")) {
        const struct everywhere_request on_boards = {
            .where = input_value(&app->input, "on"),
            .nodes = nodes_request_read(&app->input),
            .in_order = input_flag(&app->input, "in-order"),
        };
        return run_everywhere(&app->work, &on_boards, &words, err) == 0 ? EXIT_OK : -1;
    }
    if (target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    int r = target_make_toolset(&app->work, &target, &tools, err);
    target_release(&target);
    if (r != 0) {
        return -1;
    }
    toolset_whole_environment(&tools, &env);
    if (input_flag(&app->input, "emulate")) {
        r = emulate_programs(&tools, err);
    }
    if (r == 0) {
        const struct proc_context place = {.env = &env};
        r = proc_run_at(words.items, &place, &status, err);
    }
    toolset_release(&tools);
    return r == 0 ? status : -1;
}
