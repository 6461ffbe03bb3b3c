// SPDX-License-Identifier: MIT
#include "run/script.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "debug/coverage.h"
#include "debug/coverage_python.h"
#include "target/python.h"
#include "workspace/program_choice.h"

enum { SCRIPT_MAX = 4 << 20 };

// What names its interpreter itself is left to the kernel; not so Python, for its runner.
bool script_is(const char *path)
{
    const struct interpreter *i = program_interpreter(path);
    _cleanup_fclose_ FILE *file = i ? fopen(path, "re") : NULL;
    char start[2] = "";
    bool names_it = file && fread(start, 1, 2, file) == 2 && start[0] == '#' && start[1] == '!';
    return i && (!names_it || strcmp(i->program, "python3") == 0);
}

int script_prepare(struct run *run, struct err *err)
{
    const struct interpreter *i = program_interpreter(run->program);
    bool here = run->request->place == &run_emulator; // boards have their own
    if (here && !program_in_sysroot(&run->target, i->program)) {
        err_set(err, ERR_NOT_FOUND, "%s needs %s, which the sysroot does not have",
                fs_base(run->program), i->program);
        return err_hint(err, "pisdk sysroot add %s",
                        run_is_mpi(run) && str_eq(i->program, "python3") ? "python3-mpi4py"
                                                                         : i->package);
    }
    run->script = run->program;
    run->program = xasprintf("/usr/bin/%s", i->program);
    run->in_sysroot = true;
    return 0;
}

// --- Python and MPI ------------------------------------------------------------------------------

// In the sysroot, or beside the script.
static bool has_in_python(const struct run *run, const char *script, const char *name)
{
    _cleanup_free_ char *own = fs_parent(script);
    return python_has_package(run->target.sysroot.root, name) || python_has_module(own, name);
}

// Where the interpreter's own options end: "-c", "-m", "-" or a script.
static size_t skip_options(const struct strv *args)
{
    size_t i = 0;
    while (i < args->n && args->items[i][0] == '-' && args->items[i][1] != '\0' &&
           strcmp(args->items[i], "-c") != 0 && strcmp(args->items[i], "-m") != 0) {
        bool with_value = strcmp(args->items[i], "-W") == 0 || strcmp(args->items[i], "-X") == 0;
        i += with_value ? 2 : 1;
    }
    return i < args->n ? i : args->n;
}

void script_use_runner(struct run *run)
{
    bool python = run->in_sysroot && str_starts(fs_base(run->program), "python3");
    size_t at = skip_options(&run->args);
    bool used = at + 1 < run->args.n && strcmp(run->args.items[at], "-m") == 0 &&
                str_starts(run->args.items[at + 1], "mpi4py");
    if (!python || !run_is_mpi(run) || at == run->args.n || used) {
        return;
    }
    struct strv args = {0};
    _cleanup_free_ char *path = fs_join(run->w->paths->share, "toolchain/board/mpi_python.py");
    _cleanup_strbuf_ struct strbuf runner = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(path, SCRIPT_MAX, &runner, &ignored) != 0) {
        return; // Python goes without
    }
    for (size_t i = 0; i < run->args.n; i++) {
        if (i == at) {
            strv_add_list(&args, "-c", runner.data, NULL);
        }
        strv_add(&args, run->args.items[i]);
    }
    strv_release(&run->args);
    run->args = args;
}

// Modules of a Python package are in a folder of their own; those of other build systems are where
// they put them.
static char *find_modules(const struct run *run)
{
    static const char *const places[] = {"", "python", "src"};
    const struct project *p = run->w->project;
    _cleanup_free_ char *dir = project_build_dir(p, run->target.board.name, run->target.type);
    _cleanup_free_ char *package = fs_join(dir, "python");
    if (fs_is_dir(package)) {
        return TAKE_PTR(package);
    }
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *folder = *places[i] ? fs_join(dir, places[i]) : xstrdup(dir);
        _cleanup_free_ char *pattern = xasprintf("%s/*.cpython-*.so", folder);
        glob_t found;
        if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
            globfree(&found);
            return TAKE_PTR(folder);
        }
    }
    return NULL;
}

// Folders that stand in front are searched first.
static void add_to_path(struct run *run, const char *folder)
{
    static const char name[] = "PYTHONPATH=";
    for (size_t i = 0; i < run->variables.n; i++) {
        char *variable = run->variables.items[i];
        if (str_starts(variable, name)) {
            run->variables.items[i] = xasprintf("%s%s:%s", name, folder, variable + strlen(name));
            free(variable);
            return;
        }
    }
    strv_addf(&run->variables, "%s%s", name, folder);
}

void script_add_modules(struct run *run)
{
    const char *counts = getenv(COVERAGE_FOLDER);
    bool python = run->in_sysroot && str_starts(fs_base(run->program), "python3");
    if (!python || !run->request->place->sees_project) {
        return;
    }
    _cleanup_free_ char *modules = run->w->project ? find_modules(run) : NULL;
    if (modules) {
        add_to_path(run, modules);
    }
    _cleanup_free_ char *coverage = counts ? fs_parent(counts) : NULL;
    _cleanup_free_ char *startup =
        coverage ? coverage_python_environment(coverage, &run->variables) : NULL;
    if (startup) {
        add_to_path(run, startup);
    }
}

