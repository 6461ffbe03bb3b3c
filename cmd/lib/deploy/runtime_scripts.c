// SPDX-License-Identifier: MIT
#include "deploy/runtime_scripts.h"

#include <string.h>

#include "base/fs.h"

enum { LOADER_MAX = 8 << 20 };

// A value in double quotes of the shell. False: there is nothing of this release in it.
static bool add_value(const char *text, struct strbuf *out)
{
    static const struct str_pair known[] = {{"{runtime}", "$pisdk_runtime"},
                                            {"{from_home}", "$pisdk_from_home"}};
    bool of_release = false;
    while (*text) {
        const struct str_pair *pair = str_find_pair(text, known, ARRAY_SIZE(known));
        if (pair) {
            strbuf_adds(out, pair->value);
            text += strlen(pair->mark);
            of_release = true;
        } else {
            strbuf_addf(out, "%s%c", strchr("\\\"$`", *text) ? "\\" : "", *text);
            text++;
        }
    }
    return of_release;
}

static void add_variable(const struct runtime_pair *v, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf value = {0};
    // What leads into a release is for this one; the rest is a default.
    bool of_release = add_value(v->value, &value);
    if (!of_release) {
        strbuf_addf(out, "[ \"${%s+x}\" ] || ", v->name);
    }
    strbuf_addf(out, "%s=\"%s\"\nexport %s\n", v->name, value.data ? value.data : "", v->name);
}

// glibc's loader lets a program have another name than its file from 2.33 on.
static int loader_has_argv0(const char *loader, bool *has, struct err *err)
{
    static const char option[] = "--argv0";
    _cleanup_strbuf_ struct strbuf bytes = {0};
    if (fs_read_file(loader, LOADER_MAX, &bytes, err) != 0) {
        return -1;
    }
    *has = memmem(bytes.data, bytes.len, option, strlen(option)) != NULL;
    return 0;
}

void runtime_start_part(const struct runtime_start *s, struct strbuf *out)
{
    strbuf_addf(out, "pisdk_libraries=${pisdk_libraries:+$pisdk_libraries:}%s\n", s->library_path);
    for (size_t i = 0; i < s->environment->n; i++) {
        add_variable(&s->environment->items[i], out);
    }
    if (s->without_ssh->n > 0) {
        strbuf_adds(out, "if ! command -v ssh >/dev/null; then\n");
        for (size_t i = 0; i < s->without_ssh->n; i++) {
            add_variable(&s->without_ssh->items[i], out);
        }
        strbuf_adds(out, "fi\n");
    }
}

int runtime_start(const char *loader, const char *path, struct strbuf *out, struct err *err)
{
    bool argv0;
    if (loader_has_argv0(loader, &argv0, err) != 0) {
        return -1;
    }
    strbuf_adds(out,
                "# What the scripts of this release have in common: see who reads it.\n"
                "PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}\nexport PATH\n"
                "pisdk_runtime=$pisdk_release/" RUNTIME_FOLDER "\n"
                "pisdk_home=$(cd -P \"${HOME:-/}\" 2>/dev/null && pwd)\n"
                "pisdk_from_home=${pisdk_runtime#\"${pisdk_home:-/}\"/}\n"
                "pisdk_libraries=\n"
                "for pisdk_part in \"$pisdk_runtime\"/start.d/*; do . \"$pisdk_part\"; done\n");
    strbuf_adds(out, "\nstart() { # NAME PROGRAM ARGUMENT…\n");
    strbuf_adds(out, argv0 ? "" : "    shift # this loader cannot call it otherwise\n");
    strbuf_addf(out,
                "    exec \"$pisdk_runtime/%s\" --library-path \"$pisdk_libraries\" %s\"$@\"\n}\n",
                path, argv0 ? "--argv0 " : "");
    return 0;
}

char *runtime_script(const char *path, const char *program, const char *called,
                     const char *arguments)
{
    _cleanup_free_ char *place = xasprintf("/%s", path);
    _cleanup_free_ char *end = str_quoted(place);
    _cleanup_free_ char *name = str_quoted(program);
    // A program of a virtual environment of Python's is a link to this script, and finds the
    // environment from that.
    _cleanup_free_ char *as =
        called ? xasprintf("pisdk_called=$pisdk_release/%s\n"
                           "[ ! -e \"${0%%/*}/../pyvenv.cfg\" ] || pisdk_called=$0\n",
                           called)
               : xstrdup("");
    return xasprintf("#!/bin/sh\n"
                     "# Starts a program with the libraries of this release.\n"
                     "pisdk_release=$(readlink -f \"$0\") || exit 127\n"
                     "pisdk_release=${pisdk_release%%%s}\n"
                     ". \"$pisdk_release/" RUNTIME_FOLDER "/start\"\n"
                     "%sstart \"$%s\" \"$pisdk_release\"/%s %s%s\"$@\"\n",
                     end, as, called ? "pisdk_called" : "0", name, arguments,
                     *arguments ? " " : "");
}
