#include "ring.h"

// A message has a tag, which tells it from other messages between the same two ranks.
enum { TAG_RING = 1 };

int ring_pass(MPI_Comm comm, int number)
{
    int rank;
    int ranks;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    int next = (rank + 1) % ranks;
    int previous = (rank + ranks - 1) % ranks;
    int received;

    if (rank == 0) {
        // Send and receive in one call: a rank that is alone sends to itself, and a plain MPI_Send
        // might wait for ever for the MPI_Recv that comes after it.
        MPI_Sendrecv(&number, 1, MPI_INT, next, TAG_RING, &received, 1, MPI_INT, previous, TAG_RING,
                     comm, MPI_STATUS_IGNORE);
        return received;
    }
    MPI_Recv(&received, 1, MPI_INT, previous, TAG_RING, comm, MPI_STATUS_IGNORE);
    int sent = received + 1;
    MPI_Send(&sent, 1, MPI_INT, next, TAG_RING, comm);
    return received;
}
