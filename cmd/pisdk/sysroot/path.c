// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "pisdk/app.h"
#include "workspace/target_choice.h"

int cmd_sysroot_path(struct app *app, struct err *err)
{
    if (input_flag(&app->input, "toolchain")) {
        printf("%s/toolchain/pisdk.cmake\n", app->paths.share);
        return EXIT_OK;
    }
    struct sysroot s;
    if (target_open_named(&app->work, app->input.args.n ? app->input.args.items[0] : NULL, &s,
                          err) != 0) {
        return -1;
    }
    puts(s.root);
    sysroot_release(&s);
    return EXIT_OK;
}
