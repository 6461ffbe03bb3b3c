// Unpacks packages on all cores while others are still being downloaded.
//
// The caller's thread downloads and hands over each package as it arrives; worker threads unpack.
// The first failure anywhere stops everything.
#ifndef PISDK_SYSROOT_PIPELINE_H
#define PISDK_SYSROOT_PIPELINE_H

#include "base/err.h"
#include "deb/package.h"
#include "fetch/fetch.h"
#include "sysroot/unpack.h"

struct pipeline_report {
    size_t downloaded; // packages that were not in the cache
    uint64_t downloaded_bytes;
};

// `mirrors` has the address of each origin. All packages are unpacked into `target`; `result` has
// what was written. ERR_VERIFY, ERR_NETWORK, ERR_INTERRUPTED …, naming the package.
int pipeline_run(const struct fetch_options *fetch, const struct package_list *packages,
                 const struct strv *mirrors, const struct unpack_target *target,
                 struct unpack_result *result, struct pipeline_report *report,
                 struct err *err) ERR_MUST_CHECK;

#endif
