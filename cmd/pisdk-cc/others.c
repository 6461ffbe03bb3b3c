// SPDX-License-Identifier: MIT
#include "others.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "command.h"
#include "flags.h"
#include "target/compiler.h"

int others_exec(struct strv *argv)
{
    execvp(argv->items[0], argv->items);
    fprintf(stderr, "error: cannot run %s: %s\n", argv->items[0], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

int others_emulate(const struct toolset *t, const char *program, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, t->pisdk, "run", "--sysroot", t->sysroot, "--board", t->board, NULL);
    strv_add(&argv, program);
    strv_add(&argv, "--");
    strv_add_all(&argv, args);
    return others_exec(&argv);
}

// --- The desktop's compilers ---------------------------------------------------------------------

// Its assembler and linker are found by PATH.
static void leave_path(const struct toolset *t)
{
    const char *path = getenv("PATH");
    _cleanup_free_ char *own = fs_join(t->dir, "bin");
    _cleanup_strbuf_ struct strbuf rest = {0};
    struct slice in = {path ? path : "", path ? strlen(path) : 0};
    struct slice folder;
    while (slice_cut(&in, ':', &folder)) {
        if (!slice_is(folder, own)) {
            strbuf_addf(&rest, "%s%.*s", rest.len ? ":" : "", (int)folder.n, folder.p);
        }
    }
    setenv("PATH", rest.data ? rest.data : "/usr/bin:/bin", 1);
}

static void note_output(char **args)
{
    const char *notes = getenv(TOOLSET_NOTES);
    const char *output = "a.out";
    for (char **a = args; *a; a++) {
        if (strcmp(*a, "-o") == 0 && a[1]) {
            output = a[1];
        } else if (str_starts(*a, "-o")) {
            output = *a + 2;
        }
    }
    _cleanup_free_ char *file = notes ? fs_join(notes, TOOLSET_NOTES_DESKTOP) : NULL;
    _cleanup_free_ char *path = fs_absolute(output);
    _cleanup_free_ char *line = xasprintf("%s\n", path);
    _cleanup_close_ int fd =
        file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        (void)!write(fd, line, strlen(line)); // without it, it is taken for a mistake later
    }
}

int others_desktop(const struct toolset *t, bool cxx, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    const char *compiler = cxx ? t->desktop_cxx : t->desktop_cc;
    if (!compiler) {
        fputs("error: the desktop has no compiler of its own\nhint: sudo apt install gcc g++\n",
              stderr);
        return 127;
    }
    note_output(args);
    leave_path(t);
    strv_add(&argv, compiler);
    for (; *args; args++) {
        if (strcmp(*args, "-Qunused-arguments") != 0) { // found for the board's, which is Clang
            strv_add(&argv, *args);
        }
    }
    return others_exec(&argv);
}

// --- as ------------------------------------------------------------------------------------------

// The desktop's gcc says so, which takes the first as in PATH.
static bool is_for_desktop(char **args)
{
    for (; *args; args++) {
        if (strcmp(*args, "--64") == 0 || strcmp(*args, "--32") == 0 ||
            strcmp(*args, "--x32") == 0) {
            return true;
        }
    }
    return false;
}

int others_assembler(const struct toolset *t, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    if (is_for_desktop(args)) {
        strv_take(&argv, compiler_find_desktops("as"));
    } else if (t->as) {
        strv_add(&argv, t->as);
    } else {
        strv_add(&argv, t->clang);
        strv_add_all(&argv, t->flags.items);
        strv_add_list(&argv, "-c", "-x", "assembler", NULL);
    }
    if (argv.n == 0) {
        fputs("error: the desktop has no assembler\nhint: sudo apt install binutils\n", stderr);
        return 127;
    }
    strv_add_all(&argv, args);
    return others_exec(&argv);
}

// --- The sysroot's -------------------------------------------------------------------------------

