// The integral of a function, computed by the threads of all ranks.
#ifndef INTEGRAL_H
#define INTEGRAL_H

#include <mpi.h>

typedef double integral_function(double x);

// Starts MPI for a program whose threads compute, while only the main thread calls MPI. Returns 0,
// or -1 on all ranks when this MPI cannot do that; MPI is started in either case.
int integral_start_mpi(int *argc, char ***argv);

// How many threads compute on this rank. OMP_NUM_THREADS sets it; otherwise, one for each core.
int integral_threads(void);

// Integrates from `from` to `to` over `steps` intervals of equal width, by the midpoint rule.
// All ranks call this with the same values and get the same result.
double integral(MPI_Comm comm, integral_function *f, double from, double to, long steps);

#endif
