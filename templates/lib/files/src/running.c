#include <@NAME@/running.h>

#include <math.h>

void running_init(struct running *r)
{
    *r = (struct running){.least = INFINITY, .greatest = -INFINITY};
}

static void widen(struct running *r, double least, double greatest)
{
    r->least = fmin(r->least, least);
    r->greatest = fmax(r->greatest, greatest);
}

// Welford's way: the mean is corrected by each number. To add up the numbers and their squares, and
// to subtract in the end, would lose the digits that matter when the numbers are large and near
// each other.
void running_add(struct running *r, double number)
{
    double difference = number - r->mean;
    r->count++;
    r->mean += difference / (double)r->count;
    r->squares += difference * (number - r->mean);
    widen(r, number, number);
}

void running_merge(struct running *r, const struct running *other)
{
    if (other->count == 0) {
        return;
    }
    double ours = (double)r->count;
    double theirs = (double)other->count;
    double difference = other->mean - r->mean;
    r->count += other->count;
    r->mean += difference * theirs / (ours + theirs);
    r->squares += other->squares + difference * difference * ours * theirs / (ours + theirs);
    widen(r, other->least, other->greatest);
}

double running_deviation(const struct running *r)
{
    return r->count < 2 ? 0 : sqrt(r->squares / (double)(r->count - 1));
}
