#include "primes.h"

#include <stdbool.h>

// Tries every odd divisor up to the root. A sieve would be faster; this is meant to be work.
static bool is_prime(long long n)
{
    if (n < 4) {
        return n >= 2;
    }
    if (n % 2 == 0) {
        return false;
    }
    for (long long divisor = 3; divisor * divisor <= n; divisor += 2) {
        if (n % divisor == 0) {
            return false;
        }
    }
    return true;
}

long long primes_count(long long first, long long end)
{
    long long count = 0;
    for (long long n = first; n < end; n++) {
        count += is_prime(n);
    }
    return count;
}
