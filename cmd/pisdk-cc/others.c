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

int others_sysroot(const struct toolset *t, const char *name, char **args)
{
    _cleanup_free_ char *path = xasprintf("%s/usr/bin/%s", t->root, name);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    char start[2] = "";
    if (fd >= 0 && read(fd, start, 2) == 2 && start[0] == '#' && start[1] == '!') {
        _cleanup_strv_ struct strv argv = {0};
        strv_add(&argv, path);
        strv_add_all(&argv, args);
        execv(path, argv.items);
    }
    return others_emulate(t, name, args);
}
