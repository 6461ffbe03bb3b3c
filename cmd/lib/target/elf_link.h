// SPDX-License-Identifier: MIT
// What a linked program asks of the C library and the processor, and which object asked for it.
//
// The bytes are foreign: every function gives ERR_VERIFY for a damaged file.
#ifndef PISDK_TARGET_ELF_LINK_H
#define PISDK_TARGET_ELF_LINK_H

#include "base/err.h"
#include "base/str.h"
#include "target/arm.h"

// A symbol that a program or library takes from another library in a certain version.
struct elf_import {
    char *symbol;
    char *version; // "GLIBC_2.34"
};

// A version that a library must have for the program to be loaded.
struct elf_version_need {
    char *library; // "libc.so.6"
    char *version; // "GLIBC_2.34"
};

struct elf_linked {
    struct elf_import *imports; // only those with a version
    size_t n_imports;
    struct elf_version_need *versions; // but those that it can do without
    size_t n_versions;
    struct arm_needs needs; // of all that it was linked from
    bool has_debug;         // it has debug information
};

// Reads a linked file. One that is no ELF file for ARM is empty.
int elf_read_linked(const char *path, struct elf_linked *out, struct err *err) ERR_MUST_CHECK;
void elf_linked_release(struct elf_linked *l);

// The build id as hexadecimal digits, in `id`, which the caller frees; NULL when there is none.
int elf_build_id(const char *path, char **id, struct err *err) ERR_MUST_CHECK;

// What an object file needs.
struct elf_object {
    struct arm_needs needs;
    struct strv undefined; // symbols that it takes from elsewhere; only when they are asked for
};

// Who is told of objects.
struct elf_object_reader {
    // Is this one of interest? Others are not read. NULL: all are.
    bool (*wants)(void *user, const char *name);
    void (*on_object)(void *user, const char *name, const struct elf_object *object);
    void *user;
    bool symbols; // read the undefined symbols, too
};

// Reads an object file, or every object file in an archive, which is named as linkers do:
// "lib.a(member.o)". Files of other kinds, shared libraries among them, have none.
int elf_read_objects(const char *path, const struct elf_object_reader *reader,
                     struct err *err) ERR_MUST_CHECK;

// Is the version "GLIBC_2.34" newer than the floor "2.31"? False for other libraries' versions.
bool elf_version_exceeds(const char *version, const char *floor);
// "2.31": two numbers with a dot between them.
bool elf_is_glibc_version(const char *text);

#endif
