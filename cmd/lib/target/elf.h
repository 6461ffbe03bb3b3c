// SPDX-License-Identifier: MIT
// What an ELF file is and needs (libelf). The bytes are foreign.
#ifndef PISDK_TARGET_ELF_H
#define PISDK_TARGET_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct elf_info {
    bool is_elf; // false: the rest is empty
    bool is_64;
    bool is_object;    // ET_REL: not linked yet
    uint16_t machine;  // EM_ARM, …
    char *interpreter; // NULL when statically linked, or a library
    char *runpath;     // DT_RUNPATH, else DT_RPATH, else NULL
    char *soname;      // of a library that has one, else NULL
    struct strv needed;
    // What it takes of memory when it is loaded, in bytes: code and constants; data that it brings;
    // data that begins as zeros.
    uint64_t text, data, bss;
};

// Reads the file behind `fd`. A file that is not ELF is not an error. ERR_VERIFY when it starts
// like an ELF file and is damaged.
int elf_read_fd(int fd, struct elf_info *out, struct err *err) ERR_MUST_CHECK;
int elf_read(const char *path, struct elf_info *out, struct err *err) ERR_MUST_CHECK;
void elf_info_release(struct elf_info *info);

// Can an armv7l Linux system load it?
bool elf_is_arm(const struct elf_info *info);
// "x86-64", "AArch64", …, as users call them.
const char *elf_machine_name(const struct elf_info *info);

#endif
