// What `pisdk deploy` puts on the boards: the project's programs and libraries, and the files that
// pisdk.ini names.
#ifndef PISDK_WORKSPACE_RELEASE_FILES_H
#define PISDK_WORKSPACE_RELEASE_FILES_H

#include "deploy/payload.h"
#include "workspace/target_choice.h"
#include "workspace/workspace.h"

// Adds what was built: programs and shared libraries of the build folder as bin/PATH, PATH being
// that in the build folder, so that programs find their libraries there as they do here.
int release_files_built(const struct workspace *w, const struct target *target, struct payload *r,
                        struct err *err) ERR_MUST_CHECK;

// Adds `files` of [deploy], patterns of glob(7), at the same paths as in the project. ERR_NOT_FOUND
// for one that means nothing, ERR_USAGE for one outside of the project. Where there are none, those
// of a project of scripts are its scripts.
int release_files_named(const struct workspace *w, struct payload *r,
                        struct err *err) ERR_MUST_CHECK;

// Adds the libraries that files of the release need and that were built for the board before, from
// the project's prefixes and the folders that RUNPATH names: beside each file that needs them,
// where pisdk-ld has told it to look.
int release_files_libraries(const struct workspace *w, const struct target *target,
                            struct payload *r, struct err *err) ERR_MUST_CHECK;

#endif
