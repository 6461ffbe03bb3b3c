// SPDX-License-Identifier: MIT
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/app.h"
#include "sysroot/export.h"
#include "workspace/target_choice.h"

static int export(struct app *app, struct err *err)
{
    const char *file = app->input.args.items[0];
    const char *name = app->input.args.n > 1 ? app->input.args.items[1] : NULL;
    struct sysroot s;
    struct stat st;
    char size[32];

    if (!str_ends(file, EXPORT_SUFFIX)) {
        err_set(err, ERR_USAGE, "`%s` must end in " EXPORT_SUFFIX, file);
        return err_hint(err, "pisdk sysroot export %s" EXPORT_SUFFIX, file);
    }
    int r = name               ? target_open_sysroot(&app->work, name, &s, err)
            : app->has_project ? target_open_project_sysroot(&app->work, &s, err)
                               : target_open_sysroot(&app->work, PROJECT_DEFAULT_SYSROOT, &s, err);
    if (r != 0) {
        return -1;
    }
    r = sysroot_export(&s, app->paths.share, file, &app->log, err);
    ui_clear_bar(&app->ui);
    if (r == 0 && stat(file, &st) == 0) {
        log_info(&app->log, "wrote %s: %s of sysroot %s", file,
                 str_size(size, (unsigned long long)st.st_size), s.name);
    }
    sysroot_release(&s);
    return r == 0 ? EXIT_OK : -1;
}

int cmd_sysroot_export(struct app *app, struct err *err)
{
    sigset_t saved;
    proc_stop_hold(&saved); // Ctrl-C takes effect after a half-written file is gone
    int r = export(app, err);
    ui_clear_bar(&app->ui);
    proc_stop_restore(&saved);
    return r;
}
