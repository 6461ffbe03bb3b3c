// A task farm: rank 0, the master, gives tasks to the other ranks, the workers. Who is done gets
// the next one, so that everybody is busy to the end, however long each task takes.
#ifndef FARM_H
#define FARM_H

#include <mpi.h>

// Does task number `task` and returns its result. Called on the workers only, or on rank 0 when it
// is alone. `context` is what farm_run got on the same rank.
typedef long long farm_task(int task, const void *context);

// Has tasks 0 to tasks - 1 done. All ranks of `comm` call this. On rank 0, `results` and `workers`
// are arrays of `tasks` numbers, for the result of each task and for the rank that did it; on the
// other ranks they are not used.
void farm_run(MPI_Comm comm, int tasks, farm_task *task, const void *context, long long *results,
              int *workers);

#endif
