// Statistics of numbers that come one by one: nothing but a few sums is kept of them.
#ifndef RUNNING_H
#define RUNNING_H

#ifdef __cplusplus
extern "C" {
#endif

// Seen outside of the library. Everything else in it is hidden.
#define RUNNING_API __attribute__((visibility("default")))

struct running {
    unsigned long long count;
    double mean;
    double squares; // the sum of the squares of what the numbers differ from their mean
    double least, greatest;
};

// Begins without a number.
RUNNING_API void running_init(struct running *r);

RUNNING_API void running_add(struct running *r, double number);

// Adds all numbers that `other` has had, as if they had come here.
RUNNING_API void running_merge(struct running *r, const struct running *other);

// The standard deviation, of the numbers as a sample; 0 for fewer than two.
RUNNING_API double running_deviation(const struct running *r);

#ifdef __cplusplus
}
#endif

#endif
