// Builds a sysroot from signed Debian packages.
//
// The new sysroot is made beside its place and appears under its name in one rename; a build that
// is killed leaves the old sysroot or none, and the next one goes on from the cache. A lock keeps
// two builds of the same name apart.
#ifndef PISDK_SYSROOT_BUILD_H
#define PISDK_SYSROOT_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "deb/recipe.h"

struct sysroot_build_options {
    const char *data, *cache; // the user's folders, see base/paths.h
    const char *mirror;       // URL, or NULL for the desktop's own
    const char *etc_apt;      // NULL: /etc/apt
    long stall_seconds;       // 0: the default
    bool refresh;             // ask the mirror even when the sysroot is up to date
    struct log *log;
};

struct sysroot_build_report {
    bool up_to_date; // nothing had to be done
    size_t packages, downloaded;
    uint64_t downloaded_bytes, bytes;
    double seconds;
};

int sysroot_build(const struct recipe *recipe, const struct sysroot_build_options *o,
                  struct sysroot_build_report *report, struct err *err) ERR_MUST_CHECK;

#endif
