// SPDX-License-Identifier: MIT
#include "predict/build.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "project/build.h"
#include "workspace/program_choice.h"

#define TYPE "release"

static int check_system(const struct workspace *w, const char *program, const char **system,
                        struct err *err)
{
    if (project_build_system(w->project, system, err) != 0) {
        return -1;
    }
    if (strcmp(*system, "python") == 0 || strcmp(*system, "none") == 0 ||
        program_interpreter(program)) {
        err_set(err, ERR_UNSUPPORTED,
                "predictions are for programs in C, C++ and Fortran, which are built for a "
                "simulator");
        return err_hint(err, "pisdk run --on cluster runs a script on emulated boards");
    }
    return 0;
}

static int run_build(const struct workspace *w, const struct toolset *tools, const char *program,
                     struct err *err)
{
    const struct variant variant = {0};
    _cleanup_strbuf_ struct strbuf output = {0};
    _cleanup_free_ char *task = xasprintf("building %s for the simulator", program);
    const struct project_build_options options = {.tools = tools,
                                                  .variant = &variant,
                                                  .board = SIMULATOR_BOARD,
                                                  .type = TYPE,
                                                  .aside = true,
                                                  .output = &output,
                                                  .program = program,
                                                  .log = w->log};
    int status = 0;
    log_working(w->log, task);
    int r = project_build(w->project, &options, &status, err);
    log_working(w->log, NULL);
    if (r != 0) {
        return -1;
    }
    if (status == PROJECT_UNKNOWN_PROGRAM) {
        return err_set(err, ERR_NOT_FOUND, "the project has no program `%s`", program);
    }
    if (status == 0) {
        return 0;
    }
    r = simulator_explain_build(output.data ? output.data : "", err);
    if (err->code != ERR_UNSUPPORTED) { // else that says it all
        fwrite(output.data, 1, output.len, stderr);
    }
    return r;
}

int predict_build(const struct workspace *w, const struct toolset *tools, const char *program,
                  char **path, struct err *err)
{
    const char *name = program ? program : w->project->program;
    const char *system = "";
    *path = NULL;
    if (check_system(w, name, &system, err) != 0 || run_build(w, tools, name, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *dir = project_build_dir(w->project, SIMULATOR_BOARD, TYPE);
    *path = program_find_below(dir, name);
    if (!*path && !project_builds_apart(system)) {
        *path = program_find_below(w->project->dir, name);
    }
    return *path ? 0 : err_set(err, ERR_NOT_FOUND, "the project has no program `%s`", name);
}
