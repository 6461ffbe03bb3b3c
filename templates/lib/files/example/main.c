// The statistics of the numbers in standard input.

#include <stdio.h>

#include <@NAME@/running.h>

int main(void)
{
    struct running r;
    double number;

    running_init(&r);
    while (scanf("%lf", &number) == 1) {
        running_add(&r, number);
    }
    if (r.count == 0) {
        fprintf(stderr, "there are no numbers in standard input\n");
        return 1;
    }
    printf("%llu numbers from %g to %g, mean %g, deviation %g\n", r.count, r.least, r.greatest,
           r.mean, running_deviation(&r));
    return 0;
}
