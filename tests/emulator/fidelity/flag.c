// SPDX-License-Identifier: MIT
#include "common.h"

static int flag;
static void *set(void *unused)
{
    usleep(20000);
    flag = 1;
    return 0;
}
int main(void)
{
    pthread_t t;
    pthread_create(&t, 0, set, 0);
    ualarm(300000, 0);
    while (!flag)
        ;
}
