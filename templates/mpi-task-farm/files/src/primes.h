// Counts primes: work whose parts take very different times.
#ifndef PRIMES_H
#define PRIMES_H

// How many primes there are from `first` up to and without `end`. Larger numbers take longer.
long long primes_count(long long first, long long end);

#endif
