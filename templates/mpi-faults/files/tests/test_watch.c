// What comes is what was sent; what does not come is noticed, and can still come later.

#include <stdio.h>

#include "watch.h"

static int failures;

static void check(int good, const char *what, int value)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 || !good) {
        printf("%s: rank %d: %s (%d)\n", good ? "ok" : "FAILED", rank, what, value);
        fflush(stdout); // mpirun ends all ranks when one has failed: print it before
    }
    failures += !good;
}

static void test_each_gets_the_number_of_the_one_before(int rank, int ranks)
{
    struct watch w;
    watch_begin(&w, MPI_COMM_WORLD, 100 + rank);
    check(watch_wait(&w, 60), "the message comes", w.received);
    check(w.received == 100 + (rank + ranks - 1) % ranks, "it is the right one", w.received);
}

// The last rank says nothing at first, so rank 0 waits in vain.
static void test_silence_is_noticed(int rank, int ranks)
{
    struct watch w;
    int silent = rank == ranks - 1 && ranks > 1;
    if (!silent) {
        watch_begin(&w, MPI_COMM_WORLD, rank);
    }
    if (rank == 0 && ranks > 1) {
        check(!watch_wait(&w, 0.5), "silence is noticed", w.previous);
        check(w.previous == ranks - 1, "who is silent is known", w.previous);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (silent) {
        watch_begin(&w, MPI_COMM_WORLD, rank);
    }
    check(watch_wait(&w, 60), "late is better than never", w.received);
}

int main(int argc, char **argv)
{
    int rank;
    int ranks;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    test_each_gets_the_number_of_the_one_before(rank, ranks);
    test_silence_is_noticed(rank, ranks);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures != 0;
}
