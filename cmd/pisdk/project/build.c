// SPDX-License-Identifier: MIT
#include "project/build.h"

#include <string.h>

#include "base/fs.h"
#include "debug/gdb.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "sandbox/sandbox.h"
#include "workspace/build_watch.h"
#include "workspace/target_choice.h"

enum { JOBS_MAX = 4096 };

static void tell_place(struct app *app, const struct target *target)
{
    const char *system = NULL;
    struct err ignored = ERR_INIT;
    _cleanup_free_ char *dir = project_build_dir(&app->project, target->board.name, target->type);
    bool apart =
        project_build_system(&app->project, &system, &ignored) == 0 && project_builds_apart(system);
    if (system && strcmp(system, "none") == 0) {
        log_info(&app->log, "nothing to build: a project of scripts");
    } else if (!str_eq(system, "python") &&
               !build_watch_has_result(apart ? dir : app->project.dir)) {
        log_warning(&app->log, "the build made no program or library for the board");
    } else if (apart) {
        log_info(&app->log, "built in build/%s-%s", target->board.name, target->type);
    } else {
        log_info(&app->log, "built for %s", target->board.name);
    }
}

static int build(struct app *app, struct target *target, struct err *err)
{
    const struct input *in = &app->input;
    _cleanup_strbuf_ struct strbuf output = {0};
    struct project_build_options options = {
        .output = input_flag(in, "quiet") ? &output : NULL,
        .clean = input_flag(in, "clean"),
        .no_ccache = input_flag(in, "no-ccache"),
        .extra = &in->rest,
    };
    if (input_number(in, "jobs", 0, 1, JOBS_MAX, &options.jobs, err) != 0) {
        return -1;
    }
    return target_build_with(&app->work, target, &options, err);
}

// What gdb needs to know, for editors that start it themselves (see ide.c).
static int write_gdb_settings(struct app *app, const struct target *target, struct err *err)
{
    const char *system = NULL;
    if (project_build_system(&app->project, &system, err) != 0 || strcmp(system, "none") == 0) {
        return 0;
    }
    const struct debug_subject subject = target_debug_subject(&app->work, target);
    _cleanup_free_ char *dir = project_build_dir(&app->project, target->board.name, target->type);
    _cleanup_free_ char *file = fs_join(dir, "gdbinit");
    return fs_mkdir_all(dir, 0777, err) == 0 ? gdb_write_settings(&subject, file, file, err) : -1;
}

int cmd_build(struct app *app, struct err *err)
{
    struct target_request request;
    struct target target;

    sandbox_mark_environment();
    if (target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    int status = build(app, &target, err);
    if (status == 0) {
        tell_place(app, &target);
        status = write_gdb_settings(app, &target, err);
    }
    target_release(&target);
    return status > 0 ? EXIT_FAILED : status; // the compiler has said why
}
