// SPDX-License-Identifier: MIT
// CMake with Ninja, and Meson, which are much alike: both configure a folder once.

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "project/build_internal.h"

// build/compile_commands.json, where editors look, leads to the last configured one.
static int link_compile_commands(const struct build *b, struct err *err)
{
    _cleanup_free_ char *link = fs_join(b->p->dir, "build/compile_commands.json");
    _cleanup_free_ char *target = xasprintf("%s/compile_commands.json", fs_base(b->dir));
    _cleanup_free_ char *fresh = xasprintf("%s.%d", link, (int)getpid());

    if (symlink(target, fresh) != 0 || rename(fresh, link) != 0) {
        return err_sys(err, "cannot create link %s", link);
    }
    return 0;
}

// Builds one target, or all.
static int run_ninja(struct build *b, const char *target, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};

    strv_add_list(&argv, "ninja", "-C", b->dir, NULL);
    if (b->o->jobs > 0) {
        strv_addf(&argv, "-j%ld", b->o->jobs);
    }
    strv_add_all(&argv, b->p->build.args.items);
    strv_add_all(&argv, b->o->extra ? b->o->extra->items : NULL);
    if (target) {
        strv_add(&argv, target);
    }
    return build_run(b, b->p->dir, &argv, status, err);
}

// Configures unless it was with the same words. `fresh` is added when the folder was configured
// with others: what was found in another sysroot must not stay.
static int configure_once(struct build *b, struct strv *argv, const char *result, const char *fresh,
                          int *status, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    _cleanup_free_ char *made = fs_join(b->dir, result);

    strv_add_all(&words, argv->items);
    if (build_is_configured(b, &words, "build.ninja")) {
        return 0;
    }
    if (fs_exists(made)) {
        strv_add(argv, fresh);
    }
    if (build_run(b, b->p->dir, argv, status, err) != 0) {
        return -1;
    }
    if (*status != 0) {
        return 0;
    }
    if (!b->o->aside && link_compile_commands(b, err) != 0) {
        return -1;
    }
    return build_note_configured(b, &words, err);
}

// --- CMake ---------------------------------------------------------------------------------------

static int cmake_configure(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    bool optimised = variant_is_optimised(b->o->variant);

    if (build_need_program("cmake", "cmake", err) != 0 ||
        build_need_program("ninja", "ninja-build", err) != 0) {
        return -1;
    }
    strv_add_list(&argv, "cmake", "-S", b->p->dir, "-B", b->dir, "-G", "Ninja", NULL);
    strv_addf(&argv, "-DCMAKE_TOOLCHAIN_FILE=%s/toolchain.cmake", b->o->tools->dir);
    strv_addf(&argv, "-DCMAKE_BUILD_TYPE=%s", optimised ? "Release" : "Debug");
    strv_add(&argv, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON");
    strv_add_all(&argv, b->p->build.configure.items);
    return configure_once(b, &argv, "CMakeCache.txt", "--fresh", status, err);
}

// A target's name may be that of a program, or of anything, such as `clean`.
static int cmake_has_program(struct build *b, const char *name, bool *has, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    int status;

    strv_add_list(&argv, "ninja", "-C", b->dir, "-t", "query", name, NULL);
    if (build_ask(b, b->p->dir, &argv, &text, &status, err) != 0) {
        return -1;
    }
    *has = status == 0 && text.data && strstr(text.data, "_EXECUTABLE_LINKER__");
    return 0;
}

static int cmake_compile(struct build *b, int *status, struct err *err)
{
    bool has = true;
    if (b->o->program && cmake_has_program(b, b->o->program, &has, err) != 0) {
        return -1;
    }
    *status = PROJECT_UNKNOWN_PROGRAM;
    return has ? run_ninja(b, b->o->program, status, err) : 0;
}

static const char *const cmake_files[] = {"CMakeLists.txt", NULL};

const struct build_system build_cmake = {
    .name = "cmake",
    .files = cmake_files,
    .apart = true,
    .configure = cmake_configure,
    .compile = cmake_compile,
};

// --- Meson ---------------------------------------------------------------------------------------

static int meson_configure(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    bool optimised = variant_is_optimised(b->o->variant);

    if (build_need_program("meson", "meson", err) != 0 ||
        build_need_program("ninja", "ninja-build", err) != 0) {
        return -1;
    }
    strv_add_list(&argv, "meson", "setup", b->dir, b->p->dir, NULL);
    strv_addf(&argv, "--cross-file=%s/cross.ini", b->o->tools->dir);
    strv_addf(&argv, "--native-file=%s/native.ini", b->o->tools->dir);
    strv_addf(&argv, "--buildtype=%s", optimised ? "release" : "debug");
    strv_add_all(&argv, b->p->build.configure.items);
    return configure_once(b, &argv, "meson-private/coredata.dat", "--wipe", status, err);
}

static int meson_compile(struct build *b, int *status, struct err *err)
{
    return run_ninja(b, NULL, status, err);
}

static int meson_test(struct build *b, struct strv *argv, struct err *err)
{
    (void)err;
    strv_add_list(argv, "meson", "test", "-C", b->dir, "--no-rebuild", "--print-errorlogs", NULL);
    return 0;
}

static const char *const meson_files[] = {"meson.build", NULL};

const struct build_system build_meson = {
    .name = "meson",
    .files = meson_files,
    .apart = true,
    .configure = meson_configure,
    .compile = meson_compile,
    .test = meson_test,
};
