// SPDX-License-Identifier: MIT
#include "common.h"

static int data;
static volatile int flag;
static void *writer(void *unused)
{
    data = 42;
    flag = 1;
    return 0;
}
int main(void)
{
    pthread_t t;
    pthread_create(&t, 0, writer, 0);
    while (!flag)
        ;
    printf("%d", data);
    return pthread_join(t, 0);
}
