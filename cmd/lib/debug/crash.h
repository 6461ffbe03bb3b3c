// SPDX-License-Identifier: MIT
// What a run that crashed left behind: core files, made into a few lines for the user and removed.
#ifndef PISDK_DEBUG_CRASH_H
#define PISDK_DEBUG_CRASH_H

#include <stdbool.h>
#include <stddef.h>

#include "debug/subject.h"

enum { CRASH_CORE_MAX = 512 << 20 };

struct crash_search {
    const char *folder; // the run's working folder
    const char *run;    // the word that marks it
    double began;       // in seconds since 1970, as file systems have it
    bool where;         // they were ended for that: say where each rank was (stacks.h)
    bool keep;          // leave the files where they are
    bool tell;          // say what crashed where; otherwise only tidy up
};

// Returns how many processes of the run crashed.
size_t crash_report(const struct debug_subject *s, const struct crash_search *place);

// Says that a program ended by a signal, and what that may mean.
void crash_tell_signal(const struct debug_subject *s, const char *who, int sig);

#endif
