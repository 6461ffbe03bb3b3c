// SPDX-License-Identifier: MIT
// The list of all that is in a sysroot, or in one unpacked package.
//
// Written as mtree(5), sorted by path, so that the same tree gives the same text: its SHA-256 is
// the digest of the tree. Everything that could differ between two machines is either in it or made
// the same: modes are 0444, or 0555 for programs, and 0755 for folders; folders and the links that
// pisdk makes have the time TREE_TIME.
//
// Written here and not by libarchive, whose mtree has other names and another order of keywords, no
// tags, hashes the files itself, and does not promise to stay the same bit for bit.
#ifndef PISDK_SYSROOT_TREE_H
#define PISDK_SYSROOT_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

// 1980-01-01 UTC, the earliest time that every archive format can hold.
#define TREE_TIME INT64_C(315532800)

enum { TREE_FOLDER_MODE = 0755, TREE_FILE_MODE = 0444, TREE_PROGRAM_MODE = 0555 };
enum { TREE_TEXT_MAX = 256 << 20 };

enum tree_type { TREE_FILE, TREE_FOLDER, TREE_LINK };

struct tree_entry {
    char *path; // relative
    enum tree_type type;
    mode_t mode; // permission bits
    bool elf;
    int64_t time; // seconds since 1970
    uint64_t size;
    char sha256[HASH_HEX + 1];
    char *target; // of a link
};

struct tree {
    struct tree_entry *items;
    size_t n;
};

// Adds an entry, with the mode and time of its kind; the caller fills in the rest.
struct tree_entry *tree_add(struct tree *t, enum tree_type type, const char *path);
// Adds the folders that lead to `path`.
void tree_add_parents(struct tree *t, const char *path);
void tree_sort(struct tree *t); // by path; folders that are in it twice become one
void tree_append(struct tree *to, struct tree *from); // takes all entries of `from`
uint64_t tree_size(const struct tree *t);             // bytes of all files
void tree_release(struct tree *t);

// Text, and back. ERR_VERIFY for a text that tree_format cannot have written.
void tree_format(const struct tree *t, struct strbuf *out);
int tree_parse(const char *text, size_t n, struct tree *out, struct err *err) ERR_MUST_CHECK;
// SHA-256 of the text, without the text: `out` as hash_bytes gives it.
void tree_digest(const struct tree *t, char out[HASH_HEX + 1]);

// What there really is below the folder `root`: every file is read. Sorted. Only links, files and
// folders; ERR_VERIFY for anything else.
int tree_scan(int root, struct tree *out, struct err *err) ERR_MUST_CHECK;

// Reads the file `fd` and fills in its hash, size, and whether it is ELF.
int tree_read_file(int fd, struct tree_entry *e, struct err *err) ERR_MUST_CHECK;

// What a comparison finds, in the order of the paths.
enum tree_change { TREE_CHANGED, TREE_MISSING, TREE_ADDED };
typedef void tree_on_change(void *user, enum tree_change change, const char *path, const char *how);
// Both sorted. The times of folders are not compared: every file that comes or goes changes them.
// Returns the number of differences.
size_t tree_compare(const struct tree *expected, const struct tree *found, tree_on_change *tell,
                    void *user);

// Sets the times of all folders in the list below `root`, after everything in them is made.
int tree_set_folder_times(int root, const struct tree *t, struct err *err) ERR_MUST_CHECK;

#endif
