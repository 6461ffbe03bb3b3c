// SPDX-License-Identifier: MIT
#include "common.h"

static volatile int x = 1, go;
static void *change(void *unused)
{
    while (!go)
        ;
    x = 2;
    __sync_synchronize();
    x = 1;
    __sync_synchronize();
    go = 2;
    return 0;
}
int main(void)
{
    pthread_t t;
    int old, failed;
    pthread_create(&t, 0, change, 0);
    __asm__ volatile("ldrex %0, [%2]\n mov %1, #1\n str %1, [%3]\n"
                     "1: ldr %1, [%3]\n cmp %1, #2\n bne 1b\n"
                     "mov %0, #9\n strex %1, %0, [%2]"
                     : "=&r"(old), "=&r"(failed)
                     : "r"(&x), "r"(&go)
                     : "memory", "cc");
    printf("%d %d", failed, x);
}
