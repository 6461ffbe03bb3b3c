// SPDX-License-Identifier: MIT
// What the files of the check share.
#ifndef PISDK_DEPLOY_ABI_INTERNAL_H
#define PISDK_DEPLOY_ABI_INTERNAL_H

#include "deploy/abi.h"

// What a board said.
struct abi_found {
    char *library, *file;
};

struct abi_answer {
    struct abi_found *libraries;
    size_t n_libraries;
    struct strv versions; // "/lib/…/libc.so.6:GLIBC_2.34"
    struct strv interpreters;
    char *id, *release, *codename;
    char *features;
    long class, machine; // of its /bin/sh
    long architecture, implementer, part;
    long time_bits;      // 0: not known
    struct strv pythons; // "3.11"
    char *numpy;         // "1.24.2"; NULL: none
    bool complete;
};

// Reads the answer; what is not complete says so.
void abi_answer_read(const char *text, struct abi_answer *a);
void abi_answer_release(struct abi_answer *a);

// The file of a library of the board, which it owns; NULL: it has none.
const char *abi_answer_library(const struct abi_answer *a, const char *library);

struct abi_comparison {
    const struct abi_needs *needs;
    const struct abi_advice *advice;
    const struct abi_answer *answer;
    const char *board, *host;
    struct abi_report *report;
};

// All texts become the row's.
void abi_add_row(const struct abi_comparison *c, char *file, char *needs, char *has, char *solve);
// "a.so and 2 more"; the caller frees it.
char *abi_name_files(const struct strv *files);
// What can be done when the C library or another one of the system does not fit. The caller frees
// it.
char *abi_solve_release(const struct abi_comparison *c);

// Extension modules.
void abi_python_compare(const struct abi_comparison *c);

#endif
