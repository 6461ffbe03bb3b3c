#include "project/build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "target/compiler.h"

enum { OUTPUT_MAX = 64 << 20 };

static int check_tools(struct err *err)
{
    static const char *const tools[][2] = {{"cmake", "cmake"}, {"ninja", "ninja-build"}};
    struct compiler compiler;

    if (compiler_find(&compiler, err) != 0) {
        return -1;
    }
    compiler_release(&compiler);
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        _cleanup_free_ char *path = fs_find_program(tools[i][0]);
        if (!path) {
            err_set(err, ERR_NOT_FOUND, "%s is not installed", tools[i][0]);
            return err_hint(err, "sudo apt install %s", tools[i][1]);
        }
    }
    return 0;
}

// Runs a step; its output goes to `output`, or, when that is NULL, where ours goes.
static int run_step(const struct strv *argv, struct strbuf *output, int *status, struct err *err)
{
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = output, .errors = output};
    return output ? proc_capture(argv->items, &capture, status, err)
                  : proc_run(argv->items, status, err);
}

// Was the folder configured with other settings (another pisdk, another sysroot)?
static bool is_configured(const char *dir, const char *settings)
{
    _cleanup_free_ char *mark = fs_join(dir, ".pisdk-settings");
    _cleanup_free_ char *ninja = fs_join(dir, "build.ninja");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    return fs_exists(ninja) && fs_read_file(mark, 1 << 16, &text, &ignored) == 0 && text.data &&
           strcmp(text.data, settings) == 0;
}

// build/compile_commands.json, where editors look, leads to the last configured one.
static int link_compile_commands(const struct project *p, const char *dir, struct err *err)
{
    _cleanup_free_ char *link = fs_join(p->dir, "build/compile_commands.json");
    _cleanup_free_ char *target = xasprintf("%s/compile_commands.json", fs_base(dir));
    _cleanup_free_ char *fresh = xasprintf("%s.%d", link, (int)getpid());

    if (symlink(target, fresh) != 0 || rename(fresh, link) != 0) {
        return err_sys(err, "cannot create link %s", link);
    }
    return 0;
}

static int configure(const struct project *p, const struct project_build_options *o,
                     const char *dir, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    bool debug = strcmp(o->type, "debug") == 0;

    strv_add_list(&argv, "cmake", "-S", p->dir, "-B", dir, "-G", "Ninja", NULL);
    strv_addf(&argv, "-DCMAKE_TOOLCHAIN_FILE=%s/toolchain/pisdk.cmake", o->share);
    strv_addf(&argv, "-DPISDK_SYSROOT=%s", o->sysroot);
    strv_addf(&argv, "-DPISDK_BOARD=%s", o->board);
    strv_addf(&argv, "-DPISDK_EXECUTABLE=%s", o->program);
    strv_addf(&argv, "-DCMAKE_BUILD_TYPE=%s", debug ? "Debug" : "Release");
    strv_add(&argv, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON");
    _cleanup_free_ char *settings = strv_join(&argv, "\n");
    _cleanup_free_ char *mark = fs_join(dir, ".pisdk-settings");
    *status = 0;
    if (is_configured(dir, settings)) {
        return 0;
    }
    // Without --fresh, CMake would keep what it found in the old sysroot.
    if (fs_exists(dir)) {
        strv_add(&argv, "--fresh");
    }
    if (run_step(&argv, o->output, status, err) != 0) {
        return -1;
    }
    if (*status != 0) {
        return 0;
    }
    if (link_compile_commands(p, dir, err) != 0) {
        return -1;
    }
    return fs_write_file(mark, settings, strlen(settings), 0644, err);
}

static int compile(const struct project_build_options *o, const char *dir, int *status,
                   struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};

    strv_add_list(&argv, "ninja", "-C", dir, NULL);
    if (o->jobs > 0) {
        strv_addf(&argv, "-j%ld", o->jobs);
    }
    strv_add_all(&argv, o->extra ? o->extra->items : NULL);
    return run_step(&argv, o->output, status, err);
}

int project_build(const struct project *p, const struct project_build_options *o, int *status,
                  struct err *err)
{
    _cleanup_free_ char *dir = project_build_dir(p, o->board, o->type);
    _cleanup_free_ char *lists = fs_join(p->dir, "CMakeLists.txt");

    if (!fs_exists(lists)) {
        err_set(err, ERR_NOT_FOUND, "%s has no CMakeLists.txt", p->dir);
        return -1;
    }
    if (check_tools(err) != 0 || (o->clean && fs_remove_tree(dir, err) != 0)) {
        return -1;
    }
    _cleanup_free_ char *parent = fs_parent(dir);
    if (fs_mkdir_all(parent, 0755, err) != 0) {
        return -1;
    }
    log_debug(o->log, "building in %s", dir);
    if (configure(p, o, dir, status, err) != 0) {
        return -1;
    }
    return *status != 0 ? 0 : compile(o, dir, status, err);
}