// --- What a script that failed may lack ----------------------------------------------------------

// Names that people import, and Debian's packages of them.
static const struct str_pair packages[] = {
    {"mpi4py", "python3-mpi4py"},
    {"numpy", "python3-numpy"},
    {"scipy", "python3-scipy"},
    {"pandas", "python3-pandas"},
    {"h5py", "python3-h5py"},
    {"matplotlib", "python3-matplotlib"},
    {"sympy", "python3-sympy"},
    {"sklearn", "python3-sklearn"},
    {"skimage", "python3-skimage"},
    {"networkx", "python3-networkx"},
    {"PIL", "python3-pil"},
    {"cv2", "python3-opencv"},
    {"yaml", "python3-yaml"},
    {"requests", "python3-requests"},
    {"serial", "python3-serial"},
    {"psutil", "python3-psutil"},
    {"tqdm", "python3-tqdm"},
    {"pytest", "python3-pytest"},
    {"numba", "python3-numba"},
    {"cffi", "python3-cffi"},
    {"lxml", "python3-lxml"},
    {"netCDF4", "python3-netcdf4"},
    {"tables", "python3-tables"},
    {"zmq", "python3-zmq"},
    {"gpiozero", "python3-gpiozero"},
    {"smbus", "python3-smbus"},
    {"setuptools", "python3-setuptools"},
    {"distutils", "python3-distutils"},
    {"tkinter", "python3-tk"},
};

static bool is_import_of(struct slice line, const char *module)
{
    struct slice word;
    struct slice name;
    if (!slice_word(&line, &word) || !(slice_is(word, "import") || slice_is(word, "from"))) {
        return false;
    }
    while (slice_word(&line, &name)) {
        size_t n = strlen(module);
        if (name.n >= n && memcmp(name.p, module, n) == 0 &&
            (name.n == n || name.p[n] == '.' || name.p[n] == ',')) {
            return true;
        }
        if (slice_is(word, "from")) {
            return false;
        }
    }
    return false;
}

static void tell_line(const struct run *run, const char *script, struct slice line,
                      struct strv *missing)
{
    for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
        if (is_import_of(line, packages[i].mark) && !has_in_python(run, script, packages[i].mark) &&
            !strv_has(missing, packages[i].value)) {
            strv_add(missing, packages[i].value);
        }
    }
}

static bool is_python2(struct slice line)
{
    struct slice word;
    struct slice rest = line;
    return slice_word(&rest, &word) && slice_is(word, "print") && slice_trim(rest).n > 0 &&
           strchr("\"'%", slice_trim(rest).p[0]) != NULL;
}

// pip says what to do on a desktop.
static void tell_pip(const struct run *run)
{
    for (size_t i = 0; i + 2 < run->args.n; i++) {
        if (strcmp(run->args.items[i], "pip") == 0 &&
            strcmp(run->args.items[i + 1], "install") == 0 && run->args.items[i + 2][0] != '-') {
            log_info(run->w->log, "hint: pisdk sysroot search %s", run->args.items[i + 2]);
        }
    }
}

// mpi4py asks for MPI_THREAD_MULTIPLE, with which Open MPI 4 has no windows over TCP or on ARM.
static bool needs_one_thread(const struct run *run, const char *text)
{
    return !run->mpich && run_is_mpi(run) && strstr(text, "MPI.Win.") &&
           !strstr(text, "thread_level") && !strstr(text, "rc.threads");
}

void script_tell(const struct run *run, int status)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strv_ struct strv missing = {0};
    struct err ignored = ERR_INIT;
    struct slice line;
    bool old = false;
    size_t at = 0;

    if (status != 0) {
        tell_pip(run);
    }
    while (at < run->args.n && !str_ends(run->args.items[at], ".py")) {
        at++;
    }
    if (status == 0 || at == run->args.n || !str_starts(fs_base(run->program), "python3") ||
        fs_read_file(run->args.items[at], SCRIPT_MAX, &text, &ignored) != 0) {
        return;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        tell_line(run, run->args.items[at], line, &missing);
        old = old || is_python2(line);
    }
    if (old) {
        log_info(run->w->log, "hint: %s is written for Python 2; 2to3 (package 2to3) rewrites it",
                 run->args.items[at]);
    }
    if (text.data && needs_one_thread(run, text.data)) {
        log_info(run->w->log, "hint: for windows with Debian's Open MPI, before MPI is imported: "
                              "import mpi4py; mpi4py.rc.thread_level = \"serialized\"");
    }
    if (missing.n > 0) {
        _cleanup_free_ char *names = strv_join(&missing, " ");
        log_info(run->w->log, "hint: pisdk sysroot add %s", names);
    }
}
