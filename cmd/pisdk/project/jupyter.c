// SPDX-License-Identifier: MIT
// `pisdk jupyter`: a kernel of Jupyter on an emulated or a real board, for clients on this desktop.

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "pisdk/project/deploy_view.h"
#include "pisdk/requests.h"
#include "run/kernel.h"
#include "target/python.h"

enum { SCRIPT_MAX = 1 << 16 };

static bool is_emulated(const struct app *app)
{
    const char *on = input_value(&app->input, "on");
    return !on || strcmp(on, "emulator") == 0;
}

// "pisdk-heat", "pisdk-heat-cluster": what clients call it.
static char *name_of(const struct app *app)
{
    const char *on = is_emulated(app) ? NULL : input_value(&app->input, "on");
    const char *nodes = input_value(&app->input, "nodes");
    char *name = xasprintf("pisdk-%s%s%s%s%s", app->project.name, on ? "-" : "", on ? on : "",
                           nodes ? "-" : "", nodes ? nodes : "");
    for (char *p = name; *p; p++) {
        *p = strchr(":,[]@/", *p) ? '-' : *p;
    }
    return name;
}

static char *jupyters_file(const char *below, struct err *err)
{
    _cleanup_free_ char *data = kernel_data_folder();
    if (!data) {
        err_set(err, ERR_NOT_FOUND, "HOME is not set");
        return NULL;
    }
    char *file = fs_join(data, below);
    _cleanup_free_ char *folder = fs_parent(file);
    if (fs_mkdir_all(folder, 0700, err) != 0) {
        free(file);
        return NULL;
    }
    return file;
}

// --- In the list of notebooks --------------------------------------------------------------------

static void add_own_words(const struct app *app, struct strv *argv)
{
    static const char *const options[] = {"on", "nodes", "ssh-config", "sysroot"};
    strv_add_list(argv, app->paths.program, "-C", app->project.dir, "jupyter", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        const char *value = input_value(&app->input, options[i]);
        if (value) {
            strv_addf(argv, "--%s=%s", options[i], value);
        }
    }
    if (input_value(&app->input, "with-runtime")) {
        strv_add(argv, "--with-runtime");
    }
    strv_add(argv, "--connection-file={connection_file}");
}

static int install(struct app *app, struct err *err)
{
    _cleanup_free_ char *name = name_of(app);
    _cleanup_free_ char *below = xasprintf("kernels/%s/kernel.json", name);
    _cleanup_free_ char *file = jupyters_file(below, err);
    const char *on = input_value(&app->input, "on");
    _cleanup_free_ char *title =
        xasprintf("Python of %s (%s)", app->project.name, is_emulated(app) ? "emulated board" : on);
    _cleanup_strv_ struct strv argv = {0};
    add_own_words(app, &argv);
    _cleanup_free_ char *text = kernel_spec(title, &argv);
    if (!file || fs_write_file(file, text, strlen(text), 0644, err) != 0) {
        return -1;
    }
    log_info(&app->log, "notebooks now have a kernel `%s`", title);
    log_info(&app->log, "to take it back: jupyter kernelspec remove %s", name);
    return EXIT_OK;
}

// --- A kernel ------------------------------------------------------------------------------------

// The kernel's own copy, in the project's folder, which the emulated board sees.
static int write_copy(struct app *app, struct kernel *k, struct err *err)
{
    _cleanup_free_ char *build = fs_join(app->project.dir, "build");
    if (fs_mkdir_all(build, 0755, err) != 0) {
        return -1;
    }
    k->file = xasprintf("%s/.jupyter-%d.json", build, (int)getpid());
    return fs_write_file(k->file, k->text, strlen(k->text), 0600, err);
}

// For clients: `jupyter console --existing NAME` looks there.
static char *write_for_clients(struct app *app, const struct kernel *k, struct err *err)
{
    _cleanup_free_ char *name = name_of(app);
    _cleanup_free_ char *below = xasprintf("runtime/kernel-%s.json", name);
    char *file = jupyters_file(below, err);
    if (!file || fs_write_file(file, k->text, strlen(k->text), 0600, err) != 0) {
        free(file);
        return NULL;
    }
    return file;
}

