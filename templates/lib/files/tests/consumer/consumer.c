#include <stdio.h>

#include <@NAME@/running.h>

int main(void)
{
    struct running r;

    running_init(&r);
    running_add(&r, 2);
    running_add(&r, 4);
    running_add(&r, 6);
    printf("%llu numbers, mean %.3f, deviation %.3f\n", r.count, r.mean, running_deviation(&r));
    return 0;
}
