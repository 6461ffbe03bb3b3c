// SPDX-License-Identifier: MIT
// Command lines of compilers.
#ifndef PISDK_CC_COMMAND_H
#define PISDK_CC_COMMAND_H

#include <stdbool.h>

#include "base/str.h"
#include "target/toolset.h"

enum language { LANGUAGE_C, LANGUAGE_CXX, LANGUAGE_CPP, LANGUAGE_FORTRAN };

// The user's words without what would bring in the desktop: folders of its headers and libraries
// become those of the sysroot, and "native" is the board already.
void command_clean_arguments(const struct toolset *t, char *const *args, struct strv *out);
void command_clean_environment(void);
// Is this a folder where the desktop's own headers and libraries are, and not the compiler's?
bool command_is_desktops(const char *path);

// The compiler's own command line for the user's words.
void command_compiler(const struct toolset *t, enum language language, const struct strv *words,
                      struct strv *argv);

struct mpi_call {
    const struct toolset *toolset;
    enum language language;
    const char *prefix; // "arm-linux-gnueabihf-"
};

// The same with MPI. True: the words only asked for something (-show, --showme:compile, …), which
// is printed.
bool command_mpi(const struct mpi_call *call, const struct strv *words, struct strv *argv);

// Do the words stop before linking (-c, -E, …)?
bool command_only_compiles(const struct strv *words);

#endif
