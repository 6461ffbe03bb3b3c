#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "coverage.h"
#include "on_cluster.h"
#include "project/build.h"
#include "sandbox/sandbox.h"
#include "target.h"
#include "target/toolset_make.h"

enum { JOBS_MAX = 4096 };

// How the tests are run: a command and its environment.
struct test_run {
    struct strv argv, env;
    bool transparent; // programs of the board are started like the desktop's own
    char *interpreter;
    char *dir; // the build folder
};

// JUNIT as an absolute path, which can be written. NULL when it was not asked for.
static int junit_path(struct app *app, char **path, struct err *err)
{
    const char *junit = input_value(&app->input, "junit");
    *path = junit ? fs_absolute(junit) : NULL;
    _cleanup_free_ char *folder = *path ? fs_parent(*path) : NULL;
    return !folder || access(folder, W_OK) == 0 ? 0 : err_sys(err, "cannot write %s", junit);
}

static int ctest_words(struct app *app, const char *dir, struct strv *argv, struct err *err)
{
    const char *regex = input_value(&app->input, "regex");
    const char *jobs = input_value(&app->input, "jobs");
    _cleanup_free_ char *junit = NULL;

    strv_add_list(argv, "ctest", "--test-dir", dir, "--output-on-failure", "--no-tests=error",
                  NULL);
    if (regex) {
        strv_add_list(argv, "-R", regex, NULL);
    }
    if (jobs) {
        strv_add_list(argv, "-j", jobs, NULL);
    }
    if (junit_path(app, &junit, err) != 0) {
        return -1;
    }
    if (junit) { // ctest would take it relative to the build folder
        strv_add_list(argv, "--output-junit", junit, NULL);
    }
    return 0;
}

// Only ctest has names of tests, and writes JUnit itself.
static int refuse_ctest_options(struct app *app, const char *system, struct err *err)
{
    static const char *const options[] = {"regex", "junit"};
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (input_value(&app->input, options[i])) {
            err_set(err, ERR_USAGE, "--%s is for projects built with CMake; this one uses %s",
                    options[i], system);
            return err_hint(err, "what follows -- goes to its own test command");
        }
    }
    return 0;
}

static int own_words(struct app *app, const struct target *target, const struct toolset *tools,
                     const char *system, struct test_run *run, struct err *err)
{
    const struct project_build_options options = {.tools = tools,
                                                  .variant = &target->variant,
                                                  .board = target->board.name,
                                                  .type = target->type,
                                                  .log = &app->log};
    const char *jobs = input_value(&app->input, "jobs");

    if (refuse_ctest_options(app, system, err) != 0 ||
        project_test_command(&app->project, &options, &run->argv, err) != 0) {
        return -1;
    }
    // `meson test` starts them through pisdk itself.
    bool meson = strcmp(system, "meson") == 0 && app->project.build.test.n == 0;
    run->transparent = !meson;
    if (jobs && strcmp(run->argv.items[0], "make") == 0) {
        strv_addf(&run->argv, "-j%s", jobs);
    } else if (meson) {
        strv_add_list(&run->argv, "--num-processes", jobs ? jobs : "1", NULL);
    }
    return 0;
}

static int prepare(struct app *app, struct target *target, struct test_run *run, struct err *err)
{
    struct toolset tools;
    struct place_to_run place;
    const char *system;
    long checked;

    if (place_to_run_choose(app, &place, err) != 0 ||
        input_number(&app->input, "jobs", 1, 1, JOBS_MAX, &checked, err) != 0 ||
        project_build_system(&app->project, &system, err) != 0 ||
        target_make_build_toolset(app, target, &tools, err) != 0) {
        return -1;
    }
    run->dir = project_build_dir(&app->project, target->board.name, target->type);
    run->interpreter = fs_join(tools.dir, "lib/emulate");
    toolset_whole_environment(&tools, &run->env);
    place_to_run_add(&place, &run->env);
    bool cmake = strcmp(system, "cmake") == 0 && app->project.build.test.n == 0;
    int r = cmake ? ctest_words(app, run->dir, &run->argv, err)
                  : own_words(app, target, &tools, system, run, err);
    toolset_release(&tools);
    strv_add_all(&run->argv, app->input.rest.items);
    return r;
}

// A machine that cannot do it may still have QEMU registered, or tests that need none.
static void become_transparent(struct app *app, const struct test_run *run)
{
    struct err err = ERR_INIT;
    if (run->transparent && sandbox_make_transparent(run->interpreter, &err) != 0) {
        log_warning(&app->log, "tests cannot start programs of the board by themselves here: %s",
                    err.msg);
    }
}

static int run_tests(struct app *app, struct target *target, struct test_run *run, int *status,
                     struct err *err)
{
    const struct proc_place place = {.dir = app->project.dir, .env = &run->env};
    struct coverage coverage = {0};

    if (target->variant.coverage) {
        if (coverage_begin(app, target, &coverage, err) != 0) {
            return -1;
        }
        strv_addf(&run->env, COVERAGE_FOLDER "=%s/raw", coverage.dir);
    }
    become_transparent(app, run);
    int r = proc_run_at(run->argv.items, &place, status, err);
    if (r == 0 && target->variant.coverage) {
        r = coverage_report(app, &coverage, err);
    }
    coverage_release(&coverage);
    return r;
}

int cmd_test(struct app *app, struct err *err)
{
    struct test_run run = {0};
    struct target target;
    int status = 0;

    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    int r = prepare(app, &target, &run, err);
    int built = r == 0 ? target_build(app, &target, NULL, err) : 0;
    if (r == 0 && built == 0) {
        r = run_tests(app, &target, &run, &status, err);
    }
    target_release(&target);
    strv_release(&run.argv);
    strv_release(&run.env);
    free(run.interpreter);
    free(run.dir);
    return r != 0 || built < 0 ? -1 : built > 0 ? EXIT_FAILED : status;
}
