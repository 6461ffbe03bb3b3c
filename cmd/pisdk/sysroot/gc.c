// SPDX-License-Identifier: MIT
#include <errno.h>

#include "pisdk/app.h"
#include "sysroot/gc.h"

int cmd_sysroot_gc(struct app *app, struct err *err)
{
    const struct gc_options options = {
        .data = app->paths.data,
        .cache = app->paths.cache,
        .dry_run = input_flag(&app->input, "dry-run"),
        .downloads = input_flag(&app->input, "all"),
    };
    struct gc_report report;
    char size[32];

    if (gc_run(&options, &report, err) != 0) {
        gc_report_release(&report);
        if (err->sys == EWOULDBLOCK) {
            err_set(err, ERR_FAILED, "a sysroot is being built; nothing was removed");
        }
        return -1;
    }
    for (size_t i = 0; i < report.sysroots.n; i++) {
        log_info(&app->log, "no project uses sysroot %s", report.sysroots.items[i]);
    }
    log_info(&app->log, "%s %zu sysroots, %zu unpacked packages and %zu other files: %s",
             options.dry_run ? "would remove" : "removed", report.sysroots.n, report.packages,
             report.files, str_size(size, report.bytes));
    gc_report_release(&report);
    return EXIT_OK;
}
