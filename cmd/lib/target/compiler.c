#include "target/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"

enum { OUTPUT_MAX = 1 << 16 };

static bool find_pair(const char *suffix, struct compiler *out)
{
    _cleanup_free_ char *clang_name = xasprintf("clang%s", suffix);
    _cleanup_free_ char *lld_name = xasprintf("ld.lld%s", suffix);
    _cleanup_free_ char *clang = fs_find_program(clang_name);
    _cleanup_free_ char *lld = clang ? fs_find_program(lld_name) : NULL;
    if (!lld) {
        return false;
    }
    out->clang = TAKE_PTR(clang);
    out->lld = TAKE_PTR(lld);
    return true;
}

// "Debian clang version 14.0.6" and the like; 0 when it cannot be told.
static int ask_version(const char *clang)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    int status = 0;

    strv_add_list(&argv, clang, "--version", NULL);
    const struct proc_capture capture = {.input = -1, .max = OUTPUT_MAX, .out = &text};
    if (proc_capture(argv.items, &capture, &status, &ignored) != 0 || !text.data) {
        return 0;
    }
    const char *at = strstr(text.data, "version ");
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

void compiler_release(struct compiler *c)
{
    free(c->clang);
    free(c->lld);
    *c = (struct compiler){0};
}
