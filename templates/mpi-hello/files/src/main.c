// Who is there, and one message round a ring: every rank runs this same program.

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "ring.h"

// The names of all boards come to rank 0, which prints them in order. If each rank printed its own
// line, the lines would come in any order.
static void introduce(int rank, int ranks)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "";
    int length;
    MPI_Get_processor_name(name, &length);

    char *names = NULL;
    if (rank == 0) {
        names = malloc((size_t)ranks * sizeof(name));
        if (!names) {
            fprintf(stderr, "not enough memory for the names of %d boards\n", ranks);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
    MPI_Gather(name, sizeof(name), MPI_CHAR, names, sizeof(name), MPI_CHAR, 0, MPI_COMM_WORLD);
    for (int i = 0; rank == 0 && i < ranks; i++) {
        printf("rank %d of %d is on %s\n", i, ranks, names + (size_t)i * sizeof(name));
    }
    free(names);
}

int main(int argc, char **argv)
{
    int rank;
    int ranks;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    introduce(rank, ranks);
    int number = ring_pass(MPI_COMM_WORLD, 100);
    if (rank == 0) {
        printf("sent 100 round the ring, %d came back\n", number);
    }
    MPI_Finalize();
    return 0;
}
