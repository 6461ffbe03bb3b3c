// Messages with a time limit.
//
// MPI waits for a message for ever: also when the board that should send it has lost its power or
// its network. Here a rank waits as long as it wants to, and then it can say who is missing.
#ifndef WATCH_H
#define WATCH_H

#include <mpi.h>
#include <stdbool.h>

// A number on its way to the next rank of the ring, and one that comes from the rank before. It
// stays where it is until the exchange is done, since MPI writes to it.
struct watch {
    int sent;
    int received;
    int previous; // the rank that is waited for
    MPI_Request requests[2];
};

void watch_begin(struct watch *w, MPI_Comm ring, int number);

// Waits until both messages have gone through, `seconds` at most. False: they have not yet, and
// this may be called again.
bool watch_wait(struct watch *w, double seconds);

#endif
