#include "base/fs.h"
#include "base/proc.h"
#include "target.h"

static int ctest_words(struct app *app, const char *dir, struct strv *argv, struct err *err)
{
    const char *regex = input_value(&app->input, "regex");
    const char *jobs = input_value(&app->input, "jobs");
    const char *junit = input_value(&app->input, "junit");
    enum { JOBS_MAX = 4096 };
    long checked;

    if (input_number(&app->input, "jobs", 1, 1, JOBS_MAX, &checked, err) != 0) {
        return -1;
    }
    strv_add_list(argv, "ctest", "--test-dir", dir, "--output-on-failure", "--no-tests=error",
                  NULL);
    if (regex) {
        strv_add_list(argv, "-R", regex, NULL);
    }
    if (jobs) {
        strv_add_list(argv, "-j", jobs, NULL);
    }
    if (junit) { // ctest would take it relative to the build folder
        _cleanup_free_ char *path = fs_absolute(junit);
        _cleanup_free_ char *folder = fs_parent(path);
        if (access(folder, W_OK) != 0) {
            return err_sys(err, "cannot write %s", junit);
        }
        strv_add_list(argv, "--output-junit", path, NULL);
    }
    strv_add_all(argv, app->input.rest.items);
    return 0;
}

int cmd_test(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    struct target target;
    int status = 0;

    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *dir = project_build_dir(&app->project, target.board.name, target.type);
    int r = ctest_words(app, dir, &argv, err);
    if (r == 0) {
        r = target_build(app, &target, NULL, err);
    }
    target_release(&target);
    if (r != 0) {
        return r < 0 ? -1 : EXIT_FAILED;
    }
    return proc_run(argv.items, &status, err) == 0 ? status : -1;
}
