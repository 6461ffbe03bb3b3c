// SPDX-License-Identifier: MIT
// The boards pisdk knows: toolchain/boards/NAME.ini, which the CMake toolchain file reads too.
//
//     [board]    title, refused (why it cannot be built for: nothing else is needed then)
//     [compiler] flags, level (a board runs what is built for one of the same or a lower level)
//     [emulator] cpu (QEMU's name), cores, memory (MB), hostname, link (Mbit/s of its network)
//     [speed]    for predictions: origin (published, estimated), linpack (Mflop/s of one core, 100
//                equations in double precision), triad (STREAM's, MB/s of all cores), disk-read and
//                disk-write (MB/s)
//     [cpuinfo]  what /proc/cpuinfo and the device tree say on it: part, variant, revision,
//                architecture, bogomips, features, hardware, code (the board's revision), model
#ifndef PISDK_TARGET_BOARD_H
#define PISDK_TARGET_BOARD_H

#include "base/err.h"
#include "base/str.h"

// The lines of /proc/cpuinfo on a board, as they stand there; `part` is NULL when it is not known.
struct board_cpuinfo {
    char *part, *variant, *revision;
    char *bogomips, *features;
    char *hardware, *code;
    char *model; // of the whole board, as its device tree calls it
    long architecture;
};

// As the file has it; `linpack` is 0 when nothing is known.
struct board_speed {
    char *origin;
    long linpack, triad, disk_read, disk_write;
};

struct board {
    char *name, *title;
    char *refused; // NULL: usable
    char *flags;
    char *cpu, *hostname;
    long level;
    long cores, memory_mb, link_mbit;
    struct board_speed speed;
    struct board_cpuinfo cpuinfo;
};

// `folder` is toolchain/boards. ERR_NOT_FOUND with the nearest name; ERR_USAGE for a refused board,
// with its reason, unless `even_refused`.
int board_read(const char *folder, const char *name, bool even_refused, struct board *out,
               struct err *err) ERR_MUST_CHECK;
void board_release(struct board *b);

// All names, sorted.
int board_names(const char *folder, struct strv *names, struct err *err) ERR_MUST_CHECK;

#endif
