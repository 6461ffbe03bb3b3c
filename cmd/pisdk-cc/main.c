// The commands of a toolset: one program, which does what the name that it is called by says.
//
//     arm-linux-gnueabihf-clang, -clang++, -gcc, -g++, …   the desktop's Clang, for the board
//     mpicc, mpicxx, mpifort, … (also with the prefix)      the same with MPI, as Open MPI's and
//                                                           MPICH's own wrappers work
//     arm-linux-gnueabihf-pkg-config                        of the sysroot only
//     mpirun, mpiexec                                       emulated
//     emulate                                               what binfmt_misc starts, see cmd_exec.c
//
// See target/toolset.h. Nothing of the desktop gets into a program: variables that name folders for
// the desktop's compilers are dropped, and -I/usr/include or -L/usr/lib mean those of the sysroot.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "command.h"

static const struct role {
    const char *name;
    enum language language;
    bool mpi;
} compilers[] = {
    {"clang", LANGUAGE_C, false},        {"gcc", LANGUAGE_C, false},
    {"cc", LANGUAGE_C, false},           {"cpp", LANGUAGE_CPP, false},
    {"clang++", LANGUAGE_CXX, false},    {"g++", LANGUAGE_CXX, false},
    {"c++", LANGUAGE_CXX, false},        {"gfortran", LANGUAGE_FORTRAN, false},
    {"mpicc", LANGUAGE_C, true},         {"mpicxx", LANGUAGE_CXX, true},
    {"mpic++", LANGUAGE_CXX, true},      {"mpiCC", LANGUAGE_CXX, true},
    {"mpifort", LANGUAGE_FORTRAN, true}, {"mpif90", LANGUAGE_FORTRAN, true},
    {"mpif77", LANGUAGE_FORTRAN, true},
};

static int run_command(struct strv *argv)
{
    execvp(argv->items[0], argv->items);
    fprintf(stderr, "error: cannot run %s: %s\n", argv->items[0], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

static int run_pkg_config(const struct toolset *t, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_free_ char *libdir =
        xasprintf("%s/usr/lib/%s/pkgconfig:%s/usr/share/pkgconfig", t->root, t->triple, t->root);
    if (!t->pkg_config) {
        fputs("error: pkg-config is not installed\nhint: sudo apt install pkg-config\n", stderr);
        return 127;
    }
    setenv("PKG_CONFIG_SYSROOT_DIR", t->root, 1);
    setenv("PKG_CONFIG_LIBDIR", libdir, 1);
    unsetenv("PKG_CONFIG_PATH");
    strv_add(&argv, t->pkg_config);
    strv_add_all(&argv, args);
    return run_command(&argv);
}

static int run_emulated(const struct toolset *t, const char *program, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, t->pisdk, "run", "--sysroot", t->sysroot, "--board", t->board, NULL);
    strv_add(&argv, program);
    strv_add(&argv, "--");
    strv_add_all(&argv, args);
    return run_command(&argv);
}

// The words are the program's path, its argv[0], and its arguments.
static int run_for_kernel(const struct toolset *t, char **args)
{
    if (!args[0] || !args[1]) {
        return 1;
    }
    _cleanup_free_ char *path =
        strchr(args[0], '/') ? xstrdup(args[0]) : xasprintf("./%s", args[0]);
    return run_emulated(t, path, args + 2);
}

static int run_compiler(const struct toolset *t, const struct role *role, const char *prefix,
                        char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv words = {0};

    if (role->language == LANGUAGE_FORTRAN && !t->gfortran) {
        fprintf(stderr,
                "error: the Fortran compiler for the board is not installed\n"
                "hint: sudo apt install gfortran-%s\n",
                t->triple);
        return 127;
    }
    command_clean_arguments(t, args, &words);
    if (role->mpi) {
        if (!t->mpi) {
            fprintf(stderr, "error: the sysroot %s has no MPI\n", t->root);
            return 1;
        }
        struct mpi_call call = {.toolset = t, .language = role->language, .prefix = prefix};
        if (command_mpi(&call, &words, &argv)) {
            return fflush(stdout) == 0 ? 0 : 1;
        }
    } else {
        command_compiler(t, role->language, &words, &argv);
    }
    command_clean_environment();
    return run_command(&argv);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct toolset t;
    _cleanup_free_ char *folder = argc > 0 ? toolset_folder_of(argv[0]) : NULL;

    if (!folder || toolset_read(folder, &t, &err) != 0) {
        fprintf(stderr,
                "error: %s\n"
                "hint: run `pisdk env` to make the commands again\n",
                folder ? err.msg : "run it by one of the names that `pisdk env` prints");
        return 1;
    }
    const char *name = fs_base(argv[0]);
    _cleanup_free_ char *prefix = xasprintf("%s-", t.triple);
    name += str_starts(name, prefix) ? strlen(prefix) : 0;
    int status = -1;
    for (size_t i = 0; i < ARRAY_SIZE(compilers) && status < 0; i++) {
        if (strcmp(name, compilers[i].name) == 0) {
            status = run_compiler(&t, &compilers[i], prefix, argv + 1);
        }
    }
    if (status < 0 && (strcmp(name, "mpirun") == 0 || strcmp(name, "mpiexec") == 0)) {
        status = run_emulated(&t, name, argv + 1);
    } else if (status < 0 && strcmp(name, "emulate") == 0) {
        status = run_for_kernel(&t, argv + 1);
    } else if (status < 0 && strcmp(name, "pkg-config") == 0) {
        status = run_pkg_config(&t, argv + 1);
    } else if (status < 0) {
        fprintf(stderr, "error: pisdk-cc does not know what to do as `%s`\n", name);
        status = 1;
    }
    toolset_release(&t);
    return status;
}
