// The sysroots on this machine: where they are and what is in them.
//
//     DATA/sysroots/NAME/root/      the sysroot itself
//                        folders/   every folder of it, empty (what the emulator merges it with)
//                        mnt/       empty: where the emulator mounts
//                        manifest   deb822: one paragraph about the sysroot, then one a package
//     DATA/sysroots/.NAME.lock      held while NAME is built or removed
//     DATA/sysroots/.NAME.new       being built
#ifndef PISDK_SYSROOT_STORE_H
#define PISDK_SYSROOT_STORE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "deb/package.h"
#include "deb/recipe.h"

struct sysroot {
    char *name, *title, *arch, *triple;
    char *dir;                         // DATA/sysroots/NAME
    char *root;                        // the sysroot's folder, what compilers get
    char *recipe_sha256, *built;       // `built`: UTC, "2026-11-22 10:00"
    long ranks_max;                    // what its MPI can start on one board; 0: no limit
    uint64_t bytes;                    // unpacked
    struct strv environment, rootless; // NAME=VALUE for emulated programs, from the recipe
    struct package_list packages;
};

// `name` may also be the absolute path of a sysroot's folder, with or without /root at its end.
// ERR_NOT_FOUND with the command that builds it, when it is not there.
int sysroot_open(const char *data, const char *name, struct sysroot *out,
                 struct err *err) ERR_MUST_CHECK;
void sysroot_release(struct sysroot *s);

// The names of all finished sysroots.
int sysroot_names(const char *data, struct strv *names, struct err *err) ERR_MUST_CHECK;

// Removes a sysroot: under its lock, renamed first, so that it is never seen half gone.
int sysroot_remove(const char *data, const char *name, struct err *err) ERR_MUST_CHECK;

// Takes the lock of a name; the descriptor is the caller's to close. See fs_lock for `wait`.
int sysroot_lock(const char *data, const char *name, bool wait, struct err *err) ERR_MUST_CHECK;

// A path beside the sysroots: ".NAME.SUFFIX".
char *sysroot_side_path(const char *data, const char *name, const char *suffix);

// Letters, digits, ".", "_", "-"; not starting with "." or "-".
bool sysroot_name_is_valid(const char *name);

// Writes DIR/manifest.
int sysroot_write_manifest(const char *dir, const struct recipe *recipe,
                           const struct package_list *packages, uint64_t bytes,
                           struct err *err) ERR_MUST_CHECK;

#endif