// QEMU by itself shows the program the desktop, so that compilers are found; -0 is the name by
// which Python finds pyvenv.cfg, and is called again.
int others_python(const struct toolset *t, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    if (!t->qemu) {
        fprintf(stderr,
                "error: the desktop has no %s, and no QEMU to run the sysroot's\n"
                "hint: sudo apt install qemu-user\n",
                t->python);
        return 127;
    }
    strv_add_list(&argv, t->qemu, "-L", t->root, "-0", NULL);
    strv_addf(&argv, "%s/bin/python3", t->dir);
    strv_addf(&argv, "%s/usr/bin/%s", t->root, t->python);
    strv_add_all(&argv, args);
    return others_exec(&argv);
}

enum { LINE_MAX_LENGTH = 128 };

// The interpreter that a script begins with, "python3"; NULL: it begins with none. The caller
// frees it.
static char *read_interpreter(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    char start[LINE_MAX_LENGTH + 1] = "";
    if (fd < 0 || read(fd, start, LINE_MAX_LENGTH) < 2 || !str_starts(start, "#!")) {
        return NULL;
    }
    struct slice word;
    struct slice line = {start + 2, strcspn(start + 2, "\n")};
    line = slice_trim(line);
    slice_cut(&line, ' ', &word);
    _cleanup_free_ char *program = slice_dup(word);
    if (strcmp(fs_base(program), "env") == 0) {
        slice_cut(&line, ' ', &word);
        return slice_dup(word);
    }
    return xstrdup(fs_base(program));
}

int others_sysroot(const struct toolset *t, const char *name, char **args)
{
    _cleanup_free_ char *path = xasprintf("%s/usr/bin/%s", t->root, name);
    _cleanup_free_ char *interpreter = read_interpreter(path);
    if (interpreter) {
        _cleanup_strv_ struct strv argv = {0};
        if (t->python && str_starts(interpreter, "python3")) {
            strv_addf(&argv, "%s/bin/python3", t->dir);
        }
        strv_add(&argv, path);
        strv_add_all(&argv, args);
        execv(argv.items[0], argv.items);
    }
    return others_emulate(t, name, args);
}

// --- Meson ---------------------------------------------------------------------------------------

// `meson setup …`, or `meson FOLDER`, as it was before 0.42. https://mesonbuild.com/Commands.html
static bool sets_up(char **args)
{
    static const char *const others[] = {
        "configure",   "dist",    "install", "introspect", "init",      "test",   "wrap", "help",
        "subprojects", "rewrite", "compile", "devenv",     "env2mfile", "format", "fmt"};
    return args[0] && args[0][0] != '-' && !str_is_one_of(args[0], others, ARRAY_SIZE(others));
}

int others_meson(const struct toolset *t, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    bool told = !sets_up(args);
    for (size_t i = 0; args[i]; i++) {
        told = told || str_starts(args[i], "--cross-file");
    }
    if (fs_is_below(t->meson, t->root)) { // as a module: it will call itself as it was called
        strv_addf(&argv, "%s/bin/python3", t->dir);
        strv_add_list(&argv, "-m", "mesonbuild.mesonmain", NULL);
    } else {
        strv_add(&argv, t->meson);
    }
    if (!told && strcmp(args[0], "setup") == 0) {
        strv_add(&argv, *args++);
    }
    if (!told) {
        strv_addf(&argv, "--cross-file=%s/cross.ini", t->dir);
        strv_addf(&argv, "--native-file=%s/native.ini", t->dir);
    }
    strv_add_all(&argv, args);
    return others_exec(&argv);
}

// --- pip -----------------------------------------------------------------------------------------

// The desktop's would build for the desktop.
int others_pip(const struct toolset *t, char **args)
{
    _cleanup_free_ char *path = fs_join(t->root, "usr/bin/pip3");
    if (fs_exists(path)) {
        if (args[0] && args[1] && !args[2] && strcmp(args[0], "install") == 0) {
            fprintf(stderr,
                    "hint: packages get into the sysroot by `pisdk sysroot add`: "
                    "pisdk sysroot search %s\n",
                    args[1]);
        }
        return others_sysroot(t, "pip3", args);
    }
    fputs("error: the sysroot has no pip\n"
          "hint: pisdk sysroot add python3-pip python3-setuptools python3-wheel\n",
          stderr);
    return 127;
}
