// SPDX-License-Identifier: MIT
#include "debug/coverage_python.h"

#include <string.h>

#include "base/fs.h"
#include "base/proc.h"

enum { OUTPUT_MAX = 16 << 20 };

// https://coverage.readthedocs.io/en/latest/subprocess.html
static const char startup[] = "import coverage\ncoverage.process_startup()\n";

int coverage_python_begin(const char *dir, const char *project, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(dir, "startup");
    _cleanup_free_ char *module = fs_join(folder, "sitecustomize.py");
    _cleanup_free_ char *settings = fs_join(folder, "coveragerc");
    _cleanup_free_ char *build = fs_parent(dir);
    _cleanup_free_ char *src = fs_join(project, "src");
    _cleanup_free_ char *text = xasprintf(
        "[run]\nparallel = True\ndata_file = %s/raw/python\nsource =\n    %s\n    %s/python\n"
        "omit = */startup/*\ndisable_warnings = no-data-collected,module-not-imported\n"
        "[paths]\nmodules =\n    %s\n    %s/python\n",
        dir, project, build, fs_is_dir(src) ? src : project, build);

    return fs_mkdir_all(folder, 0755, err) == 0 &&
                   fs_write_file(module, startup, strlen(startup), 0644, err) == 0 &&
                   fs_write_file(settings, text, strlen(text), 0644, err) == 0
               ? 0
               : -1;
}

char *coverage_python_environment(const char *dir, struct strv *environment)
{
    _cleanup_free_ char *folder = fs_join(dir, "startup");
    if (!fs_is_dir(folder)) {
        return NULL;
    }
    strv_addf(environment, "COVERAGE_PROCESS_START=%s/coveragerc", folder);
    return TAKE_PTR(folder);
}

bool coverage_python_has_data(const char *dir)
{
    _cleanup_free_ char *raw = fs_join(dir, "raw");
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(raw, &names, &ignored) != 0) {
        return false;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (str_starts(names.items[i], "python.")) {
            return true;
        }
    }
    return false;
}

// Runs one command of coverage.py, by the Python of the sysroot.
static int run_tool(const struct coverage_python *c, const char *command, const char *option,
                    const char *value, struct strbuf *out, struct err *err)
{
    const struct proc_context place = {.dir = c->project, .env = c->environment};
    _cleanup_strbuf_ struct strbuf errors = {0};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = out, .errors = &errors, .place = &place};
    _cleanup_strv_ struct strv argv = {0};
    int status = 0;

    strv_add_list(&argv, c->pisdk, "exec", "--emulate", "--", "python3", "-m", "coverage", command,
                  NULL);
    strv_addf(&argv, "--rcfile=%s/startup/coveragerc", c->dir);
    if (option) {
        strv_add_list(&argv, option, value, NULL);
    }
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    if (status == 0) {
        return 0;
    }
    _cleanup_free_ char *said = str_last_line(errors.len  ? errors.data
                                              : out->data ? out->data
                                                          : "");
    return err_set(err, ERR_FAILED, "coverage %s ended with status %d: %s", command, status, said);
}

int coverage_python_report(const struct coverage_python *c, struct log *log, struct strbuf *table,
                           struct err *err)
{
    _cleanup_free_ char *page = fs_join(c->dir, "python");
    _cleanup_free_ char *info = fs_join(c->dir, "python.info");
    _cleanup_strbuf_ struct strbuf out = {0};
    struct err none = ERR_INIT;

    if (run_tool(c, "combine", NULL, NULL, &out, err) != 0 ||
        run_tool(c, "html", "-d", page, &out, err) != 0 ||
        run_tool(c, "report", NULL, NULL, table, err) != 0) {
        return -1;
    }
    bool lcov = run_tool(c, "lcov", "-o", info, &out, &none) == 0;
    if (!lcov) {
        log_warning(log, "coverage.py of this release writes no lcov: %s", none.msg);
    }
    log_info(log, "coverage of Python: %s/index.html%s%s", page, lcov ? " and " : "",
             lcov ? info : "");
    return 0;
}
