// SPDX-License-Identifier: MIT
// Changing pisdk.ini: what else is in it, comments too, stays byte for byte as it was.
//
// The file is written only when it can be read afterwards; who reads it sees the old or the new
// one.
#ifndef PISDK_PROJECT_EDIT_H
#define PISDK_PROJECT_EDIT_H

#include "project/project.h"

// Adds sections, as text, at the end of the file. ERR_USAGE when they cannot be read there.
int project_add_sections(const struct project *p, const char *sections,
                         struct err *err) ERR_MUST_CHECK;

// Takes away the sections with these names, as "node pi1". Those that are not there are ignored.
int project_remove_sections(const struct project *p, const struct strv *names,
                            struct err *err) ERR_MUST_CHECK;

#endif
