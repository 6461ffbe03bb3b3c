// SPDX-License-Identifier: MIT
// The ranks of a run, emulated on this desktop: on one board, or on all boards of a cluster.
//
// They are found by their environment, which has PISDK_RUN=RUN and what MPI tells a rank; so what a
// rank has started is among them. Those of others, and what has no MPI, are left alone.
#ifndef PISDK_SANDBOX_RANKS_H
#define PISDK_SANDBOX_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Has each rank write down where it is, as a core file of at most `core_max` bytes in its working
// folder, and end (SIGQUIT: QEMU 10 writes no core file for a SIGABRT that comes from outside).
// Returns how many ranks there are.
size_t ranks_abort(const char *run, uint64_t core_max);
// Kills all processes of the run, its launchers as well.
void ranks_sweep(const char *run);
// Did mpirun write to our standard output, which is a pipe that nobody reads any more? At SIGPIPE
// it says so at length and may crash while it ends. So it is started with that signal blocked, and
// is then to be ended by us: the signal is pending in it.
bool ranks_output_is_closed(const char *run);
// How many are still there.
size_t ranks_count(const char *run);

#endif
