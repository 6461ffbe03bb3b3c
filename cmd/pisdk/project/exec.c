// SPDX-License-Identifier: MIT
// `pisdk exec`: any build command, in the environment of a cross build.

#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "run/everywhere.h"
#include "sandbox/sandbox.h"
#include "workspace/build_watch.h"
#include "workspace/target_choice.h"

// --emulate is the default where it works, and an error with it where it does not.
static int check_emulation(const struct build_watch *b, bool asked, struct err *err)
{
    if (!asked || b->emulates) {
        return 0;
    }
    *err = b->why_not;
    err_wrap(err, "programs for the board cannot run directly on this machine");
    return err->code == ERR_UNSUPPORTED
               ? err_hint(err, "leave out --emulate: CMake, Meson and whatever uses "
                               "$PISDK_EMULATOR can run them all the same")
               : -1;
}

// Asked for emulation, an interpreter that the board has is the board's. Not so its shell and
// tools, which start compilers here.
static void add_boards(const struct toolset *t, const struct strv *words, struct strv *out)
{
    const char *name = words->items[0];
    bool interpreter =
        str_starts(name, "python3") || strcmp(name, "Rscript") == 0 || strcmp(name, "R") == 0;
    _cleanup_free_ char *program = xasprintf("%s/usr/bin/%s", t->root, name);
    if (interpreter && fs_is_program(program)) {
        strv_add_list(out, t->pisdk, "run", "--sysroot", t->sysroot, "--board", t->board, name,
                      "--", NULL);
        strv_add_all(out, words->items + 1);
    } else {
        strv_add_all(out, words->items);
    }
}

static int execute(struct app *app, const struct toolset *tools, const struct strv *words,
                   int *status, struct err *err)
{
    const struct input *in = &app->input;
    _cleanup_strv_ struct strv argv = {0};
    struct build_watch watch;

    build_watch_begin(&watch, &app->work, tools, !input_flag(in, "no-emulate"));
    int r = check_emulation(&watch, input_flag(in, "emulate"), err);
    if (r == 0) {
        if (input_flag(in, "emulate")) {
            add_boards(tools, words, &argv);
        } else {
            strv_add_all(&argv, words->items);
        }
        r = build_watch_run(&watch, tools, &argv, status, err);
    }
    build_watch_end(&watch);
    return r;
}

int cmd_exec(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    struct target_request request;
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
        target_make_toolset(&app->work, &request, &tools, err) != 0) {
        return -1;
    }
    int r = 0;
    if (input_flag(&app->input, "emulate") && input_flag(&app->input, "no-emulate")) {
        r = err_set(err, ERR_USAGE, "--emulate and --no-emulate exclude each other");
    }
    r = r == 0 ? execute(app, &tools, &words, &status, err) : r;
    toolset_release(&tools);
    return r == 0 ? status : -1;
}
