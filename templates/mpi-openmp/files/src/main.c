// Computes pi as an integral, on the threads of all ranks: NAME [STEPS]

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "integral.h"

// A quarter of a circle of radius 1 has the area pi / 4, and this has it four times.
static double four_quarters(double x)
{
    return 4 * sqrt(1 - x * x);
}

static void introduce(int rank, int ranks)
{
    int threads = integral_threads();
    if (rank != 0) {
        MPI_Send(&threads, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
        return;
    }
    printf("rank 0 of %d has %d threads\n", ranks, threads);
    for (int from = 1; from < ranks; from++) {
        MPI_Recv(&threads, 1, MPI_INT, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        printf("rank %d of %d has %d threads\n", from, ranks, threads);
    }
}

int main(int argc, char **argv)
{
    int can_have_threads = integral_start_mpi(&argc, &argv) == 0;
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);

    long steps = argc > 1 ? atol(argv[1]) : 2000000;
    if (!can_have_threads || steps < 1) {
        if (rank == 0 && !can_have_threads) {
            fprintf(stderr, "this MPI cannot be used by programs with threads\n");
        } else if (rank == 0) {
            fprintf(stderr, "usage: %s [STEPS]: at least 1\n", argv[0]);
        }
        MPI_Finalize();
        return can_have_threads ? 2 : 1;
    }
    introduce(rank, ranks);
    double start = MPI_Wtime();
    double pi = integral(MPI_COMM_WORLD, four_quarters, 0, 1, steps);
    if (rank == 0) {
        printf("pi is %.8f, from %ld steps (%.2f s)\n", pi, steps, MPI_Wtime() - start);
    }
    MPI_Finalize();
    return 0;
}
