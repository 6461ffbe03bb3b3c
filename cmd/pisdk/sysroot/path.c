// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "workspace/target_choice.h"

static void print_path(struct app *app, const char *path)
{
    if (app->json) {
        _cleanup_strv_ struct strv pair = {0};
        strv_addf(&pair, "path=%s", path);
        ui_print_assignments(&pair);
    } else {
        puts(path);
    }
}

int cmd_sysroot_path(struct app *app, struct err *err)
{
    if (input_flag(&app->input, "toolchain")) {
        _cleanup_free_ char *file = fs_join(app->paths.share, "toolchain/pisdk.cmake");
        print_path(app, file);
        return EXIT_OK;
    }
    struct sysroot s;
    if (target_open_named(&app->work, app->input.args.n ? app->input.args.items[0] : NULL, &s,
                          err) != 0) {
        return -1;
    }
    print_path(app, s.root);
    sysroot_release(&s);
    return EXIT_OK;
}
