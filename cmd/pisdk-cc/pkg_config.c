// SPDX-License-Identifier: MIT
#include "pkg_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "command.h"
#include "others.h"

enum { OUTPUT_MAX = 1 << 20, CANNOT_RUN = 127 };

// The folders of PKG_CONFIG_PATH, without the desktop's own, and those of the project's prefixes.
static bool set_path(const struct toolset *t)
{
    const char *path = getenv("PKG_CONFIG_PATH");
    _cleanup_free_ char *all = xstrdup(path ? path : "");
    _cleanup_strbuf_ struct strbuf kept = {0};
    struct slice rest = {all, strlen(all)};
    struct slice folder;
    while (slice_cut(&rest, ':', &folder)) {
        _cleanup_free_ char *one = slice_dup(folder);
        if (one[0] == '/' && !command_is_desktops(one) && !fs_is_below(one, "/usr/share")) {
            strbuf_addf(&kept, "%s%s", kept.len ? ":" : "", one);
        }
    }
    for (size_t i = 0; i < t->prefixes.n; i++) {
        const char *prefix = t->prefixes.items[i];
        strbuf_addf(&kept, "%s%s/lib/pkgconfig:%s/lib/%s/pkgconfig:%s/share/pkgconfig",
                    kept.len ? ":" : "", prefix, prefix, t->triple, prefix);
    }
    if (kept.len == 0) {
        unsetenv("PKG_CONFIG_PATH");
        return false;
    }
    return setenv("PKG_CONFIG_PATH", kept.data, 1) == 0;
}

// Does --variable=NAME ask where on the board something is to be installed?
static bool is_for_installing(char **args)
{
    static const char *const starts[] = {"systemd",  "udev",   "completions", "tmpfiles",
                                         "sysusers", "sysctl", "giomodule"};
    static const char *const ends[] = {"unitdir", "_services_dir", "rulesdir", "policydir"};
    static const char option[] = "--variable=";
    for (; *args; args++) {
        const char *name = str_starts(*args, option) ? *args + strlen(option) : NULL;
        for (size_t i = 0; name && i < ARRAY_SIZE(starts); i++) {
            if (str_starts(name, starts[i])) {
                return true;
            }
        }
        for (size_t i = 0; name && i < ARRAY_SIZE(ends); i++) {
            if (str_ends(name, ends[i])) {
                return true;
            }
        }
    }
    return false;
}

// A path with the sysroot in front that is there only without it is the user's own.
static bool is_users_own(const char *with_root, size_t root)
{
    size_t n = strcspn(with_root, " \t\n\"'");
    _cleanup_free_ char *path = xstrndup(with_root, n);
    return path[root] == '/' && !fs_exists(path) && fs_exists(path + root);
}

static void print(const struct toolset *t, const char *text, bool strip)
{
    size_t root = strlen(t->root);
    while (*text) {
        if (str_starts(text, t->root) && (strip || is_users_own(text, root))) {
            text += root;
        }
        putchar(*text++);
    }
}

int pkg_config_run(const struct toolset *t, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf out = {0};
    _cleanup_free_ char *libdir =
        xasprintf("%s/usr/lib/%s/pkgconfig:%s/usr/share/pkgconfig", t->root, t->triple, t->root);
    struct err err = ERR_INIT;
    int status = 0;

    if (!t->pkg_config) {
        fputs("error: pkg-config is not installed\nhint: sudo apt install pkg-config\n", stderr);
        return CANNOT_RUN;
    }
    setenv("PKG_CONFIG_SYSROOT_DIR", t->root, 1);
    setenv("PKG_CONFIG_LIBDIR", libdir, 1);
    bool own = set_path(t);
    bool strip = is_for_installing(args);
    strv_add(&argv, t->pkg_config);
    strv_add_all(&argv, args);
    if (!own && !strip) {
        return others_exec(&argv);
    }
    const struct proc_capture capture = {.input = STDIN_FILENO, .max = OUTPUT_MAX, .out = &out};
    if (proc_capture(argv.items, &capture, &status, &err) != 0) {
        fprintf(stderr, "error: %s\n", err.msg);
        return CANNOT_RUN;
    }
    print(t, out.data ? out.data : "", strip);
    return fflush(stdout) == 0 ? status : 1;
}
