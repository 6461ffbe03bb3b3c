// SPDX-License-Identifier: MIT
#include "run/record.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "run/mpirun.h"
#include "target/toolset_make.h"

enum { OUTPUT_MAX = 1 << 16, LIBRARY_MAX = 1 << 24 };

static bool is_ours(const char *name)
{
    return str_ends(name, ".trace") || strcmp(name, RECORD_LIBRARY) == 0 ||
           strcmp(name, RECORD_PROGRAM) == 0;
}

static int make_folder(const char *folder, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    if (fs_mkdir_all(folder, 0777, err) != 0 || fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (!is_ours(names.items[i])) {
            err_set(err, ERR_USAGE, "%s is no folder of a trace: it has %s in it", folder,
                    names.items[i]);
            return err_hint(err, "give another name: --trace=NAME.html");
        }
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        unlink(path);
    }
    return 0;
}

// Is it newer than all that it is made of?
static bool is_fresh(const char *library, const char *sources)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    struct stat made;
    bool fresh = stat(library, &made) == 0 && fs_list_dir(sources, &names, &ignored) == 0;
    for (size_t i = 0; i < names.n && fresh; i++) {
        _cleanup_free_ char *path = fs_join(sources, names.items[i]);
        struct stat source;
        fresh = stat(path, &source) == 0 && made.st_mtime >= source.st_mtime;
    }
    return fresh;
}

// Compiled at the first use, and kept with the toolset, whose MPI it is for.
static int make_library(const struct run *run, const struct toolset *tools, char **library,
                        struct err *err)
{
    _cleanup_free_ char *sources = fs_join(run->w->paths->share, "toolchain/trace");
    _cleanup_free_ char *source = fs_join(sources, "trace.c");
    _cleanup_free_ char *mpicc = xasprintf("%s/bin/mpicc", tools->dir);
    _cleanup_free_ char *made = xasprintf("%s/lib/%s", tools->dir, RECORD_LIBRARY);
    _cleanup_free_ char *fresh = xasprintf("%s.%d", made, (int)getpid());
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv env = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    const struct proc_context place = {.env = &env};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &said, .errors = &said, .place = &place};
    int status = 0;

    *library = TAKE_PTR(made);
    if (is_fresh(*library, sources)) {
        return 0;
    }
    toolset_whole_environment(tools, &env);
    strv_add_list(&argv, mpicc, "-std=gnu11", "-O2", "-fPIC", "-shared", "-o", fresh, source, NULL);
    log_working(run->w->log, "compiling the recorder for this sysroot");
    int r = proc_capture(argv.items, &capture, &status, err);
    log_working(run->w->log, NULL);
    if (r != 0) {
        return -1;
    }
    if (status != 0 || rename(fresh, *library) != 0) {
        _cleanup_free_ char *last = str_last_line(said.data ? said.data : "");
        unlink(fresh);
        return err_set(err, ERR_FAILED, "cannot compile %s for sysroot `%s`: %s", source,
                       run->target.sysroot.name, last);
    }
    return 0;
}

static int copy_library(const struct run *run, const char *folder, struct err *err)
{
    _cleanup_free_ char *library = NULL;
    _cleanup_free_ char *copy = fs_join(folder, RECORD_LIBRARY);
    _cleanup_strbuf_ struct strbuf bytes = {0};
    struct toolset tools;
    if (target_make_toolset(run->w, &run->request->deploy.target, &tools, err) != 0) {
        return -1;
    }
    int r = make_library(run, &tools, &library, err);
    toolset_release(&tools);
    return r == 0 && fs_read_file(library, LIBRARY_MAX, &bytes, err) == 0
               ? fs_write_file(copy, bytes.data, bytes.len, 0755, err)
               : -1;
}

static int write_program(const char *folder, const char *program, const struct strv *args,
                         struct err *err)
{
    _cleanup_free_ char *file = fs_join(folder, RECORD_PROGRAM);
    _cleanup_free_ char *words = strv_join(args, "\n");
    _cleanup_free_ char *text = xasprintf("%s\n%s\n", program, words);
    return fs_write_file(file, text, strlen(text), 0644, err);
}

int record_begin(const char *folder, const char *program, const struct strv *args, struct err *err)
{
    return make_folder(folder, err) == 0 ? write_program(folder, program, args, err) : -1;
}

static int check(const struct run *run, struct err *err)
{
    if (run->request->ranks == 0) {
        err_set(err, ERR_USAGE, "a trace is of the ranks of an MPI program");
        return err_hint(err, "pisdk run -n 4 --trace …");
    }
    if (!run->request->place->sees_project) {
        err_set(err, ERR_USAGE,
                "a trace is recorded on the emulator or an emulated cluster, and not "
                "on %s yet",
                run->request->place->name);
        return err_hint(err, "pisdk run --on cluster --trace …");
    }
    return 0;
}

int record_prepare(struct run *run, struct err *err)
{
    const char *folder = run->request->trace;
    _cleanup_free_ char *preload = xasprintf("LD_PRELOAD=%s/%s", folder, RECORD_LIBRARY);
    _cleanup_free_ char *place = xasprintf("PISDK_TRACE_DIR=%s", folder);
    if (check(run, err) != 0 || record_begin(folder, run->program, &run->args, err) != 0 ||
        copy_library(run, folder, err) != 0) {
        return -1;
    }
    mpirun_add_variable(preload, run->mpich, &run->mpirun);
    mpirun_add_variable(place, run->mpich, &run->mpirun);
    return 0;
}
