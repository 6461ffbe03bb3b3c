// SPDX-License-Identifier: MIT
#include <regex.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "debug/coverage.h"
#include "debug/coverage_python.h"
#include "pisdk/app.h"
#include "pisdk/project/test_report.h"
#include "pisdk/requests.h"
#include "project/build.h"
#include "run/rank_output.h"
#include "run/run.h"
#include "sandbox/sandbox.h"
#include "target/python.h"
#include "target/toolset_make.h"
#include "workspace/target_choice.h"

enum { JOBS_MAX = 4096, REPEAT_MAX = 1000000, LIST_MAX = 1 << 24 };

enum tester { TESTER_CTEST, TESTER_MESON, TESTER_COMMAND };

// How the tests are run: a command and its environment.
struct test_run {
    struct app *app;
    enum tester tester;
    const char *system;
    struct strv argv, env;
    char *interpreter;
    char *dir;   // the build folder
    char *junit; // absolute, or NULL
    char *ranks; // the folder for what each rank prints, or NULL
    long jobs;   // 0: the build system's own default
    bool jobs_given;
    char *pisdk;        // of the toolset
    bool counts_python; // in tests with coverage
};

// A file that can be written, or none.
static int junit_path(struct test_run *run, struct err *err)
{
    const char *junit = input_value(&run->app->input, "junit");
    run->junit = junit ? fs_absolute(junit) : NULL;
    _cleanup_free_ char *folder = run->junit ? fs_parent(run->junit) : NULL;
    return !folder || access(folder, W_OK) == 0 ? 0 : err_sys(err, "cannot write %s", junit);
}

static void ctest_words(struct test_run *run)
{
    const struct input *in = &run->app->input;
    const char *regex = input_value(in, "regex");
    const char *timeout = input_value(in, "timeout");
    const char *repeat = input_value(in, "repeat-until-fail");
    struct strv *argv = &run->argv;

    strv_add_list(argv, "ctest", "--test-dir", run->dir, "--output-on-failure", "--no-tests=error",
                  NULL);
    strv_addf(argv, "-j%ld", run->jobs);
    if (regex) {
        strv_add_list(argv, "-R", regex, NULL);
    }
    if (timeout) {
        strv_add_list(argv, "--timeout", timeout, NULL);
    }
    if (repeat) {
        strv_add(argv, "--repeat");
        strv_addf(argv, "until-fail:%s", repeat);
    }
    if (run->junit) { // ctest would take it relative to the build folder
        strv_add_list(argv, "--output-junit", run->junit, NULL);
    }
}

// A makefile or a command has no names of tests.
static int refuse_options(struct test_run *run, struct err *err)
{
    static const char *const options[] = {"regex", "repeat-until-fail"};
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (input_value(&run->app->input, options[i])) {
            err_set(err, ERR_USAGE,
                    "--%s is for projects built with CMake or Meson; this one uses %s", options[i],
                    run->system);
            return err_hint(err, "what follows -- is passed to its own test command");
        }
    }
    return 0;
}

// meson takes names of tests, which it lists as "SUITE / NAME".
static int add_matching(struct test_run *run, const char *list, const regex_t *regex,
                        struct err *err)
{
    struct slice rest = {list, strlen(list)};
    struct slice line;
    size_t before = run->argv.n;

    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *name = slice_dup(slice_trim(line));
        const char *slash = strstr(name, " / ");
        const char *own = slash ? slash + strlen(" / ") : name;
        if (*own && regexec(regex, own, 0, NULL, 0) == 0) {
            strv_add(&run->argv, own);
        }
    }
    return run->argv.n > before ? 0 : err_set(err, ERR_NOT_FOUND, "no tests match");
}

// After the build: before it, there may be nothing to list.
static int choose_meson_tests(struct test_run *run, struct err *err)
{
    const char *text = input_value(&run->app->input, "regex");
    _cleanup_strbuf_ struct strbuf list = {0};
    _cleanup_strv_ struct strv argv = {0};
    const struct proc_context place = {.dir = run->app->project.dir, .env = &run->env};
    const struct proc_capture capture = {
        .input = -1, .max = LIST_MAX, .out = &list, .place = &place};
    regex_t regex;
    int status;

    if (run->tester != TESTER_MESON || !text) {
        return 0;
    }
    if (regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) != 0) {
        return err_set(err, ERR_USAGE, "`%s` is not a valid regular expression", text);
    }
    strv_add_list(&argv, "meson", "test", "-C", run->dir, "--no-rebuild", "--list", NULL);
    int r = proc_capture(argv.items, &capture, &status, err);
    if (r == 0) {
        r = add_matching(run, list.data ? list.data : "", &regex, err);
    }
    regfree(&regex);
    return r;
}

