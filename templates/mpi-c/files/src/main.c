// Heat on a plate whose upper edge is hot: NAME [POINTS [STEPS]]

#include <stdio.h>
#include <stdlib.h>

#include "heat.h"

static double hot_upper_edge(double x, double y)
{
    (void)x;
    return y == 0 ? 100 : 0;
}

// Rank by rank, who computes where.
static void introduce(const struct heat *h)
{
    char line[256];
    char host[MPI_MAX_PROCESSOR_NAME];
    int length;

    MPI_Get_processor_name(host, &length);
    snprintf(line, sizeof(line), "rank %d of %d on %s: rows %d to %d", h->rank, h->ranks, host,
             h->first, h->first + h->rows - 1);
    if (h->rank != 0) {
        MPI_Send(line, sizeof(line), MPI_CHAR, 0, 0, h->comm);
        return;
    }
    puts(line);
    for (int from = 1; from < h->ranks; from++) {
        MPI_Recv(line, sizeof(line), MPI_CHAR, from, 0, h->comm, MPI_STATUS_IGNORE);
        puts(line);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int n = argc > 1 ? atoi(argv[1]) : 64;
    int max_steps = argc > 2 ? atoi(argv[2]) : 500;
    if (n < 3 || n < ranks || max_steps < 1) {
        if (rank == 0) {
            fprintf(stderr,
                    "usage: %s [POINTS [STEPS]]: at least 3 points and one a rank, 1 step\n",
                    argv[0]);
        }
        MPI_Finalize();
        return 2;
    }
    struct heat h;
    if (heat_init(&h, MPI_COMM_WORLD, n, hot_upper_edge) != 0) {
        fprintf(stderr, "rank %d: not enough memory for %d x %d points\n", rank, n, n);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    introduce(&h);
    double start = MPI_Wtime();
    int steps = heat_solve(&h, 1e-3, max_steps);
    double mean = heat_mean(&h);
    if (rank == 0) {
        printf("%d x %d points, %d steps: mean temperature %.3f (%.2f s)\n", n, n, steps, mean,
               MPI_Wtime() - start);
    }
    heat_release(&h);
    MPI_Finalize();
    return 0;
}
