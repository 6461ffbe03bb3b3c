// SPDX-License-Identifier: MIT
// Which program a user means.
#ifndef PISDK_WORKSPACE_PROGRAM_CHOICE_H
#define PISDK_WORKSPACE_PROGRAM_CHOICE_H

#include "workspace/target_choice.h"
#include "workspace/workspace.h"

// WORD is the name of a program of the project, which is built first when needed, a path, or a
// command of the sysroot; NULL: the program that pisdk.ini names. Writes its absolute path, which
// the caller frees; one in the sysroot is as the board sees it. ERR_NOT_FOUND with what there is;
// ERR_FAILED when it is not for ARM.
int program_find(const struct workspace *w, struct target *target, const char *word, char **program,
                 bool *in_sysroot, struct err *err) ERR_MUST_CHECK;

// A program of this name where builds put them, below a folder: in it, in bin/ or in src/. NULL:
// there is none; the caller frees it.
char *program_find_below(const char *dir, const char *name);

// Has the sysroot a command of this name?
bool program_in_sysroot(const struct target *t, const char *name);

// What runs a script, by the end of the script's name; NULL: not a script.
struct interpreter {
    const char *suffix;            // ".py"
    const char *program, *package; // of the sysroot
};
const struct interpreter *program_interpreter(const char *name);

#endif
