// Unpacks a .deb into a sysroot.
//
// Everything is written below a directory handle: a member whose path is absolute, has "..", or
// leads through a symbolic link is refused, and so are devices, fifos and sockets. Modes are
// normalised to 0755 and 0644, so setuid bits are gone. Several packages may be unpacked into one
// tree at the same time, each by its own thread.
#ifndef PISDK_SYSROOT_UNPACK_H
#define PISDK_SYSROOT_UNPACK_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct unpack_target {
    int root;                     // the sysroot's folder
    const struct strv *leave_out; // patterns, see deb/recipe.h
    const struct strv *keep;      // exceptions from leave_out
};

struct unpack_result {
    struct strv elf_files; // paths in the sysroot of the ELF files that were written
    uint64_t bytes;        // written
};

// ERR_VERIFY when the package is damaged or hostile. The result is added to.
int unpack_deb(const struct unpack_target *t, const char *debfile, struct unpack_result *result,
               struct err *err) ERR_MUST_CHECK;

void unpack_result_release(struct unpack_result *result);

#endif
