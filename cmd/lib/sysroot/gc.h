// SPDX-License-Identifier: MIT
// Removes what no sysroot needs any more.
#ifndef PISDK_SYSROOT_GC_H
#define PISDK_SYSROOT_GC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "sysroot/store.h"

struct gc_options {
    const char *data, *cache; // the user's folders, see base/paths.h
    bool dry_run;             // only count
    bool downloads;           // the downloads of the sysroots that stay, too
};

struct gc_report {
    struct strv sysroots; // of projects that are gone or have another lock now
    size_t packages;      // unpacked ones that no sysroot has
    size_t files;         // downloads, indexes and leftovers
    uint64_t bytes;       // freed
};

// ERR_FAILED with EWOULDBLOCK in err->sys while a sysroot is being built.
int gc_run(const struct gc_options *o, struct gc_report *report, struct err *err) ERR_MUST_CHECK;
// The folders of the projects that still have the lock that the sysroot was made from. false: it
// was made for none. `by_its_name` says whether a project without a lock wants the sysroot of this
// name; NULL: no.
bool sysroot_users(const struct sysroot *s,
                   bool (*by_its_name)(const char *project, const char *name),
                   struct strv *projects);

void gc_report_release(struct gc_report *report);

#endif
