// SPDX-License-Identifier: MIT
#include "debug/coverage.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "target/compiler.h"
#include "target/elf.h"

enum { OUTPUT_MAX = 64 << 20, DEPTH_MAX = 6 };

char *coverage_variable(const char *build)
{
    const char *given = getenv(COVERAGE_FOLDER);
    _cleanup_free_ char *dir = NULL;
    struct timespec now;

    if (given) {
        dir = xstrdup(given);
    } else if (build) {
        dir = fs_join(build, "coverage/raw");
    } else {
        return NULL;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    // %p and %m are the run-time library's: the process, and each library that it has loaded.
    return xasprintf("LLVM_PROFILE_FILE=%s/%d-%lld.%09ld-%%p-%%m.profraw", dir, (int)getpid(),
                     (long long)now.tv_sec, now.tv_nsec);
}

static int find_tools(struct coverage *c, struct err *err)
{
    struct compiler compiler;
    if (compiler_find(&compiler, err) != 0) {
        return -1;
    }
    c->profdata = compiler_find_tool(&compiler, "llvm-profdata");
    c->cov = compiler_find_tool(&compiler, "llvm-cov");
    compiler_release(&compiler);
    if (c->profdata && c->cov) {
        return 0;
    }
    err_set(err, ERR_NOT_FOUND, "llvm-profdata and llvm-cov are not installed");
    return err_hint(err, "sudo apt install llvm");
}

// Of paths that begin with this one; what a regular expression could take for its own is any
// character.
static char *below(const char *folder)
{
    char *regex = xasprintf("^%s/", folder);
    for (char *p = regex + 1; *p; p++) {
        *p = isalnum((unsigned char)*p) || strchr("/-_", *p) ? *p : '.';
    }
    return regex;
}

int coverage_begin(const char *build, const char *programs, const char *root, struct coverage *out,
                   struct err *err)
{
    *out = (struct coverage){
        .dir = fs_join(build, "coverage"), .programs = xstrdup(programs), .ignored = below(root)};
    _cleanup_free_ char *raw = fs_join(out->dir, "raw");
    if (find_tools(out, err) != 0 || fs_remove_tree(out->dir, err) != 0) {
        return -1;
    }
    return fs_mkdir_all(raw, 0755, err);
}

void coverage_release(struct coverage *c)
{
    free(c->dir);
    free(c->programs);
    free(c->ignored);
    free(c->profdata);
    free(c->cov);
    *c = (struct coverage){0};
}

// Runs a program of LLVM.
static int run_tool(const struct strv *argv, struct strbuf *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf errors = {0};
    // Their warnings (a function `main` of one program is not that of another) tell a user nothing.
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = out, .errors = &errors};
    int status = 0;

    if (proc_capture(argv->items, &capture, &status, err) != 0) {
        return -1;
    }
    if (status == 0) {
        return 0;
    }
    _cleanup_free_ char *said = str_last_line(errors.data ? errors.data : "");
    return err_set(err, ERR_FAILED, "%s ended with status %d: %s", fs_base(argv->items[0]), status,
                   said);
}

// The files of counters that have something in them: killed ranks leave empty ones.
static size_t list_raw(const struct coverage *c, struct strbuf *list)
{
    _cleanup_free_ char *folder = fs_join(c->dir, "raw");
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    size_t empty = 0;

    if (fs_list_dir(folder, &names, &ignored) != 0) {
        return 0;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        if (!str_ends(path, ".profraw")) {
            continue;
        }
        if (fs_is_empty_file(path)) {
            empty++;
        } else {
            strbuf_addf(list, "%s\n", path);
        }
    }
    return empty;
}

// Programs and libraries of the build folder.
static void find_programs(const char *dir, int depth, struct strv *found)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(dir, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(dir, names.items[i]);
        struct elf_info info;
        if (fs_is_dir(path)) {
            if (depth > 0 && strcmp(names.items[i], "CMakeFiles") != 0) {
                find_programs(path, depth - 1, found);
            }
            continue;
        }
        bool library = strstr(names.items[i], ".so") != NULL;
        if ((!fs_is_program(path) && !library) || elf_read(path, &info, &ignored) != 0) {
            continue;
        }
        if (elf_is_arm(&info) && !info.is_object) {
            strv_add(found, path);
        }
        elf_info_release(&info);
    }
}

static void add_cov(const struct coverage *c, const char *what, const struct strv *programs,
                    const char *data, struct strv *argv)
{
    strv_add_list(argv, c->cov, what, programs->items[0], NULL);
    for (size_t i = 1; i < programs->n; i++) {
        strv_addf(argv, "-object=%s", programs->items[i]);
    }
    strv_addf(argv, "-instr-profile=%s", data);
    strv_addf(argv, "-ignore-filename-regex=%s", c->ignored);
}

static int merge(const struct coverage *c, const struct strbuf *list, const char *data,
                 struct err *err)
{
    _cleanup_free_ char *inputs = fs_join(c->dir, "raw.list");
    _cleanup_strv_ struct strv argv = {0};
    if (fs_write_file(inputs, list->data, list->len, 0644, err) != 0) {
        return -1;
    }
    strv_add_list(&argv, c->profdata, "merge", "-sparse", "-f", inputs, "-o", data, NULL);
    _cleanup_strbuf_ struct strbuf out = {0};
    return run_tool(&argv, &out, err);
}

static int write_reports(const struct coverage *c, const char *data, struct log *log,
                         struct strbuf *table, struct err *err)
{
    _cleanup_strv_ struct strv programs = {0};
    _cleanup_strv_ struct strv html = {0};
    _cleanup_strv_ struct strv lcov = {0};
    _cleanup_strv_ struct strv report = {0};
    _cleanup_free_ char *page = fs_join(c->dir, "html");
    _cleanup_free_ char *info = fs_join(c->dir, "lcov.info");

    find_programs(c->programs, DEPTH_MAX, &programs);
    if (programs.n == 0) {
        return err_set(err, ERR_NOT_FOUND, "there is no program in %s", c->programs);
    }
    add_cov(c, "show", &programs, data, &html);
    strv_add(&html, "-format=html");
    strv_addf(&html, "-output-dir=%s", page);
    add_cov(c, "export", &programs, data, &lcov);
    strv_add(&lcov, "-format=lcov");
    add_cov(c, "report", &programs, data, &report);
    _cleanup_strbuf_ struct strbuf ignored = {0};
    _cleanup_strbuf_ struct strbuf lines = {0};
    if (run_tool(&html, &ignored, err) != 0 || run_tool(&lcov, &lines, err) != 0 ||
        fs_write_file(info, lines.data ? lines.data : "", lines.len, 0644, err) != 0 ||
        run_tool(&report, table, err) != 0) {
        return -1;
    }
    log_info(log, "coverage: %s/index.html and %s", page, info);
    return 0;
}

bool coverage_has_data(const struct coverage *c)
{
    _cleanup_strbuf_ struct strbuf list = {0};
    return list_raw(c, &list) > 0 || list.len > 0;
}

int coverage_report(const struct coverage *c, struct log *log, struct strbuf *table,
                    struct err *err)
{
    _cleanup_strbuf_ struct strbuf list = {0};
    _cleanup_free_ char *data = fs_join(c->dir, "merged.profdata");

    size_t empty = list_raw(c, &list);
    if (empty > 0) {
        log_warning(log, "%zu programs were killed or aborted, and left no counters", empty);
    }
    if (list.len == 0) {
        return err_set(err, ERR_FAILED, "no coverage: the tests ran no instrumented program");
    }
    return merge(c, &list, data, err) == 0 ? write_reports(c, data, log, table, err) : -1;
}
