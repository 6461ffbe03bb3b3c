// SPDX-License-Identifier: MIT
// Checks that a sysroot is complete: every library that an ELF file in it needs is in it.
#ifndef PISDK_SYSROOT_VERIFY_H
#define PISDK_SYSROOT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

// `root` is the sysroot's folder, `triple` names its library folders, `elf_files` are paths in it.
// `only_arm`: what an armv7l system cannot load is not looked at.
// A needed library is looked for in the file's RUNPATH and in the folders of Debian's loader.
// ERR_VERIFY with the missing libraries and who needs them.
int sysroot_verify_needed(int root, const char *triple, bool only_arm, const struct strv *elf_files,
                          struct err *err) ERR_MUST_CHECK;

#endif
