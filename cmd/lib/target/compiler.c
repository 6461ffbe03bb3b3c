// SPDX-License-Identifier: MIT
#include "target/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"
#include "target/toolset.h"

enum { OUTPUT_MAX = 1 << 16 };

char *compiler_find_desktops_that(const char *name, bool (*fits)(const char *path))
{
    const char *path = getenv("PATH");
    struct slice rest = {path ? path : "", path ? strlen(path) : 0};
    struct slice folder;

    while (slice_cut(&rest, ':', &folder)) {
        _cleanup_free_ char *dir = slice_dup(folder);
        _cleanup_free_ char *mark = xasprintf("%s/../" TOOLSET_FILE, dir);
        _cleanup_free_ char *program = fs_join(dir, name);
        if (dir[0] == '/' && fs_is_program(program) && !fs_exists(mark) &&
            (!fits || fits(program))) {
            return TAKE_PTR(program);
        }
    }
    return NULL;
}

char *compiler_find_desktops(const char *name)
{
    return compiler_find_desktops_that(name, NULL);
}

static bool find_pair(const char *suffix, struct compiler *out)
{
    _cleanup_free_ char *clang_name = xasprintf("clang%s", suffix);
    _cleanup_free_ char *lld_name = xasprintf("ld.lld%s", suffix);
    _cleanup_free_ char *clang = compiler_find_desktops(clang_name);
    _cleanup_free_ char *lld = clang ? compiler_find_desktops(lld_name) : NULL;
    if (!lld) {
        return false;
    }
    out->clang = TAKE_PTR(clang);
    out->lld = TAKE_PTR(lld);
    return true;
}

static int ask(const char *clang, char **first_line, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    int status = 0;

    strv_add_list(&argv, clang, "--version", NULL);
    const struct proc_capture capture = {.input = -1, .max = OUTPUT_MAX, .out = &text};
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    struct slice line;
    if (status != 0 || !slice_cut(&rest, '\n', &line)) {
        return err_set(err, ERR_FAILED, "cannot tell the version of %s", clang);
    }
    *first_line = slice_dup(slice_trim(line));
    return 0;
}

// 0 when it cannot be told.
static int ask_version(const char *clang)
{
    _cleanup_free_ char *line = NULL;
    struct err ignored = ERR_INIT;
    const char *at = ask(clang, &line, &ignored) == 0 && line ? strstr(line, "version ") : NULL;
    return at ? (int)strtol(at + strlen("version "), NULL, 10) : 0;
}

int compiler_find(struct compiler *out, struct err *err)
{
    *out = (struct compiler){0};
    for (int n = COMPILER_VERSION_MAX; n >= COMPILER_VERSION_MIN; n--) {
        char suffix[16];
        snprintf(suffix, sizeof(suffix), "-%d", n);
        if (find_pair(suffix, out)) {
            out->version = n;
            return 0;
        }
    }
    if (find_pair("", out)) {
        out->version = ask_version(out->clang);
        if (out->version >= COMPILER_VERSION_MIN) {
            return 0;
        }
        compiler_release(out);
    }
    err_set(err, ERR_NOT_FOUND, "no Clang of version %d or newer with its linker lld is installed",
            COMPILER_VERSION_MIN);
    return err_hint(err, "sudo apt install clang lld llvm");
}

int compiler_describe(const struct compiler *c, char **out, struct err *err)
{
    return ask(c->clang, out, err);
}

char *compiler_find_tool(const struct compiler *c, const char *name)
{
    _cleanup_free_ char *versioned = xasprintf("%s%s", name, fs_base(c->clang) + strlen("clang"));
    char *path = compiler_find_desktops(versioned);
    return path ? path : compiler_find_desktops(name);
}

void compiler_release(struct compiler *c)
{
    free(c->clang);
    free(c->lld);
    *c = (struct compiler){0};
}
