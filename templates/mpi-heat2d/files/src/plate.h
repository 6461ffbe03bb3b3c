// Heat that spreads on a rectangular plate. The plate is cut into blocks, one for each rank, and
// the ranks form a grid as the blocks do.
//
// A block is kept with a frame of one point around it, the halo: what the neighbours computed
// there.
#ifndef PLATE_H
#define PLATE_H

#include <mpi.h>

struct plate {
    MPI_Comm comm;                 // the ranks as a grid
    int rank;                      // ours in that grid
    int height, width;             // of the whole plate, in points
    int first_row, first_column;   // where our block begins
    int rows, columns;             // how large it is
    int above, below, left, right; // the ranks around us, or MPI_PROC_NULL
    MPI_Datatype row, column;      // one row of the block, and one column
    double *now;                   // (rows + 2) * (columns + 2) points, row after row
    double *next;
};

// The temperature at the beginning: a function of x and y in [0, 1], across and down. On the edges
// of the plate it stays as it is.
typedef double plate_field(double x, double y);

// Returns 0, or -1 on all ranks when there is not enough memory on one. Each row of ranks must have
// a row of points at least, and each column of ranks a column.
int plate_init(struct plate *p, MPI_Comm comm, int height, int width, plate_field *field);
void plate_release(struct plate *p);

// Are there points enough for every rank of `comm`?
int plate_fits(MPI_Comm comm, int height, int width);

// Point (i, j) of our block, both counted from 0. The halo is at -1, and at `rows` and `columns`.
double *plate_point(const struct plate *p, double *points, int i, int j);

// One step in time, on all ranks.
void plate_step(struct plate *p);

// The mean temperature of the whole plate, on all ranks.
double plate_mean(const struct plate *p);

#endif
