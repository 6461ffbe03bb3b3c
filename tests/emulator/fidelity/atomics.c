// SPDX-License-Identifier: MIT
#include "common.h"

static _Atomic uint64_t sum;
static void *add(void *unused)
{
    for (int i = 0; i < 200000; i++)
        sum++;
    return 0;
}
int main(void)
{
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], 0, add, 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], 0);
    printf("%llu", (unsigned long long)sum);
}