static int own_words(struct test_run *run, const struct target *target, const struct toolset *tools,
                     struct err *err)
{
    const struct project_build_options options = {.tools = tools,
                                                  .variant = &target->variant,
                                                  .board = target->board.name,
                                                  .type = target->type,
                                                  .log = &run->app->log};
    const char *repeat = input_value(&run->app->input, "repeat-until-fail");
    bool meson = run->tester == TESTER_MESON;

    if ((!meson && refuse_options(run, err) != 0) ||
        project_test_command(&run->app->project, &options, &run->argv, err) != 0) {
        return -1;
    }
    if (meson) {
        strv_add(&run->argv, "--num-processes");
        strv_addf(&run->argv, "%ld", run->jobs);
    } else if (run->jobs_given && strcmp(run->argv.items[0], "make") == 0) {
        strv_addf(&run->argv, "-j%ld", run->jobs);
    }
    if (repeat) {
        strv_add_list(&run->argv, "--repeat", repeat, "--maxfail", "1", NULL);
    }
    return 0;
}

static int check_numbers(struct test_run *run, struct err *err)
{
    const struct input *in = &run->app->input;
    double seconds;
    long checked;

    run->jobs_given = input_value(in, "jobs") != NULL;
    if (input_number(in, "jobs", get_nprocs(), 1, JOBS_MAX, &run->jobs, err) != 0 ||
        input_number(in, "repeat-until-fail", 1, 1, REPEAT_MAX, &checked, err) != 0 ||
        input_seconds(in, "timeout", &seconds, err) != 0) {
        return -1;
    }
    if (seconds > 0) {
        // ctest's own --timeout does not count for tests that have one of theirs.
        strv_addf(&run->env, RUN_TIMEOUT "=%s", input_value(in, "timeout"));
    }
    return 0;
}

static int prepare(struct test_run *run, struct target *target, struct err *err)
{
    struct app *app = run->app;
    struct toolset tools;

    if (project_build_system(&app->project, &run->system, err) != 0 ||
        target_make_build_toolset(&app->work, target, &tools, err) != 0) {
        return -1;
    }
    bool own_command = app->project.build.test.n > 0;
    run->tester = own_command                         ? TESTER_COMMAND
                  : strcmp(run->system, "cmake") == 0 ? TESTER_CTEST
                  : strcmp(run->system, "meson") == 0 ? TESTER_MESON
                                                      : TESTER_COMMAND;
    run->dir = project_build_dir(&app->project, target->board.name, target->type);
    run->interpreter = fs_join(tools.dir, "lib/emulate");
    run->pisdk = xstrdup(tools.pisdk);
    run->counts_python = python_has_package(tools.root, "coverage");
    toolset_whole_environment(&tools, &run->env);
    strv_addf(&run->env, TARGET_OF_TESTS "=%s", target->type);
    int r = check_numbers(run, err);
    if (r == 0) {
        r = junit_path(run, err);
    }
    if (r == 0 && run->tester == TESTER_CTEST) {
        ctest_words(run);
    } else if (r == 0) {
        r = own_words(run, target, &tools, err);
    }
    toolset_release(&tools);
    strv_add_all(&run->argv, app->input.rest.items);
    return r;
}

// ctest and Meson start what they know to be the board's through pisdk, but not a test that is
// named by its path. A machine that cannot do it may still have QEMU registered, or tests that need
// none.
static void become_transparent(struct app *app, const struct test_run *run)
{
    struct err err = ERR_INIT;
    if (sandbox_try_transparent(run->interpreter, &err) == 0) {
        (void)!sandbox_make_transparent(run->interpreter, &err); // it was tried
    } else if (run->tester == TESTER_COMMAND) {
        log_warning(&app->log, "tests cannot start other programs for the board here: %s", err.msg);
    }
}

// In the build folder, which the tests see under emulation.
static void make_folder_for_ranks(struct test_run *run)
{
    _cleanup_free_ char *folder = fs_join(run->dir, "test-ranks-XXXXXX");
    if (mkdtemp(folder)) {
        run->ranks = TAKE_PTR(folder);
        strv_addf(&run->env, RUN_RANKS "=%s", run->ranks);
    }
}

