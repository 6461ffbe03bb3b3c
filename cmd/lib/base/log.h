// SPDX-License-Identifier: MIT
// What the library has to say while it works.
//
// The library never prints: it calls the log that it was given. `cmd/pisdk` decides what reaches
// the user and how. A call may come from any thread.
#ifndef PISDK_BASE_LOG_H
#define PISDK_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log {
    void *user;
    void (*message)(void *user, enum log_level level, const char *text);
    // Work of a known size: `done` of `total` in the unit of the task (bytes, packages). `total` 0:
    // of no known size; and `task` NULL: it has ended.
    void (*progress)(void *user, const char *task, uint64_t done, uint64_t total);
};

void log_warning(struct log *log, const char *fmt, ...) ERR_PRINTF(2, 3);
void log_info(struct log *log, const char *fmt, ...) ERR_PRINTF(2, 3);
void log_debug(struct log *log, const char *fmt, ...) ERR_PRINTF(2, 3);
void log_progress(struct log *log, const char *task, uint64_t done, uint64_t total);
// Work of no known size begins, which ends with the next call of any of these, or with NULL.
void log_working(struct log *log, const char *task);

#endif
