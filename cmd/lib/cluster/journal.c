// SPDX-License-Identifier: MIT
#include "cluster/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"

void journal_write(int log, const char *name, const char *text)
{
    _cleanup_close_ int fd = openat(log, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char stamp[32];
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
    if (fd >= 0) {
        dprintf(fd, "%s %s\n", stamp, text);
    }
}