static int report(const struct test_run *run, double seconds, int status, struct err *err)
{
    if (!run->junit || run->tester == TESTER_CTEST) {
        return 0;
    }
    if (run->tester == TESTER_MESON) {
        return test_report_copy_meson(run->dir, run->junit, err);
    }
    _cleanup_free_ char *command = strv_join(&run->argv, " ");
    return test_report_write(run->app->project.name, command, seconds, status, run->junit, err);
}

static int begin_coverage(struct test_run *run, const char *root, struct coverage *coverage,
                          struct err *err)
{
    const char *project = run->app->project.dir;
    const char *programs = project_builds_apart(run->system) ? run->dir : project;
    if (coverage_begin(run->dir, programs, root, coverage, err) != 0 ||
        (run->counts_python && coverage_python_begin(coverage->dir, project, err) != 0)) {
        return -1;
    }
    strv_addf(&run->env, COVERAGE_FOLDER "=%s/raw", coverage->dir);
    return 0;
}

// What was compiled and what is Python have a report each.
static int report_coverage(const struct test_run *run, const struct coverage *coverage,
                           struct err *err)
{
    struct log *log = &run->app->log;
    _cleanup_strbuf_ struct strbuf table = {0};
    _cleanup_strbuf_ struct strbuf scripts = {0};
    const struct coverage_python python = {.dir = coverage->dir,
                                           .pisdk = run->pisdk,
                                           .environment = &run->env,
                                           .project = run->app->project.dir};
    bool counted = run->counts_python && coverage_python_has_data(coverage->dir);
    int r = 0;

    if (coverage_has_data(coverage) || !counted) {
        r = coverage_report(coverage, log, &table, err);
        fputs(table.data ? table.data : "", stdout);
    }
    if (r == 0 && counted) {
        r = coverage_python_report(&python, log, &scripts, err);
        fputs(scripts.data ? scripts.data : "", stdout);
    }
    return r;
}

static int run_tests(struct test_run *run, struct target *target, int *status, struct err *err)
{
    struct app *app = run->app;
    const struct proc_context place = {.dir = app->project.dir, .env = &run->env};
    struct coverage coverage = {0};

    if (target->variant.coverage &&
        begin_coverage(run, target->sysroot.root, &coverage, err) != 0) {
        coverage_release(&coverage);
        return -1;
    }
    make_folder_for_ranks(run);
    become_transparent(app, run);
    double start = clock_seconds();
    int r = proc_run_at(run->argv.items, &place, status, err);
    if (r == 0) {
        r = report(run, clock_seconds() - start, *status, err);
    }
    if (r == 0 && target->variant.coverage) {
        r = report_coverage(run, &coverage, err);
    }
    coverage_release(&coverage);
    if (r == 0 && *status != 0 && run->tester != TESTER_COMMAND && !run->jobs_given &&
        run->jobs > 1) {
        log_info(&app->log,
                 "hint: up to %ld tests ran at once; if some write the same files: pisdk test -j 1",
                 run->jobs);
    }
    return r;
}

static void release(struct test_run *run)
{
    struct err ignored = ERR_INIT;
    if (run->ranks) {
        (void)!fs_remove_tree(run->ranks, &ignored);
    }
    strv_release(&run->argv);
    strv_release(&run->env);
    free(run->interpreter);
    free(run->pisdk);
    free(run->dir);
    free(run->junit);
    free(run->ranks);
}

static int choose_place(const struct app *app, struct err *err)
{
    const struct run_place *place;
    const char *which;
    return run_place_find(input_value(&app->input, "on"), &place, &which, err) == 0
               ? run_place_for_tests(place, which, err)
               : -1;
}

int cmd_test(struct app *app, struct err *err)
{
    struct test_run run = {.app = app};
    struct target_request request;
    struct target target;
    int status = 0;

    sandbox_mark_environment();
    if (choose_place(app, err) != 0 || target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    int r = prepare(&run, &target, err);
    int built = r == 0 ? target_build(&app->work, &target, NULL, err) : 0;
    if (r == 0 && built == 0) {
        r = choose_meson_tests(&run, err);
    }
    if (r == 0 && built == 0) {
        r = run_tests(&run, &target, &status, err);
    }
    target_release(&target);
    release(&run);
    return r != 0 || built < 0 ? -1 : built > 0 ? EXIT_FAILED : status;
}
