// SPDX-License-Identifier: MIT
// A sysroot as one file, for machines without pisdk, and back.
//
//     NAME/pisdk.lock     what it was made of
//          files          what is in root/, as mtree(5)
//          root/          the sysroot
//          toolchain/     pisdk.cmake and boards/
//          bin/           arm-linux-gnueabihf-clang and -clang++
//          README
//
// The same sysroot gives the same tar; the compressed bytes also depend on the version of libzstd.
#ifndef PISDK_SYSROOT_EXPORT_H
#define PISDK_SYSROOT_EXPORT_H

#include "base/err.h"
#include "base/log.h"
#include "sysroot/store.h"

#define EXPORT_SUFFIX ".tar.zst"

// Writes the file; an old one is replaced when the new one is complete. ERR_VERIFY when the sysroot
// is not as it was made.
int sysroot_export(const struct sysroot *s, const char *share, const char *file, struct log *log,
                   struct err *err) ERR_MUST_CHECK;

// Makes a sysroot from such a file, under the name that its lock says, or, when there is another of
// that name, NAME-12345678. `name` is the caller's to free; `found` is set when it was there
// already. Nothing in the file is believed: ERR_VERIFY when it is damaged or hostile, or its tree
// is not that of its lock.
int sysroot_import_file(const char *data, const char *file, struct log *log, char **name,
                        bool *found, struct err *err) ERR_MUST_CHECK;

#endif
