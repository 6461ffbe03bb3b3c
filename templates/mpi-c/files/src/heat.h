// Steady heat on a square plate: the temperature on the edges is given, that inside is found by
// Jacobi iteration. The rows of the plate are shared out to the ranks of a communicator.
#ifndef HEAT_H
#define HEAT_H

#include <mpi.h>

struct heat {
    MPI_Comm comm;
    int rank, ranks;
    int n;       // points along an edge of the plate, edges included
    int first;   // the plate's row that is this rank's first
    int rows;    // how many rows this rank has
    double *now; // rows + 2 rows of n points: a row of each neighbour around them
    double *next;
};

// The temperature on the edges, and what to begin with inside: a function of x and y in [0, 1].
typedef double heat_field(double x, double y);

// Returns 0, or -1 when there is not enough memory. `n` is at least 3.
int heat_init(struct heat *h, MPI_Comm comm, int n, heat_field *field);
void heat_release(struct heat *h);

// One step. Returns the greatest change of any point, on all ranks.
double heat_step(struct heat *h);

// Steps until nothing changes by more than `tolerance`, or `max_steps` are done; returns how many.
int heat_solve(struct heat *h, double tolerance, int max_steps);

// The greatest difference from `exact` at any point, and the mean temperature; on all ranks.
double heat_error(const struct heat *h, heat_field *exact);
double heat_mean(const struct heat *h);

#endif
