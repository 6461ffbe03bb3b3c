// What a release that is passed on says of the parts that others have made.
#ifndef PISDK_WORKSPACE_NOTICES_H
#define PISDK_WORKSPACE_NOTICES_H

#include "deploy/payload.h"
#include "workspace/target_choice.h"
#include "workspace/workspace.h"

// Adds share/licences/PACKAGE, the copyright file of each package of the sysroot that something in
// the release comes from, and share/sbom/NAME.spdx.json, the bill of materials, which `sbom` gets
// as well. `work` is a folder that must stay as long as the release. For a release that is not
// finished yet.
int notices_add(const struct workspace *w, const struct target *t, const char *name,
                const char *work, struct payload *r, struct strbuf *sbom,
                struct err *err) ERR_MUST_CHECK;

#endif
