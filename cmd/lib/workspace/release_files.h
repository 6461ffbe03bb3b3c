// SPDX-License-Identifier: MIT
// What `pisdk deploy` puts on the boards: the project's programs and libraries, and the files that
// pisdk.ini names.
#ifndef PISDK_WORKSPACE_RELEASE_FILES_H
#define PISDK_WORKSPACE_RELEASE_FILES_H

#include "deploy/payload.h"
#include "workspace/target_choice.h"
#include "workspace/workspace.h"

// What of the sysroot a release brings along.
struct release_runtime {
    const char *work;            // a folder for scripts, which must stay as long as the release
    const struct strv *with;     // "python", "r": also where no file asks for it; or NULL
    const struct strv *packages; // of the sysroot, which go along; or NULL
    bool small;                  // without what is for speed, see deploy/runtime.h
};

// Builds the project, and adds to `r` in this order:
//
// what was built, programs and shared libraries of the build folder, as bin/PATH, PATH being that
// in the build folder, so that programs find their libraries there as they do here;
//
// `files` of [deploy], patterns of glob(7), at the same paths as in the project (ERR_NOT_FOUND for
// one that means nothing, ERR_USAGE for one outside of the project); where there are none, those of
// a project of scripts are its scripts;
//
// the libraries that these need and that were built for the board before, from the project's
// prefixes and the folders that RUNPATH names, beside each file that needs them, where pisdk-ld has
// told it to look;
//
// and the runtime, unless `runtime` is NULL or there is nothing to start.
int release_files_collect(const struct workspace *w, struct target *target,
                          const struct release_runtime *runtime, struct payload *r,
                          struct err *err) ERR_MUST_CHECK;

#endif
