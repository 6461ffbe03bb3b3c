// SPDX-License-Identifier: MIT
// How fast boards compute and talk to each other: as their board files say (toolchain/boards), or
// as `pisdk nodes calibrate` measured it; and how fast this desktop computes.
#ifndef PISDK_PREDICT_FIGURES_H
#define PISDK_PREDICT_FIGURES_H

#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/str.h"
#include "target/board.h"

// Beside pisdk.ini.
#define PREDICT_FILE "pisdk.calibration"

// Of a board. Operations and bytes are a second, latencies in seconds.
struct predict_figures {
    long cores;
    double cache;  // operations of one core, see toolchain/predict/calibrate/speed.h
    double memory; // bytes that all cores together read and write
    double inner_latency, inner_bandwidth; // between ranks on one board
    double latency, bandwidth;             // between boards
    double disk_read, disk_write;          // bytes
};

// What a board's file says, for a link of `kbit` kbit/s (0: the board's own) and a latency in
// seconds (0: the usual one). ERR_NOT_FOUND when the file does not say.
int predict_figures_of_board(const struct board *b, unsigned long long kbit, double latency,
                             struct predict_figures *out, struct err *err) ERR_MUST_CHECK;

// One board as it was measured; what was not is 0.
struct predict_measured {
    char *host;
    struct predict_figures figures;
};
struct predict_calibration {
    struct predict_measured *items;
    size_t n;
};

// Reads what toolchain/predict/calibrate printed; other lines are left out. ERR_FAILED when there
// is none of it.
int predict_calibration_parse(const char *text, struct predict_calibration *out,
                              struct err *err) ERR_MUST_CHECK;
// The text of the file, and back. ERR_USAGE with file and line for a broken one.
void predict_calibration_format(const struct predict_calibration *c, struct strbuf *out);
int predict_calibration_read(const char *path, struct predict_calibration *out,
                             struct err *err) ERR_MUST_CHECK;
// Puts the boards' average in the place of what `out` says, where it was measured.
void predict_calibration_apply(const struct predict_calibration *c, struct predict_figures *out);
void predict_calibration_release(struct predict_calibration *c);

// What a program's computing is like: does what it works on fit into the caches?
enum predict_bound { PREDICT_CACHE, PREDICT_MEMORY, PREDICT_BOTH };

// Of one core of this desktop.
struct predict_desktop {
    double cache, memory; // as above
};

// Measured with the first use (two seconds), and kept in the cache for this processor.
int predict_desktop_speed(const struct paths *paths, struct log *log, struct predict_desktop *out,
                          struct err *err) ERR_MUST_CHECK;
// How fast a board computes with `ranks` ranks on it: the share of the desktop's speed.
double predict_speed(const struct predict_figures *f, const struct predict_desktop *desktop,
                     enum predict_bound bound, long ranks);

#endif
