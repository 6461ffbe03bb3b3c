// SPDX-License-Identifier: MIT
// Templates: what `pisdk new` makes a project of.
//
// A template is a folder with a file template.ini ([template] summary, run, packages) and a folder
// files/ with a pisdk.ini in it, which is copied with @NAME@, @SYSROOT@ and @BOARD@ replaced, in
// file names and in texts. Another @VARIABLE@ is an error, but in files that end in .in, which have
// variables of a build system. Templates may be anybody's: only files and folders are copied, no
// link is followed, and nothing of theirs is executed.
#ifndef PISDK_PROJECT_TEMPLATE_H
#define PISDK_PROJECT_TEMPLATE_H

#include "base/err.h"
#include "base/str.h"

struct template_values {
    const char *name, *sysroot, *board;
};

struct template
{
    char *dir;            // the template's folder
    char *fetched;        // a temporary folder that it is in, or NULL
    char *summary;        // one line, never NULL
    char *run;            // the command that runs its program, with @NAME@; NULL: pisdk run
    struct strv packages; // Debian packages that a project made of it needs in its sysroot
};

// The names of all templates in `folder`, sorted.
int template_names(const char *folder, struct strv *names, struct err *err) ERR_MUST_CHECK;

// Opens the template that a user means: a name in `folder`, the path of a folder, or what
// `git clone` takes: an URL, or HOST:PATH. ERR_NOT_FOUND, with the nearest name as hint.
int template_open(const char *folder, const char *which, struct template *out,
                  struct err *err) ERR_MUST_CHECK;
void template_release(struct template *t);

// Makes `target` (which is missing or an empty folder) from the template. On failure nothing of it
// stays. ERR_USAGE when the folder is not empty, or the template has something in it that it may
// not have, with file and line.
int template_create(const struct template *t, const char *target,
                    const struct template_values *values, struct err *err) ERR_MUST_CHECK;

#endif
