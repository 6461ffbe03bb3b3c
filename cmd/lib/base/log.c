// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <stdarg.h>

#include "base/str.h"

static void ERR_PRINTF(3, 0)
    log_message(struct log *log, enum log_level level, const char *fmt, va_list ap)
{
    if (!log || !log->message) {
        return;
    }
    _cleanup_strbuf_ struct strbuf text = {0};
    strbuf_vaddf(&text, fmt, ap);
    log->message(log->user, level, text.data);
}

#define LOG_LEVEL(level)                                                                           \
    do {                                                                                           \
        va_list ap;                                                                                \
        va_start(ap, fmt);                                                                         \
        log_message(log, level, fmt, ap);                                                          \
        va_end(ap);                                                                                \
    } while (0)

void log_warning(struct log *log, const char *fmt, ...)
{
    LOG_LEVEL(LOG_WARNING);
}

void log_info(struct log *log, const char *fmt, ...)
{
    LOG_LEVEL(LOG_INFO);
}

void log_debug(struct log *log, const char *fmt, ...)
{
    LOG_LEVEL(LOG_DEBUG);
}

void log_progress(struct log *log, const char *task, uint64_t done, uint64_t total)
{
    if (log && log->progress) {
        log->progress(log->user, task, done, total);
    }
}

void log_working(struct log *log, const char *task)
{
    log_progress(log, task, 0, 0);
}
