// SPDX-License-Identifier: MIT
// The release that a bundle has (deploy/bundle.h), from the project.
#ifndef PISDK_WORKSPACE_BUNDLE_FILES_H
#define PISDK_WORKSPACE_BUNDLE_FILES_H

#include "deploy/bundle.h"
#include "workspace/target_choice.h"
#include "workspace/workspace.h"

struct bundle_wish {
    struct bundle_names names;
    const struct strv *with, *packages; // see struct release_runtime; or NULL
};

// Builds the project, and adds to `r` what release_files_collect does, small; what every bundle
// has; and what tells of the parts that others have made: share/licences/PACKAGE, the copyright
// file of each package of the sysroot that something in the release comes from, and
// share/sbom/NAME.spdx.json, the bill of materials, which `sbom` gets as well. For a release that
// is not finished yet.
int bundle_files_collect(const struct workspace *w, struct target *t,
                         const struct bundle_wish *wish, struct payload *r, struct strbuf *sbom,
                         struct err *err) ERR_MUST_CHECK;

#endif
