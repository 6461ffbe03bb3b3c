// How a package is built from its source: sysroot-scripts/build/NAME.ini.
#ifndef PISDK_SYSROOT_SOURCE_SCRIPT_H
#define PISDK_SYSROOT_SOURCE_SCRIPT_H

#include "base/err.h"
#include "base/hash.h"

// The SHA-256 of the script and all files that it names.
int source_script_hash(const char *path, char out[HASH_HEX + 1], struct err *err) ERR_MUST_CHECK;

#endif
