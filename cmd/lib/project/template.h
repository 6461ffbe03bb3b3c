// Templates: what `pisdk new` makes a project of.
//
// templates/NAME/template.ini ([template] summary) and templates/NAME/files/, copied with @NAME@,
// @SYSROOT@ and @BOARD@ replaced in contents and in file names.
#ifndef PISDK_PROJECT_TEMPLATE_H
#define PISDK_PROJECT_TEMPLATE_H

#include "base/err.h"
#include "base/str.h"

struct template_values {
    const char *name, *sysroot, *board;
};

// The names of all templates in `folder`, sorted.
int template_names(const char *folder, struct strv *names, struct err *err) ERR_MUST_CHECK;
// One line about it; the caller frees.
int template_summary(const char *folder, const char *name, char **summary,
                     struct err *err) ERR_MUST_CHECK;

// Makes `target` (which is missing or an empty folder) from the template. On failure nothing of it
// stays. ERR_NOT_FOUND for an unknown template, with the nearest name as hint; ERR_USAGE when the
// folder is not empty.
int template_create(const char *folder, const char *name, const char *target,
                    const struct template_values *values, struct err *err) ERR_MUST_CHECK;

#endif
