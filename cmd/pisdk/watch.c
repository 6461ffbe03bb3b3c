// SPDX-License-Identifier: MIT
#include "pisdk/watch.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

enum { POLL_MS = 100 };

#define TO_THE_TOP "\033[H"
#define CLEAR_REST "\033[J"
#define CLEAR_ALL  "\033[2J"

// The screen is cleared when the first line is there, with which this is written: else it flickers.
static int show_once(struct app *app, int (*show)(struct app *app, struct err *err), bool first,
                     bool screen, struct err *err)
{
    if (screen) {
        fputs(first ? CLEAR_ALL TO_THE_TOP : TO_THE_TOP CLEAR_REST, stdout);
    } else if (!first) {
        putchar('\n');
    }
    int r = show(app, err);
    fflush(stdout);
    return r;
}

int watch(struct app *app, double seconds, int (*show)(struct app *app, struct err *err),
          struct err *err)
{
    bool screen = isatty(STDOUT_FILENO) && !app->json;
    sigset_t saved;
    int r = EXIT_OK;

    proc_stop_hold(&saved);
    for (bool first = true; !proc_stop_requested(); first = false) {
        r = show_once(app, show, first, screen, err);
        if (r != EXIT_OK) {
            break;
        }
        double next = clock_seconds() + seconds;
        while (clock_seconds() < next && !proc_stop_requested()) {
            poll(NULL, 0, POLL_MS);
        }
    }
    proc_stop_restore(&saved);
    return r == WATCH_END ? EXIT_OK : r;
}
