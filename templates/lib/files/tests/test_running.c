// Known statistics of known numbers.

#include <math.h>
#include <stdio.h>

#include <@NAME@/running.h>

static int failures;

static void check(int good, const char *what, double value)
{
    printf("%s: %s (%.12g)\n", good ? "ok" : "FAILED", what, value);
    failures += !good;
}

static struct running of(const double *numbers, int count)
{
    struct running r;
    running_init(&r);
    for (int i = 0; i < count; i++) {
        running_add(&r, numbers[i]);
    }
    return r;
}

static void test_few(void)
{
    const double numbers[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct running r = of(numbers, 8);
    check(r.count == 8, "the count", (double)r.count);
    check(fabs(r.mean - 5) < 1e-12, "the mean", r.mean);
    check(fabs(running_deviation(&r) - sqrt(32.0 / 7)) < 1e-12, "the deviation",
          running_deviation(&r));
    check(r.least == 2 && r.greatest == 9, "the least and the greatest", r.greatest);
}

static void test_none_and_one(void)
{
    const double one = -3;
    struct running none = of(&one, 0);
    struct running single = of(&one, 1);
    check(none.count == 0 && running_deviation(&none) == 0, "no number", (double)none.count);
    check(single.mean == -3 && running_deviation(&single) == 0, "one number", single.mean);
    check(single.least == -3 && single.greatest == -3, "it is both ends", single.least);
}

// Sums of squares would need 27 digits here, and doubles have 16.
static void test_large_and_near(void)
{
    const double numbers[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
    struct running r = of(numbers, 4);
    check(fabs(running_deviation(&r) - sqrt(30)) < 1e-6, "large numbers", running_deviation(&r));
}

static void test_merge(void)
{
    double numbers[50];
    for (int i = 0; i < 50; i++) {
        numbers[i] = i * i % 17;
    }
    struct running whole = of(numbers, 50);
    int good = 1;
    for (int cut = 0; cut <= 50; cut++) {
        struct running r = of(numbers, cut);
        struct running rest = of(numbers + cut, 50 - cut);
        running_merge(&r, &rest);
        good = good && r.count == 50 && fabs(r.mean - whole.mean) < 1e-12 &&
               fabs(running_deviation(&r) - running_deviation(&whole)) < 1e-12 &&
               r.least == whole.least && r.greatest == whole.greatest;
    }
    check(good, "two parts are as the whole", running_deviation(&whole));
}

int main(void)
{
    test_few();
    test_none_and_one();
    test_large_and_near();
    test_merge();
    return failures != 0;
}
