// SPDX-License-Identifier: MIT
// How fast a processor core computes: the same on a board and on the desktop, so that the two can
// be compared. Shared by calibrate.c and desktop.c.
//
//     in the cache   a system of 100 linear equations in double precision, by Gaussian elimination
//                    with partial pivoting: what "Linpack 100" measures (2/3 n^3 + 2 n^2
//                    operations; J. Dongarra, Performance of Various Computers Using Standard
//                    Linear Equations Software, University of Tennessee, CS-89-85)
//     in the memory  a = b + s c on arrays that no cache holds: the triad of STREAM, 24 bytes an
//                    element (J. McCalpin, https://www.cs.virginia.edu/stream/)
#ifndef PISDK_SPEED_H
#define PISDK_SPEED_H

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { SPEED_EQUATIONS = 100, SPEED_ROUNDS = 3 };
#define SPEED_SECONDS 0.3 // of one round

static double speed_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void speed_fill(double a[SPEED_EQUATIONS][SPEED_EQUATIONS], double *b)
{
    unsigned seed = 1325;
    for (int i = 0; i < SPEED_EQUATIONS; i++) {
        b[i] = 0;
        for (int k = 0; k < SPEED_EQUATIONS; k++) {
            seed = (3125 * seed) % 65536;
            a[i][k] = ((double)seed - 32768) / 16384;
            b[i] += a[i][k];
        }
    }
}

static void speed_solve(double a[SPEED_EQUATIONS][SPEED_EQUATIONS], double *b)
{
    for (int k = 0; k < SPEED_EQUATIONS; k++) {
        int largest = k;
        for (int i = k + 1; i < SPEED_EQUATIONS; i++) {
            largest = fabs(a[i][k]) > fabs(a[largest][k]) ? i : largest;
        }
        for (int c = k; c < SPEED_EQUATIONS; c++) {
            double kept = a[k][c];
            a[k][c] = a[largest][c];
            a[largest][c] = kept;
        }
        double kept = b[k];
        b[k] = b[largest];
        b[largest] = kept;
        for (int i = k + 1; i < SPEED_EQUATIONS; i++) {
            double factor = a[i][k] / a[k][k];
            for (int c = k; c < SPEED_EQUATIONS; c++) {
                a[i][c] -= factor * a[k][c];
            }
            b[i] -= factor * b[k];
        }
    }
    for (int k = SPEED_EQUATIONS - 1; k >= 0; k--) {
        for (int c = k + 1; c < SPEED_EQUATIONS; c++) {
            b[k] -= a[k][c] * b[c];
        }
        b[k] /= a[k][k];
    }
}

// Operations a second, of the fastest of some rounds. 0: the answer is wrong.
static double speed_in_cache(void)
{
    static double a[SPEED_EQUATIONS][SPEED_EQUATIONS];
    static double b[SPEED_EQUATIONS];
    const double n = SPEED_EQUATIONS;
    double best = 0;
    for (int round = 0; round < SPEED_ROUNDS; round++) {
        double began = speed_now();
        double seconds = 0;
        double filling = 0;
        int solved = 0;
        while (seconds < SPEED_SECONDS) {
            double before = speed_now();
            speed_fill(a, b);
            filling += speed_now() - before;
            speed_solve(a, b);
            solved++;
            seconds = speed_now() - began;
        }
        double rate = solved * (2 * n * n * n / 3 + 2 * n * n) / (seconds - filling);
        best = rate > best ? rate : best;
    }
    return fabs(b[0] - 1) < 1e-6 && fabs(b[SPEED_EQUATIONS - 1] - 1) < 1e-6 ? best : 0;
}

// Bytes a second, of the fastest of some rounds, with three arrays of `n` elements. 0: there is not
// so much memory.
static double speed_in_memory(size_t n)
{
    double *a = malloc(n * sizeof(*a));
    double *b = malloc(n * sizeof(*b));
    double *c = malloc(n * sizeof(*c));
    double best = 0;
    for (size_t i = 0; a && b && c && i < n; i++) {
        a[i] = 0;
        b[i] = (double)i;
        c[i] = 2;
    }
    for (int round = 0; round < SPEED_ROUNDS && a && b && c; round++) {
        double began = speed_now();
        double seconds = 0;
        double bytes = 0;
        while (seconds < SPEED_SECONDS) {
            for (size_t i = 0; i < n; i++) {
                a[i] = b[i] + 3 * c[i];
            }
            // The next round is of other values, and none is left out.
            b[(size_t)(seconds * 1e6) % n] = a[n / 2];
            bytes += 3.0 * (double)n * sizeof(double);
            seconds = speed_now() - began;
        }
        best = bytes / seconds > best ? bytes / seconds : best;
    }
    free(a);
    free(b);
    free(c);
    return best;
}

#endif
