// SPDX-License-Identifier: MIT
// `pisdk shell`: a shell on one emulated board, with all that the boards of a cluster have.

#include <unistd.h>

#include "pisdk/app.h"
#include "workspace/cluster_choice.h"

int cmd_shell(struct app *app, struct err *err)
{
    const char *board = input_value(&app->input, "board");
    const struct strv *mounts = input_values(&app->input, "mount");
    _cleanup_free_ char *image =
        cluster_choose_image(&app->work, input_value(&app->input, "sysroot"), err);
    _cleanup_strv_ struct strv argv = {0};

    if (!image) {
        return -1;
    }
    strv_add_list(&argv, app->paths.program, "run", "--sysroot", image, NULL);
    if (board) {
        strv_add_list(&argv, "--board", board, NULL);
    }
    for (size_t i = 0; i < mounts->n; i++) {
        strv_add_list(&argv, "--mount", mounts->items[i], NULL);
    }
    strv_add(&argv, "bash");
    execv(app->paths.program, argv.items);
    return err_sys(err, "cannot run %s", app->paths.program);
}
