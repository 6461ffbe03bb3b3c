// SPDX-License-Identifier: MIT
// Scope cleanup and explicit transfer of ownership.
//
// A variable marked `_cleanup_free_` (or _close_, _fclose_) is released when it goes out of scope,
// so it is always initialised. TAKE_PTR and TAKE_FD hand it over to somebody else instead.
#ifndef PISDK_BASE_CLEANUP_H
#define PISDK_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static inline void cleanup_fclose(FILE **f)
{
    if (*f) {
        fclose(*f);
    }
}

#define _cleanup_free_     __attribute__((cleanup(cleanup_free)))
#define _cleanup_close_    __attribute__((cleanup(cleanup_close)))
#define _cleanup_fclose_   __attribute__((cleanup(cleanup_fclose)))
#define _cleanup_(release) __attribute__((cleanup(release)))

#define TAKE_PTR(p)                                                                                \
    __extension__({                                                                                \
        __auto_type taken_ = (p);                                                                  \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

#define TAKE_FD(fd)                                                                                \
    __extension__({                                                                                \
        int taken_ = (fd);                                                                         \
        (fd) = -1;                                                                                 \
        taken_;                                                                                    \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
