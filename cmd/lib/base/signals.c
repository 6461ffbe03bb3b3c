// SPDX-License-Identifier: MIT
#include "base/signals.h"

#include <sys/wait.h>

int signals_status(int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        return PROC_SIGNALED + WTERMSIG(wait_status);
    }
    return WEXITSTATUS(wait_status);
}

void signals_forwarded(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGQUIT);
    sigaddset(set, SIGUSR1); // mpirun passes these two on to its ranks
    sigaddset(set, SIGUSR2);
}
