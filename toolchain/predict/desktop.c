// SPDX-License-Identifier: MIT
// How fast one core of this desktop computes; `pisdk predict` compiles and runs it once.
// Prints operations a second in the cache, then bytes a second in memory.

#include <stdio.h>

#include "calibrate/speed.h"

enum { ELEMENTS = 1 << 24 }; // 400 MB: more than caches hold

int main(void)
{
    double cache = speed_in_cache();
    printf("%.0f %.0f\n", cache, speed_in_memory(ELEMENTS));
    return cache > 0 ? 0 : 1;
}
