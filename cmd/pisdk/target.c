#include "target.h"

#include <stdio.h>

#include "base/fs.h"
#include "project/build.h"

enum { JOBS_MAX = 4096 };

int target_choose(struct app *app, struct target *out, struct err *err)
{
    const struct project *p = app->has_project ? &app->project : NULL;
    const char *sysroot = input_value(&app->input, "sysroot");
    const char *board = input_value(&app->input, "board");
    _cleanup_free_ char *folder = fs_join(app->paths.share, "toolchain/boards");

    *out = (struct target){.type = input_flag(&app->input, "debug") ? "debug" : "release"};
    sysroot = sysroot ? sysroot : p ? p->sysroot : PROJECT_DEFAULT_SYSROOT;
    board = board ? board : p ? p->board : PROJECT_DEFAULT_BOARD;
    if (board_read(folder, board, false, &out->board, err) != 0) {
        return -1;
    }
    if (sysroot_open(app->paths.data, sysroot, &out->sysroot, err) != 0) {
        board_release(&out->board);
        return -1;
    }
    return 0;
}

void target_release(struct target *t)
{
    sysroot_release(&t->sysroot);
    board_release(&t->board);
}

int target_build(struct app *app, const struct target *t, bool quiet, struct err *err)
{
    _cleanup_strbuf_ struct strbuf output = {0};
    struct project_build_options options = {
        .share = app->paths.share,
        .program = app->paths.program,
        .sysroot = t->sysroot.root,
        .board = t->board.name,
        .type = t->type,
        .output = quiet ? &output : NULL,
        .log = &app->log,
    };
    int status = 0;
    if (!quiet) { // `pisdk build` itself: the others have no options for it
        options.clean = input_flag(&app->input, "clean");
        options.extra = &app->input.rest;
        if (input_number(&app->input, "jobs", 0, 1, JOBS_MAX, &options.jobs, err) != 0) {
            return -1;
        }
    }
    int r = project_build(&app->project, &options, &status, err);
    if (output.len && (r != 0 || status != 0)) {
        fwrite(output.data, 1, output.len, stderr);
    }
    return r == 0 ? status : -1;
}
