// What comes round the ring depends on the number of ranks, and on nothing else.

#include <stdio.h>

#include "ring.h"

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

static void test_each_rank_adds_one(int rank, int ranks)
{
    int received = ring_pass(MPI_COMM_WORLD, 100);
    int before = rank == 0 ? ranks - 1 : rank - 1; // ranks that have added 1 already
    check(received == 100 + before, "each rank adds one", received);
}

static void test_messages_do_not_mix(int rank, int ranks)
{
    int good = 1;
    for (int start = 0; start < 50; start++) {
        int before = rank == 0 ? ranks - 1 : rank - 1;
        int received = ring_pass(MPI_COMM_WORLD, start);
        good = good && received == start + before;
    }
    check(good, "many messages come one after the other", 50);
}

// A communicator that has the ranks the other way round has a ring the other way round.
static void test_backwards(int rank, int ranks)
{
    MPI_Comm backwards;
    MPI_Comm_split(MPI_COMM_WORLD, 0, ranks - rank, &backwards);
    int received = ring_pass(backwards, 0);
    int expected = rank == ranks - 1 ? ranks - 1 : ranks - 2 - rank;
    check(received == expected, "the ring follows its communicator", received);
    MPI_Comm_free(&backwards);
}

int main(int argc, char **argv)
{
    int rank;
    int ranks;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    test_each_rank_adds_one(rank, ranks);
    test_messages_do_not_mix(rank, ranks);
    test_backwards(rank, ranks);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures != 0;
}
