// SPDX-License-Identifier: MIT
// --watch: a listing that is shown again and again, until Ctrl-C.
#ifndef PISDK_WATCH_H
#define PISDK_WATCH_H

#include "pisdk/app.h"

#define WATCH_OPTION                                                                               \
    {                                                                                              \
        "watch", 'w', NULL, "show it again every two seconds, until Ctrl-C"                        \
    }

enum {
    WATCH_SECONDS = 2,
    WATCH_END = -2, // from `show`: there is nothing to show any more
};

// On a terminal it is redrawn in place; elsewhere one listing follows the other. Ends when `show`
// returns something else than EXIT_OK (WATCH_END is EXIT_OK then), or with a signal that asks to
// stop, which arrives then.
int watch(struct app *app, double seconds, int (*show)(struct app *app, struct err *err),
          struct err *err);

#endif
