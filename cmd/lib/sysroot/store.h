// SPDX-License-Identifier: MIT
// The sysroots on this machine: where they are and what is in them.
//
//     DATA/sysroots/NAME/root/       the sysroot itself
//                        folders/    every folder of it, empty (what the emulator merges it with)
//                        native/     programs that need no emulation, see sysroot/native.h
//                        mnt/        empty: where the emulator mounts
//                        pisdk.lock  what it was made from, see deb/lock.h
//                        files       what is in root/, see sysroot/tree.h
//                        projects    the projects that use it, one path a line
//     DATA/sysroots/.NAME.lock       held while NAME is built or removed
//     DATA/sysroots/.NAME.new        being built
//
// NAME is that of a recipe ("bookworm", "bookworm-mpich"), or, for a project whose lock is another
// than that of the sysroot of that name, NAME-12345678, the digits being the lock's.
#ifndef PISDK_SYSROOT_STORE_H
#define PISDK_SYSROOT_STORE_H

#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"
#include "deb/lock.h"

#define SYSROOT_PROJECTS "projects"

enum { SYSROOT_PROJECTS_MAX = 1 << 20 }; // bytes of that file

struct sysroot {
    char *name;     // of the folder
    char *dir;      // DATA/sysroots/NAME
    char *root;     // the sysroot's folder, what compilers get
    char built[32]; // UTC, "2026-11-22 10:00"
    struct lock lock;
};

// `name` may also be the absolute path of a sysroot's folder, with or without /root at its end.
// ERR_NOT_FOUND with the command that builds it, when it is not there.
int sysroot_open(const char *data, const char *name, struct sysroot *out,
                 struct err *err) ERR_MUST_CHECK;

// The sysroot that was made from just this lock. ERR_NOT_FOUND when there is none.
int sysroot_open_locked(const char *data, const struct lock *lock, struct sysroot *out,
                        struct err *err) ERR_MUST_CHECK;
void sysroot_release(struct sysroot *s);

// The names of all finished sysroots.
int sysroot_names(const char *data, struct strv *names, struct err *err) ERR_MUST_CHECK;

// Removes a sysroot: under its lock, renamed first, so that it is never seen half gone.
int sysroot_remove(const char *data, const char *name, struct err *err) ERR_MUST_CHECK;

// Remembers that the project in `project` uses this sysroot, so that it is not thought unused.
void sysroot_note_project(const struct sysroot *s, const char *project);

// Takes the lock of a name; the descriptor is the caller's to close.
int sysroot_lock(const char *data, const char *name, enum fs_lock_kind kind,
                 struct err *err) ERR_MUST_CHECK;

// A path beside the sysroots: ".NAME.SUFFIX".
char *sysroot_side_path(const char *data, const char *name, const char *suffix);

// Letters, digits, ".", "_", "-"; not starting with "." or "-".
bool sysroot_name_is_valid(const char *name);

#endif
