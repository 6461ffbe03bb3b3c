// SPDX-License-Identifier: MIT
// Files and folders.
//
// Paths are the user's own (trusted); foreign paths, such as the members of a package, go through
// sysroot/unpack, which works below a directory handle. Returned strings are the caller's to free.
#ifndef PISDK_BASE_FS_H
#define PISDK_BASE_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
bool fs_is_program(const char *path); // a regular file that this user may execute
bool fs_is_empty_file(const char *path);
bool fs_dir_is_empty(const char *path);

char *fs_join(const char *dir, const char *name);    // "dir/name"; `name` alone when it is absolute
char *fs_parent(const char *path);                   // "a/b" -> "a", "a" -> "."
const char *fs_base(const char *path);               // "a/b" -> "b"; points into `path`
char *fs_real_path(const char *path);                // NULL when it does not exist
char *fs_absolute(const char *path);                 // made absolute, without looking at it
bool fs_is_below(const char *path, const char *dir); // `path` is `dir` or inside it; textual

// The first executable `name` in PATH, absolute; NULL when there is none.
char *fs_find_program(const char *name);
// All executables of these names, absolute, in the order of PATH, and within a folder in ours.
void fs_find_programs(const char *const names[], size_t n, struct strv *found);

// The whole file, at most `max` bytes. ERR_NOT_FOUND when there is none.
int fs_read_file(const char *path, size_t max, struct strbuf *out, struct err *err) ERR_MUST_CHECK;

// What stands behind the first `key`, blanks and a colon in a file of /proc, up to the end of the
// line. NULL when it is not there; the caller frees it.
char *fs_read_field(const char *path, const char *key);

// Has the content of a file written to the disk, for the rename that follows.
int fs_sync(const char *path, struct err *err) ERR_MUST_CHECK;

// Written beside its place, synced, then renamed: readers see the old content or the new.
int fs_write_file(const char *path, const void *data, size_t n, mode_t mode,
                  struct err *err) ERR_MUST_CHECK;

// Closes every descriptor above standard error but those of `keep`, which may have -1 among them.
void fs_close_all_but(const int *keep, size_t n);

// Writes a kernel setting below /proc, if this kernel has it. It is not an error if it does not, or
// if the setting cannot be changed.
void fs_write_setting(const char *path, const char *value);

// Writes all of it to an open file.
int fs_write_all(int fd, const void *data, size_t n, struct err *err) ERR_MUST_CHECK;

// The folder and its missing parents. An existing one is fine.
int fs_mkdir_all(const char *path, mode_t mode, struct err *err) ERR_MUST_CHECK;

// A file or a whole folder, links not followed. A missing one is fine.
int fs_remove_tree(const char *path, struct err *err) ERR_MUST_CHECK;

// The entries of a folder but "." and "..", sorted.
int fs_list_dir(const char *path, struct strv *names, struct err *err) ERR_MUST_CHECK;

// Takes a lock on the file (made when missing). FS_LOCK_TRY: -1 with ERR_FAILED and errno
// EWOULDBLOCK in err->sys when somebody else has it; the others wait. Closing the descriptor
// unlocks.
enum fs_lock_kind { FS_LOCK_EXCLUSIVE, FS_LOCK_SHARED, FS_LOCK_TRY };
int fs_lock(const char *path, enum fs_lock_kind kind, struct err *err) ERR_MUST_CHECK;

// Opens `path` below the folder `dir` without leaving it and without following a symbolic link
// anywhere (openat2, Linux 5.6): what foreign paths are opened with. "" is the folder itself.
// -1 with errno set.
int fs_open_beneath(int dir, const char *path, int flags, mode_t mode);

// Makes a folder in `dir` with just this mode, whatever the umask. An existing entry is fine and
// stays as it is. -1 with errno set.
int fs_mkdir_at(int dir, const char *name, mode_t mode);

// Opens a folder below `dir` the same way, for use as a handle; it and its parents are made with
// `mode` where missing. -1 with errno set.
int fs_open_folder_beneath(int dir, const char *path, mode_t mode);

// May we write to the folder, or make it?
int fs_check_writable(const char *path, struct err *err) ERR_MUST_CHECK;

// Bytes free for this user on the file system that holds `path` or its nearest existing parent.
int fs_free_space(const char *path, uint64_t *bytes, struct err *err) ERR_MUST_CHECK;

#endif
