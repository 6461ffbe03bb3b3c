// SPDX-License-Identifier: MIT
// What every program of test_fidelity.py includes.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf back;
static void leap(int n)
{
    siglongjmp(back, n);
}

/* Prints the number of the signal that a statement raises, or 0. */
#define TRAPS(statement)                                                                           \
    do {                                                                                           \
        for (int n = 1; n < 16; n++)                                                               \
            if (n == SIGILL || n == SIGBUS || n == SIGSEGV)                                        \
                signal(n, leap);                                                                   \
        int n = sigsetjmp(back, 1);                                                                \
        if (n == 0) {                                                                              \
            statement;                                                                             \
        }                                                                                          \
        printf("%d ", n);                                                                          \
    } while (0)
