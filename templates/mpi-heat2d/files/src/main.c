// A cold plate with a hot spot, after some time: NAME [HEIGHT [WIDTH [STEPS]]]
//
// Writes heat.ppm, a picture, and heat.raw, the temperatures, into the working folder.

#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

static double hot_spot(double x, double y)
{
    double right = x - 0.5;
    double down = y - 0.5;
    return right * right + down * down < 0.1 ? 100 : 0;
}

static void print_block(int rank, const int block[4])
{
    printf("rank %d: rows %d to %d, columns %d to %d\n", rank, block[0], block[1], block[2],
           block[3]);
}

// Who has which block, in the order of the ranks.
static void introduce(const struct plate *p)
{
    int block[4] = {p->first_row, p->first_row + p->rows - 1, p->first_column,
                    p->first_column + p->columns - 1};
    int ranks;

    if (p->rank != 0) {
        MPI_Send(block, 4, MPI_INT, 0, 0, p->comm);
        return;
    }
    print_block(0, block);
    MPI_Comm_size(p->comm, &ranks);
    for (int rank = 1; rank < ranks; rank++) {
        MPI_Recv(block, 4, MPI_INT, rank, 0, p->comm, MPI_STATUS_IGNORE);
        print_block(rank, block);
    }
}

int main(int argc, char **argv)
{
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    int height = argc > 1 ? atoi(argv[1]) : 120;
    int width = argc > 2 ? atoi(argv[2]) : 160;
    int steps = argc > 3 ? atoi(argv[3]) : 500;
    if (height < 3 || width < 3 || steps < 0 || !plate_fits(MPI_COMM_WORLD, height, width)) {
        if (rank == 0) {
            fprintf(stderr,
                    "usage: %s [HEIGHT [WIDTH [STEPS]]]: at least 3 x 3 points, and for each rank "
                    "at least one\n",
                    argv[0]);
        }
        MPI_Finalize();
        return 2;
    }
    struct plate p;
    if (plate_init(&p, MPI_COMM_WORLD, height, width, hot_spot) != 0) {
        fprintf(stderr, "rank %d: not enough memory for %d x %d points\n", rank, height, width);
        MPI_Finalize();
        return 1;
    }
    introduce(&p);
    double start = MPI_Wtime();
    for (int i = 0; i < steps; i++) {
        plate_step(&p);
    }
    double mean = plate_mean(&p);
    double seconds = MPI_Wtime() - start;
    int failed = picture_write(&p, "heat.ppm") | picture_write_raw(&p, "heat.raw");
    if (p.rank == 0 && failed) {
        fprintf(stderr, "cannot write heat.ppm and heat.raw here\n");
    } else if (p.rank == 0) {
        printf("%d x %d points, %d steps: mean temperature %.3f, heat.ppm written (%.2f s)\n",
               height, width, steps, mean, seconds);
    }
    plate_release(&p);
    MPI_Finalize();
    return failed ? 1 : 0;
}
