// SPDX-License-Identifier: MIT
// A toolset: what turns C into programs for one sysroot, one board and one way of building.
//
// It is a folder with commands under the names that build systems look for, made by
// target/toolset_make.h:
//
//     bin/             arm-linux-gnueabihf-clang, …-mpicc, …-pkg-config, …; and what builds ask by
//                      plain names: cc, gcc, ld, ar, uname, … (target/toolset_commands.h)
//     lib/emulate      runs a program of the board: what binfmt_misc is told by `pisdk exec`
//     lib/ld.lld       the linker that they use: lld, and checks of what it made
//     toolset          this file's text: a key, a space and a value a line
//     config.site      answers for Autoconf
//     cross.ini, native.ini   for Meson
//     pyvenv.cfg, lib/python3.X/   for Python, see target/python.h
//     toolchain.cmake  for CMake
//
// The commands are links to two small programs, pisdk-cc and pisdk-ld, which read `toolset` beside
// their own place. Nothing is read but that, so a command costs a millisecond.
#ifndef PISDK_TARGET_TOOLSET_H
#define PISDK_TARGET_TOOLSET_H

#include "base/err.h"
#include "base/str.h"
#include "target/arm.h"

struct toolset {
    char *dir;     // the folder; not in the file
    char *triple;  // "arm-linux-gnueabihf"
    char *root;    // the sysroot's folder
    char *sysroot; // as `pisdk run --sysroot` takes it
    char *board;
    char *pisdk; // the program
    char *clang, *clangxx, *lld;
    char *gfortran, *ccache, *pkg_config; // NULL: not installed, or not to be used
    char *desktop_cc, *desktop_cxx;       // its compilers, for tools of a build; NULL: the same
    char *as;                             // GNU's assembler for the board; NULL: not installed
    char *gcc;                            // the version of the board's gcc: "12.2.0"; or NULL
    char *python;                         // the sysroot's: "python3.11"; NULL: it has none
    char *python_desktops; // the interpreter that builds use; NULL: the sysroot's own, by qemu
    char *qemu;
    char *meson;         // the sysroot's, else the desktop's; NULL: not installed
    char *openmp;        // the folder of LLVM's omp.h in the sysroot; NULL: it has none
    char *mpi;           // "openmpi", "mpich"; NULL: the sysroot has none
    char *glibc;         // the newest version that programs may need; NULL: the sysroot's
    char *glibc_from;    // who wants that, for messages
    char *debug;         // where the linker puts debug information; NULL: it stays in the file
    char *limit;         // what the board's processor has, see toolset_limit
    struct strv flags;   // Clang's for target, sysroot and board
    struct strv compile; // for compiling: debug information, sanitizers, …
    struct strv link;    // for linking
    struct strv fortran; // gfortran's for target, sysroot and board
    struct strv mpi_include, mpi_libdir, mpi_modules; // folders; modules are Fortran's
    struct strv mpi_c, mpi_cxx, mpi_fortran;          // libraries, without lib
    struct strv prefixes; // folders that libraries for the board were installed to
    struct strv programs; // of the sysroot, which its packages' users run in builds: protoc, …
};

#define TOOLSET_FILE "toolset"

// The variable that names a folder for the time of a build, and a file in it: what the desktop's
// compilers were asked to make, a path a line. The folder also has a file for each flag that the
// user was told of.
#define TOOLSET_NOTES         "PISDK_BUILD_NOTES"
#define TOOLSET_NOTES_DESKTOP "desktop"

// Names the folder of Clang's own headers during a build: programs that it runs may be told of
// them.
#define TOOLSET_HEADERS "PISDK_BUILD_HEADERS"

// In its lib folder, where Fortran's library is found for linking.
#define TOOLSET_FORTRAN "fortran"

// Set to "maybe", which is Autoconf's word for it, in builds that can run programs for the board.
#define TOOLSET_RUNS "PISDK_RUNS_PROGRAMS"

// Debian's full names of the desktop's compilers, which mean them in a build as well.
#define TOOLSET_DESKTOP_CC  "x86_64-linux-gnu-gcc"
#define TOOLSET_DESKTOP_CXX "x86_64-linux-gnu-g++"

// Reads DIR/toolset.
int toolset_read(const char *dir, struct toolset *out, struct err *err) ERR_MUST_CHECK;
// The text of the file.
void toolset_format(const struct toolset *t, struct strbuf *out);
void toolset_release(struct toolset *t);

// What the processor of the board has that is built for. False when the toolset does not say.
bool toolset_limit(const struct toolset *t, struct arm_needs *out);

// The folder of the toolset that a command belongs to, from how it was called: ARGV0 is a path, or
// a name that PATH leads to. NULL when it cannot be told; the caller frees it.
char *toolset_folder_of(const char *argv0);

#endif
