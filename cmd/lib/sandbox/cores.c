// SPDX-License-Identifier: MIT
#include <sched.h>
#include <sys/random.h>

#include "sandbox/internal.h"

long cores_usable(void)
{
    cpu_set_t set;
    // It fails where the machine has more processors than the set; then there are enough.
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : CPU_SETSIZE;
}

void cores_restrict(long cores)
{
    cpu_set_t all;
    cpu_set_t ours;
    uint32_t random = 0;
    long place = 0;

    long usable = cores_usable();
    if (cores <= 0 || usable <= cores || sched_getaffinity(0, sizeof(all), &all) != 0 ||
        getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0) {
        return;
    }
    // In groups of the board's size, one of which is taken by chance: runs side by side spread over
    // the machine. The last group wraps around to the first processor.
    long first = (long)(random % (unsigned long)((usable + cores - 1) / cores)) * cores;
    CPU_ZERO(&ours);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all)) {
            continue;
        }
        if ((place >= first && place < first + cores) || place + usable < first + cores) {
            CPU_SET(cpu, &ours);
        }
        place++;
    }
    sched_setaffinity(0, sizeof(ours), &ours);
}
