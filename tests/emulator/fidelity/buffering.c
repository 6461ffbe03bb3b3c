// SPDX-License-Identifier: MIT
#include "common.h"

enum { N = 100000 };
static atomic_int x[N], y[N], turn[2];
static int seen[2][N];
static void *side(void *number)
{
    int me = (int)(intptr_t)number;
    atomic_int *mine = me ? y : x, *other = me ? x : y;
    for (int i = 0; i < N; i++) {
        turn[me] = i;
        for (int k = 0; turn[!me] < i && k < 100000; k++)
            ;
        atomic_store_explicit(&mine[i], 1, ORDER);
        seen[me][i] = atomic_load_explicit(&other[i], ORDER);
    }
    turn[me] = N;
    return 0;
}
int main(void)
{
    pthread_t t;
    int both = 0;
    pthread_create(&t, 0, side, (void *)1);
    side(0);
    pthread_join(t, 0);
    for (int i = 0; i < N; i++)
        both += !seen[0][i] && !seen[1][i];
    printf("%d", both > 0);
}
