// SPDX-License-Identifier: MIT
#include "common.h"

enum { N = 100000 };
static atomic_int data[N], flag[N];
#define RELAXED memory_order_relaxed
static void *writer(void *unused)
{
    for (int i = 0; i < N; i++) {
        atomic_store_explicit(&data[i], 1, RELAXED);
        atomic_store_explicit(&flag[i], 1, RELAXED);
    }
    return 0;
}
int main(void)
{
    pthread_t t;
    int wrong = 0;
    pthread_create(&t, 0, writer, 0);
    for (int i = 0; i < N; i++) {
        while (!atomic_load_explicit(&flag[i], RELAXED))
            ;
        wrong += !atomic_load_explicit(&data[i], RELAXED);
    }
    pthread_join(t, 0);
    printf("%d", wrong);
}
