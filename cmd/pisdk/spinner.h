// SPDX-License-Identifier: MIT
// What turns on the last line of a terminal while something takes its time.
#ifndef PISDK_SPINNER_H
#define PISDK_SPINNER_H

#include <sys/types.h>

// Shows `text` (printable) and what turns, on standard error, after a moment; until spinner_end. It
// is a process of its own, so that nothing of ours has to come back to it; it ends with us. 0: none
// could be started.
pid_t spinner_begin(const char *text);
// Takes it from the terminal.
void spinner_end(pid_t spinner);

#endif
