// SPDX-License-Identifier: MIT
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "pisdk/app.h"
#include "sysroot/gc.h"

static void print_json(const struct gc_report *report, bool dry_run)
{
    json_t *names = json_array();
    for (size_t i = 0; i < report->sysroots.n; i++) {
        json_array_append_new(names, ui_json_text(report->sysroots.items[i]));
    }
    json_t *all = json_pack("{s:b, s:o, s:I, s:I, s:I}", "dry_run", dry_run, "sysroots", names,
                            "packages", (json_int_t)report->packages, "files",
                            (json_int_t)report->files, "bytes", (json_int_t)report->bytes);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

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
    if (app->json) {
        print_json(&report, options.dry_run);
    }
    log_info(&app->log, "%s %zu sysroots, %zu unpacked packages and %zu other files: %s",
             options.dry_run ? "would remove" : "removed", report.sysroots.n, report.packages,
             report.files, str_size(size, report.bytes));
    gc_report_release(&report);
    return EXIT_OK;
}
