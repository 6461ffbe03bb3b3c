// SPDX-License-Identifier: MIT
#include "run/record.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "remote/fleet.h"
#include "run/mpirun.h"
#include "target/toolset_make.h"
#include "workspace/node_choice.h"

#define PACKED ".tar.gz" // of a board, while it is fetched

enum { OUTPUT_MAX = 1 << 16, LIBRARY_MAX = 1 << 24 };

static bool is_ours(const char *name)
{
    return str_ends(name, ".trace") || str_ends(name, PACKED) ||
           strcmp(name, RECORD_LIBRARY) == 0 || strcmp(name, RECORD_PROGRAM) == 0;
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
    const struct proc_context place = {.env = &env};

    *library = TAKE_PTR(made);
    if (is_fresh(*library, sources)) {
        return 0;
    }
    toolset_whole_environment(tools, &env);
    strv_add_list(&argv, mpicc, "-std=gnu11", "-O2", "-fPIC", "-shared", "-o", fresh, source, NULL);
    log_working(run->w->log, "compiling the recorder for this sysroot");
    int r = proc_succeed(argv.items, &place, NULL, err);
    log_working(run->w->log, NULL);
    if (r == 0 && rename(fresh, *library) != 0) {
        r = err_sys(err, "cannot rename %s", fresh);
    }
    if (r != 0) {
        unlink(fresh);
        return err_wrap(err, "cannot compile the recorder for sysroot `%s`",
                        run->target.sysroot.name);
    }
    return 0;
}

static int find_library(const struct run *run, char **library, struct err *err)
{
    struct toolset tools;
    if (target_make_toolset(run->w, &run->request->deploy.target, &tools, err) != 0) {
        return -1;
    }
    int r = make_library(run, &tools, library, err);
    toolset_release(&tools);
    return r;
}

static int copy_library(const char *library, const char *folder, struct err *err)
{
    _cleanup_free_ char *copy = fs_join(folder, RECORD_LIBRARY);
    _cleanup_strbuf_ struct strbuf bytes = {0};
    return fs_read_file(library, LIBRARY_MAX, &bytes, err) == 0
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

// What the ranks are told: the folder that has the library, and the one that they write to.
static void add_variables(const struct run *run, const char *folder, const char *recording,
                          struct strv *words)
{
    _cleanup_free_ char *preload = xasprintf("LD_PRELOAD=%s/" RECORD_LIBRARY, folder);
    _cleanup_free_ char *place = xasprintf("PISDK_TRACE_DIR=%s", recording);
    mpirun_add_variable(preload, run->mpich, words);
    mpirun_add_variable(place, run->mpich, words);
}

int record_prepare(struct run *run, struct err *err)
{
    const char *folder = run->request->trace;
    _cleanup_free_ char *library = NULL;
    if (run->request->ranks == 0) {
        err_set(err, ERR_USAGE, "a trace is of the ranks of an MPI program");
        return err_hint(err, "pisdk run -n 4 --trace …");
    }
    if (record_begin(folder, run->program, &run->args, err) != 0 ||
        find_library(run, &library, err) != 0) {
        return -1;
    }
    if (!run->request->place->sees_project) {
        run->recorder = TAKE_PTR(library);
        return 0;
    }
    add_variables(run, folder, folder, &run->mpirun);
    return copy_library(library, folder, err);
}

// --- On boards -----------------------------------------------------------------------------------

// Below the folder that programs run in.
static char *recording_of(const struct run *run)
{
    return xasprintf("trace-%s", run->id);
}

void record_add_words(const struct run *run, const struct project_deploy *d, struct strv *words)
{
    _cleanup_free_ char *folder = run->recorder ? project_deploy_folder(d) : NULL;
    _cleanup_free_ char *recording = recording_of(run);
    if (folder) {
        add_variables(run, folder, recording, words);
    }
}

static void write_part(void *user, const char *data, size_t n)
{
    (void)!fwrite(data, 1, n, user);
}

// What a board sends, into a file, which stays empty where no rank ran.
static int download(const struct strv *ssh, const char *packed, struct err *err)
{
    _cleanup_strbuf_ struct strbuf out = {0};
    int status = 0;
    FILE *file = fopen(packed, "we");
    if (!file) {
        return err_sys(err, "cannot write %s", packed);
    }
    const struct proc_capture fetch = {
        .input = -1, .max = OUTPUT_MAX, .on_data = write_part, .user = file, .out = &out};
    int r = proc_capture(ssh->items, &fetch, &status, err);
    bool written = !ferror(file);
    if (fclose(file) != 0 || !written) {
        return err_set(err, ERR_FAILED, "cannot write %s", packed);
    }
    return r == 0 && status != 0
               ? err_set(err, ERR_NODES, "the connection ended with status %d", status)
               : r;
}

// What one board has, by ssh and tar, into the folder.
static int fetch_from(const struct run *run, const struct remotes *nodes, size_t i,
                      const char *script, struct err *err)
{
    _cleanup_free_ char *recording = recording_of(run);
    _cleanup_free_ char *packed = xasprintf("%s/%zu" PACKED, run->request->trace, i);
    _cleanup_strv_ struct strv args = {0};
    _cleanup_strv_ struct strv ssh = {0};
    _cleanup_strv_ struct strv tar = {0};
    strv_add_list(&args, run->w->project->name, recording, NULL);
    fleet_script_argv(nodes, &nodes->items[i], script, &args, &ssh);
    strv_add_list(&tar, "tar", "-xzf", packed, "-C", run->request->trace, "--wildcards",
                  "--no-wildcards-match-slash", "*.trace", NULL);
    int r = download(&ssh, packed, err);
    if (r == 0 && !fs_is_empty_file(packed)) {
        r = proc_succeed(tar.items, NULL, NULL, err);
    }
    unlink(packed);
    return r;
}

int record_fetch(const struct run *run, const struct remotes *nodes, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    if (!run->recorder) {
        return 0;
    }
    if (nodes_read_script(run->w, "trace-fetch.sh", &script, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < nodes->n; i++) {
        log_progress(run->w->log, "fetching the trace", i, nodes->n);
        struct err why = ERR_INIT;
        if (fetch_from(run, nodes, i, script.data, &why) != 0) {
            log_warning(run->w->log, "the trace lacks what is on %s: %s", nodes->items[i].name,
                        why.msg);
        }
    }
    log_progress(run->w->log, "fetching the trace", nodes->n, nodes->n);
    return 0;
}
