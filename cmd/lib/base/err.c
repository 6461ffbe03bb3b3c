// SPDX-License-Identifier: MIT
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    err->sys = 0;
    err->hint[0] = '\0';
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;

    err->code = ERR_FAILED;
    err->sys = saved;
    err->hint[0] = '\0';
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(err->msg)) {
        snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", strerror(saved));
    }
    if (saved == ENOSPC || saved == EDQUOT) {
        err_hint(err, "free some space; `pisdk doctor` shows where pisdk keeps its files");
    }
    return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char old[ERR_MSG_MAX];
    va_list ap;

    memcpy(old, err->msg, sizeof(old));
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(err->msg)) {
        int room = (int)sizeof(err->msg) - n - 3;
        snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %.*s", room > 0 ? room : 0, old);
    }
    return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
    va_end(ap);
    return -1;
}

void err_clear(struct err *err)
{
    err->code = ERR_NONE;
    err->sys = 0;
    err->msg[0] = '\0';
    err->hint[0] = '\0';
}
