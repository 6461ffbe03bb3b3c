// A long computation, as far as its messages go: in each step every rank tells the next one that it
// is there. When one does not, the others say so and stop.

#define _POSIX_C_SOURCE 200809L // nanosleep

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "watch.h"

enum { STEPS = 40, STEP_MS = 20, STEPS_A_LINE = 10, NS_A_MS = 1000000, GONE = 3 };

static const double PATIENCE = 5; // seconds

static void compute(void)
{
    const struct timespec time = {.tv_nsec = STEP_MS * NS_A_MS};
    nanosleep(&time, NULL);
}

// A real program would write what it has so far to a file here.
static void give_up(int rank, const struct watch *w, int step)
{
    printf("rank %d: rank %d has not answered for %.0f s in step %d\n", rank, w->previous, PATIENCE,
           step);
    fflush(stdout); // mpirun may not end by itself any more: print it now
    MPI_Abort(MPI_COMM_WORLD, GONE);
}

int main(int argc, char **argv)
{
    int steps = argc > 1 ? (int)strtol(argv[1], NULL, 10) : STEPS;
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD); // from here on, all ranks run
    for (int step = 1; step <= steps; step++) {
        struct watch w;
        compute();
        watch_begin(&w, MPI_COMM_WORLD, step);
        if (!watch_wait(&w, PATIENCE)) {
            give_up(rank, &w, step);
        }
        if (rank == 0 && step % STEPS_A_LINE == 0) {
            printf("step %d: everybody is there\n", step);
            fflush(stdout);
        }
    }
    MPI_Finalize();
    return 0;
}
