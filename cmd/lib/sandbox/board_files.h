// SPDX-License-Identifier: MIT
// The files of an emulated board that are not its sysroot's: names, processor, memory, devices.
//
// Used where a board is one sandbox, and where it is one of a cluster. `upper` is the writable
// layer before it is mounted, `root` the board's root file system afterwards ("" when it is ours),
// `texts` a folder for what is shown in /proc.
#ifndef PISDK_SANDBOX_BOARD_FILES_H
#define PISDK_SANDBOX_BOARD_FILES_H

#include <stdint.h>

#include "base/err.h"
#include "target/board.h"

struct board_files {
    const struct board *board;
    const char *hostname;
    uint64_t memory; // bytes; 0: not said, and /proc/meminfo is the desktop's
};

// `upper` and `texts` are there. Makes the folders that later mounts need, too.
int board_files_write(const struct board_files *f, const char *upper, const char *texts,
                      struct err *err) ERR_MUST_CHECK;

// Those in /proc, once that is mounted.
int board_files_mount(const struct board_files *f, const char *root, const char *texts,
                      struct err *err) ERR_MUST_CHECK;

// A file system in the board's memory at `place`, of at most half of it.
int board_files_mount_memory(const struct board_files *f, const char *place,
                             struct err *err) ERR_MUST_CHECK;

// The devices that every program may use, from our /dev: in a folder; and in /dev of a board, with
// the links that belong there.
int board_files_bind_devices(const char *folder, struct err *err) ERR_MUST_CHECK;
int board_files_mount_devices(const char *root, struct err *err) ERR_MUST_CHECK;

#endif
