#include "watch.h"

enum { TAG = 1, MESSAGES = 2 };

void watch_begin(struct watch *w, MPI_Comm ring, int number)
{
    int rank;
    int ranks;
    MPI_Comm_rank(ring, &rank);
    MPI_Comm_size(ring, &ranks);

    w->sent = number;
    w->received = -1;
    w->previous = (rank + ranks - 1) % ranks;
    MPI_Irecv(&w->received, 1, MPI_INT, w->previous, TAG, ring, &w->requests[0]);
    MPI_Isend(&w->sent, 1, MPI_INT, (rank + 1) % ranks, TAG, ring, &w->requests[1]);
}

bool watch_wait(struct watch *w, double seconds)
{
    double start = MPI_Wtime();
    int done = 0;
    do {
        MPI_Testall(MESSAGES, w->requests, &done, MPI_STATUSES_IGNORE);
    } while (!done && MPI_Wtime() - start < seconds);
    return done;
}
