// SPDX-License-Identifier: MIT
#include "pisdk/spinner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

enum { SHOW_AFTER_MS = 300, TURN_MS = 120, FIRST_FD = 3 };

// Only what may be called after a fork of a program with threads.
static _Noreturn void turn(char *const lines[], size_t n, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGINT, SIG_IGN); // its end is our business
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close_range(FIRST_FD, ~0U, 0); // the ends of somebody's pipes
    poll(NULL, 0, SHOW_AFTER_MS);
    for (size_t i = 0; getppid() == parent; i = (i + 1) % n) {
        (void)!write(STDERR_FILENO, lines[i], strlen(lines[i]));
        poll(NULL, 0, TURN_MS);
    }
    _exit(0);
}

pid_t spinner_begin(const char *text)
{
    static const char *const marks[] = {"|", "/", "-", "\\"};
    _cleanup_strv_ struct strv lines = {0};
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        strv_addf(&lines, "\r%s %s \033[K", text, marks[i]);
    }
    pid_t parent = getpid();
    pid_t spinner = fork();
    if (spinner == 0) {
        turn(lines.items, lines.n, parent);
    }
    return spinner > 0 ? spinner : 0;
}

void spinner_end(pid_t spinner)
{
    static const char clear[] = "\r\033[K";
    kill(spinner, SIGTERM);
    while (waitpid(spinner, NULL, 0) < 0 && errno == EINTR) {
    }
    (void)!write(STDERR_FILENO, clear, strlen(clear));
}
