// SPDX-License-Identifier: MIT
// The check before copying: will every program and library of a release be loaded on each board?
//
// What is wanted is read from the files of the release: the interpreter, the libraries that are not
// in the release itself and the versions wanted of them, the processor of their build attributes,
// the size of time_t, and for extension modules the versions of Python and numpy. A board is asked
// by a script, and its answer compared. The answer is foreign text.
#ifndef PISDK_DEPLOY_ABI_H
#define PISDK_DEPLOY_ABI_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "deb/lock.h"
#include "deploy/abi_python.h"
#include "deploy/payload.h"
#include "target/arm.h"

enum { ABI_ANSWER_MAX = 1 << 20 }; // bytes

// A library that boards must have, or a version of it.
struct abi_want {
    char *library;     // "libc.so.6"
    char *version;     // "GLIBC_2.34"; NULL: the library itself
    char *inside;      // where the release has it, though the loader would not look there; or NULL
    struct strv files; // of the release, that want it
};

struct abi_file {
    char *path;        // in the release
    char *interpreter; // NULL: it has none, or brings it along
    struct arm_needs needs;
    bool time64, time32; // it has to do with time_t of that size
};

struct abi_needs {
    struct abi_want *wants; // sorted
    size_t n_wants;
    struct abi_file *files; // the ELF files for ARM
    size_t n_files;
    struct abi_python python;
    bool runtime; // the release brings its C library along
};

// `built_for` is what the processor has that the project was built for (the `limit` of struct
// toolset); NULL: not known. It counts beside the attributes, since lld gives a program those of
// the first object, which is the C library's. ERR_VERIFY for a damaged file. The release need not
// be finished.
int abi_needs_read(const struct payload *r, const struct arm_needs *built_for,
                   struct abi_needs *out, struct err *err) ERR_MUST_CHECK;
void abi_needs_release(struct abi_needs *n);

// The question to a board, as `question` of struct deploy_options: a command of abi.sh.
void abi_question(const struct abi_needs *n, struct strbuf *out);

// What is known on the desktop, for advice.
struct abi_advice {
    const char *boards;      // the folder toolchain/boards
    const char *recipes;     // the folder sysroot-scripts
    const struct lock *lock; // of the sysroot; or NULL
};

struct abi_row {
    char *board, *file, *needs, *has, *solve;
};

struct abi_report {
    struct abi_row *rows;
    size_t n;
};

// Adds a row for each thing that does not fit. `board` is what the user calls it, `host` what ssh
// does. Returns how many were added; -1 with ERR_VERIFY for an answer that cannot be.
int abi_compare(const struct abi_needs *n, const struct abi_advice *advice, const char *answer,
                const char *board, const char *host, struct abi_report *report,
                struct err *err) ERR_MUST_CHECK;
void abi_report_release(struct abi_report *r);

#endif
