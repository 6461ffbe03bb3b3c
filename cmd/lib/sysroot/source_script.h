// SPDX-License-Identifier: MIT
// How a package is built from its source: sysroot-scripts/source/NAME.ini.
//
//     [source]       patches (of ours, beside the script), unpack (words for tar: what is left out)
//     [environment]  NAME = VALUE; nothing else of the user's is there but PATH and HOME
//     [configure], [compile], [install]
//                    run (the words of the program), lines (that it prints, about: for the bar)
//     [paths]        leave_out (what is not wanted of all that gets installed)
//
// In `run` and the environment, {script} is the script's folder, {jobs} the number of cores, {dest}
// where it is to be installed, {flags} the compiler flags of the release. The programs start in the
// source's folder; arm-linux-gnueabihf-clang and such (target/wrapper.h) are in PATH.
#ifndef PISDK_SYSROOT_SOURCE_SCRIPT_H
#define PISDK_SYSROOT_SOURCE_SCRIPT_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

enum { SOURCE_STEPS = 3 };

struct source_step {
    const char *name; // "configure"
    struct strv run;
    long lines;
};

struct source_script {
    char *folder; // where the script is
    struct strv patches, unpack, environment, leave_out;
    struct source_step steps[SOURCE_STEPS];
};

// ERR_USAGE with file and line when it is broken.
int source_script_read(const char *path, struct source_script *out, struct err *err) ERR_MUST_CHECK;
void source_script_release(struct source_script *s);

// The SHA-256 of the script and all files that it names.
int source_script_hash(const char *path, char out[HASH_HEX + 1], struct err *err) ERR_MUST_CHECK;

#endif