static int check_sysroot(struct app *app, const struct target_request *request, struct err *err)
{
    struct target target;
    if (target_choose(&app->work, request, &target, err) != 0) {
        return -1;
    }
    bool has = python_has_package(target.sysroot.root, "ipykernel");
    target_release(&target);
    if (has) {
        return 0;
    }
    err_set(err, ERR_NOT_FOUND, "the sysroot has no kernel for Jupyter");
    return err_hint(err, "pisdk sysroot add python3-ipykernel");
}

// `file` is that for clients; NULL: the client has its own.
static int run_kernel(struct app *app, struct run_request *request, const char *file,
                      struct strv *args, int *status, struct err *err)
{
    struct deploy_view view;
    _cleanup_free_ char *script = fs_join(app->paths.share, "toolchain/board/kernel.py");
    _cleanup_strbuf_ struct strbuf code = {0};

    if (fs_read_file(script, SCRIPT_MAX, &code, err) != 0) {
        return -1;
    }
    strv_add_list(args, "-c", code.data, NULL);
    strv_add(args, is_emulated(app) ? request->kernel->file : "{dir}/kernel.json");
    if (file) { // clients give up when they come too early
        strv_addf(args,
                  "the kernel is ready; Ctrl-C ends it\n"
                  "in a terminal: jupyter console --existing %s\n"
                  "in Spyder: Consoles, Connect to an existing kernel, %s",
                  fs_base(file), file);
    }
    log_info(&app->log, "starting a kernel …");
    deploy_view_begin(&view, app);
    view.quiet = true; // unless something is sent
    const struct deploy_watcher watcher = deploy_view_watcher(&view);
    request->watcher = &watcher;
    int r = run_program(&app->work, request, status, err);
    deploy_view_end(&view);
    return r;
}

static int serve(struct app *app, struct run_request *request, struct strv *args, int *status,
                 struct err *err)
{
    const char *given = input_value(&app->input, "connection-file");
    struct kernel k;
    _cleanup_free_ char *file = NULL;
    int r = given ? kernel_read(given, &k, err) : kernel_make(&k, err);
    r = r == 0 && is_emulated(app) ? write_copy(app, &k, err) : r;
    if (r == 0 && !given) {
        file = write_for_clients(app, &k, err);
        r = file ? 0 : -1;
    }
    request->kernel = &k;
    r = r == 0 ? run_kernel(app, request, file, args, status, err) : r;
    if (k.file) {
        unlink(k.file);
    }
    if (file) {
        unlink(file);
    }
    kernel_release(&k);
    return r;
}

// The boards of a cluster are reached as others are.
static int choose_place(struct app *app, struct run_request *request, struct err *err)
{
    const char *on = input_value(&app->input, "on");
    if (is_emulated(app)) {
        return check_sysroot(app, &request->deploy.target, err) == 0
                   ? run_place_find("emulator", &request->place, &request->which, err)
                   : -1;
    }
    if (strcmp(on, "nodes") != 0 && strcmp(on, "cluster") != 0 && !str_starts(on, "cluster:")) {
        return err_set(err, ERR_USAGE, "a kernel cannot run on `%s`", on);
    }
    request->deploy.where = on;
    return run_place_find("nodes", &request->place, &request->which, err);
}

int cmd_jupyter(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv args = {0};
    static const struct strv none;
    struct run_request request = {.program = "python3",
                                  .args = &args,
                                  .variables = &none,
                                  .mounts = &none,
                                  .mpirun = {.mca = &none, .words = &none},
                                  .memory = RUN_MEMORY_OF_BOARD};
    int status = 0;

    if (deploy_request_read(&app->input, &request.deploy, err) != 0 ||
        choose_place(app, &request, err) != 0) {
        return -1;
    }
    if (input_flag(&app->input, "install")) {
        return install(app, err);
    }
    return serve(app, &request, &args, &status, err) == 0 ? status : -1;
}
