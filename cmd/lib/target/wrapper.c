// SPDX-License-Identifier: MIT
#include "target/wrapper.h"

#include <string.h>
#include <unistd.h>

#include "base/fs.h"

enum { SCRIPT_MODE = 0755 };

// The same search as compiler_find.
#define SEARCH                                                                                     \
    "for n in 40 39 38 37 36 35 34 33 32 31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16 15 14; "  \
    "do\n"                                                                                         \
    "    if command -v %s-$n >/dev/null && command -v ld.lld-$n >/dev/null; then\n"                \
    "        clang=%s-$n lld=ld.lld-$n\n"                                                          \
    "        break\n"                                                                              \
    "    fi\n"                                                                                     \
    "done\n"                                                                                       \
    "clang=${clang:-%s} lld=$(command -v \"${lld:-ld.lld}\")\n"

// "clang-14" and "clang++-14" from "clang-14".
static char *program_path(const struct compiler *c, const char *program)
{
    _cleanup_free_ char *folder = fs_parent(c->clang);
    const char *suffix = fs_base(c->clang) + strlen("clang");
    return xasprintf("%s/%s%s", folder, program, suffix);
}

char *wrapper_script(const struct wrapper_options *o, const char *program)
{
    struct strbuf text = {0};
    strbuf_adds(&text, "#!/bin/sh\n");
    if (o->compiler) {
        _cleanup_free_ char *real = program_path(o->compiler, program);
        _cleanup_free_ char *clang = str_quoted(real);
        _cleanup_free_ char *lld = str_quoted(o->compiler->lld);
        strbuf_addf(&text, "clang=%s lld=%s\n", clang, lld);
    } else {
        strbuf_addf(&text, SEARCH, program, program, program);
        strbuf_adds(&text, "here=$(cd \"$(dirname \"$(readlink -f \"$0\")\")\" && pwd)\n");
    }
    strbuf_addf(&text,
                "exec \"$clang\" --start-no-unused-arguments --target=%s --sysroot=\"%s\" \\\n"
                "    --ld-path=\"$lld\" %s --end-no-unused-arguments \"$@\"\n",
                o->triple, o->sysroot, o->flags);
    return strbuf_take(&text);
}

static int write_compiler(const char *folder, const struct wrapper_options *o, const char *program,
                          struct err *err)
{
    _cleanup_free_ char *text = wrapper_script(o, program);
    _cleanup_free_ char *path = xasprintf("%s/%s-%s", folder, o->triple, program);
    return fs_write_file(path, text, strlen(text), SCRIPT_MODE, err);
}

static int make_link(const char *target, const char *path, struct err *err)
{
    return symlink(target, path) == 0 ? 0 : err_sys(err, "cannot create link %s", path);
}

int wrapper_link_tools(const char *folder, const char *prefix, const struct compiler *c,
                       struct err *err)
{
    static const char *const tools[] = {"addr2line", "ar",      "nm",   "objcopy", "objdump",
                                        "ranlib",    "readelf", "size", "strings", "strip"};
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        _cleanup_free_ char *name = xasprintf("llvm-%s", tools[i]);
        _cleanup_free_ char *tool = compiler_find_tool(c, name);
        _cleanup_free_ char *path = xasprintf("%s/%s%s", folder, prefix, tools[i]);
        if (!tool) {
            err_set(err, ERR_NOT_FOUND, "%s is not installed", name);
            return err_hint(err, "sudo apt install llvm");
        }
        if (make_link(tool, path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int wrapper_write(const char *folder, const struct wrapper_options *o, struct err *err)
{
    if (write_compiler(folder, o, "clang", err) != 0 ||
        write_compiler(folder, o, "clang++", err) != 0) {
        return -1;
    }
    if (!o->compiler) {
        return 0;
    }
    _cleanup_free_ char *prefix = xasprintf("%s-", o->triple);
    _cleanup_free_ char *ld = xasprintf("%s/%sld", folder, prefix);
    return wrapper_link_tools(folder, prefix, o->compiler, err) == 0
               ? make_link(o->compiler->lld, ld, err)
               : -1;
}
