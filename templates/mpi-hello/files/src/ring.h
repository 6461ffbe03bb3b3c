// One message that goes round all ranks of a communicator, in a ring.
#ifndef RING_H
#define RING_H

#include <mpi.h>

// Rank 0 sends `number` to rank 1, which adds 1 to it and sends it to rank 2, and so on; the last
// rank sends it back to rank 0. Each rank calls this; it returns the number that the rank received.
// On rank 0, that is `number` and one for every other rank.
int ring_pass(MPI_Comm comm, int number);

#endif
