// SPDX-License-Identifier: MIT
// The commands of the program that users start which hand over to pisdk-sysroot, the same program
// with these commands in it. Loading the libraries that only they need (libcurl, libsolv,
// libarchive and what they bring) takes ten times as long as all else at start-up.

#include <unistd.h>

#include "pisdk/app.h"

static int hand_over(struct app *app, struct err *err)
{
    // It reads the same words, so it has to start where we did.
    if (app->start_dir >= 0 && fchdir(app->start_dir) != 0) {
        return err_sys(err, "cannot go back to the folder where pisdk was started");
    }
    _cleanup_free_ char *program = paths_find_part(&app->paths, "pisdk-sysroot", err);
    if (!program) {
        return -1;
    }
    execv(program, app->argv);
    return err_sys(err, "cannot run %s", program);
}

int cmd_cluster_image(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_add(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_build(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_export(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_gc(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_import(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_sbom(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_update(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_search(struct app *app, struct err *err)
{
    return hand_over(app, err);
}

int cmd_sysroot_verify(struct app *app, struct err *err)
{
    return hand_over(app, err);
}
