// SPDX-License-Identifier: MIT
// The commands of a toolset: one program, which does what the name that it is called by says.
//
//     arm-linux-gnueabihf-clang, -clang++, -gcc, -g++, …   the desktop's Clang, for the board
//     mpicc, mpicxx, mpifort, … (also with the prefix)      the same with MPI, as Open MPI's and
//                                                           MPICH's own wrappers work
//     pkg-config (also with the prefix)                     of the sysroot only
//     as (also with the prefix)                             GNU's where it is installed
//     x86_64-linux-gnu-gcc, …-g++                           the desktop's own
//     mpirun, mpiexec                                       emulated
//     gsl-config, protoc, …                                 of the sysroot's packages
//     python3, pip                                          likewise, see target/python.h
//     meson                                                 the same, with the files for the board
//     emulate                                               what binfmt_misc starts, see
//                                                           sandbox/transparent.c
//
// Without a prefix, gcc, g++ and so on are the same as with it: a build has the names of the board.
//
// See target/toolset.h. Nothing of the desktop gets into a program: variables that name folders for
// the desktop's compilers are dropped, and -I/usr/include or -L/usr/lib mean those of the sysroot.
#include <stdio.h>
#include <string.h>

#include "answers.h"
#include "assembly.h"
#include "base/fs.h"
#include "command.h"
#include "flags.h"
#include "libraries.h"
#include "others.h"
#include "pkg_config.h"

static const struct role {
    const char *name;
    enum language language;
    bool mpi;
} compilers[] = {
    {"clang", LANGUAGE_C, false},        {"gcc", LANGUAGE_C, false},
    {"cc", LANGUAGE_C, false},           {"cpp", LANGUAGE_CPP, false},
    {"c89", LANGUAGE_C, false},          {"c99", LANGUAGE_C, false},
    {"clang++", LANGUAGE_CXX, false},    {"g++", LANGUAGE_CXX, false},
    {"c++", LANGUAGE_CXX, false},        {"gfortran", LANGUAGE_FORTRAN, false},
    {"mpicc", LANGUAGE_C, true},         {"mpicxx", LANGUAGE_CXX, true},
    {"mpic++", LANGUAGE_CXX, true},      {"mpiCC", LANGUAGE_CXX, true},
    {"mpifort", LANGUAGE_FORTRAN, true}, {"mpif90", LANGUAGE_FORTRAN, true},
    {"mpif77", LANGUAGE_FORTRAN, true},
};

// The words are the program's path, its argv[0], and its arguments.
static int run_for_kernel(const struct toolset *t, char **args)
{
    if (!args[0] || !args[1]) {
        return 1;
    }
    _cleanup_free_ char *path =
        strchr(args[0], '/') ? xstrdup(args[0]) : xasprintf("./%s", args[0]);
    return others_emulate(t, path, args + 2);
}

static int run_compiler(const struct toolset *t, const struct role *role, const char *prefix,
                        char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv words = {0};
    bool of_gcc = !str_starts(role->name, "clang");

    if (role->language == LANGUAGE_FORTRAN && !t->gfortran) {
        fprintf(stderr,
                "error: the Fortran compiler for the board is not installed\n"
                "hint: sudo apt install gfortran-%s\n",
                t->triple);
        return 127;
    }
    if (strcmp(role->name, "c89") == 0 || strcmp(role->name, "c99") == 0) {
        strv_addf(&words, "-std=%s", role->name); // a later one counts
    }
    command_clean_arguments(t, args, &words);
    if (answer_question(t, of_gcc, &words)) {
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (role->language != LANGUAGE_FORTRAN) {
        flags_drop_unknown(t, &words);
    }
    if (!libraries_are_there(t, role->language, &words)) {
        return 1;
    }
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
    return assembly_has(&words) ? assembly_run(t, &argv) : others_exec(&argv);
}

// "gcc" of "arm-linux-gnueabihf-gcc-12", "mpicc" of "mpicc.openmpi".
static char *plain_name(const struct toolset *t, const char *called)
{
    _cleanup_free_ char *prefix = xasprintf("%s-", t->triple);
    const char *name = called + (str_starts(called, prefix) ? strlen(prefix) : 0);
    const char *dot = strrchr(name, '.');
    const char *dash = strrchr(name, '-');
    if (dot && t->mpi && strcmp(dot + 1, t->mpi) == 0) {
        return xstrndup(name, (size_t)(dot - name));
    }
    if (dash && dash[1] != '\0' && strspn(dash + 1, "0123456789") == strlen(dash + 1)) {
        return xstrndup(name, (size_t)(dash - name));
    }
    return xstrdup(name);
}

static int run_named(const struct toolset *t, const char *called, char **args)
{
    _cleanup_free_ char *name = plain_name(t, called);
    _cleanup_free_ char *prefix = xasprintf("%s-", t->triple);

    if (strcmp(called, TOOLSET_DESKTOP_CC) == 0 || strcmp(called, TOOLSET_DESKTOP_CXX) == 0) {
        return others_desktop(t, strcmp(called, TOOLSET_DESKTOP_CXX) == 0, args);
    }
    for (size_t i = 0; i < ARRAY_SIZE(compilers); i++) {
        if (strcmp(name, compilers[i].name) == 0) {
            return run_compiler(t, &compilers[i], prefix, args);
        }
    }
    if (strcmp(name, "mpirun") == 0 || strcmp(name, "mpiexec") == 0 ||
        strcmp(name, "orterun") == 0) {
        return others_emulate(t, name, args);
    }
    if (strcmp(name, "emulate") == 0) {
        return run_for_kernel(t, args);
    }
    if (strcmp(name, "pkg-config") == 0 || strcmp(name, "pkgconf") == 0) {
        return pkg_config_run(t, args);
    }
    if (strcmp(name, "as") == 0) {
        return others_assembler(t, args);
    }
    if (t->meson && strcmp(name, "meson") == 0) {
        return others_meson(t, args);
    }
    if (t->python && (strcmp(name, "pip") == 0 || strcmp(name, "pip3") == 0)) {
        return others_pip(t, args);
    }
    if (t->python && (strcmp(called, "python3") == 0 || strcmp(called, "python") == 0 ||
                      strcmp(called, t->python) == 0)) {
        return others_python(t, args);
    }
    if (strv_has(&t->programs, called)) {
        return others_sysroot(t, called, args);
    }
    fprintf(stderr, "error: pisdk-cc does not know what to do as `%s`\n", called);
    return 1;
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
    int status = run_named(&t, fs_base(argv[0]), argv + 1);
    toolset_release(&t);
    return status;
}
