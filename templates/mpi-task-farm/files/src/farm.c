#include "farm.h"

enum { TAG_TASK = 1, TAG_RESULT }; // from the master, and to it
enum { NO_TASK = -1 };

// What a worker sends: the result of its last task, which also asks for the next one.
enum { FIELD_TASK, FIELD_RESULT, FIELDS };

static void work(MPI_Comm comm, farm_task *do_task, const void *context)
{
    long long message[FIELDS] = {NO_TASK, 0}; // nothing done yet: only asks
    for (;;) {
        int task;
        MPI_Send(message, FIELDS, MPI_LONG_LONG, 0, TAG_RESULT, comm);
        MPI_Recv(&task, 1, MPI_INT, 0, TAG_TASK, comm, MPI_STATUS_IGNORE);
        if (task == NO_TASK) {
            return;
        }
        message[FIELD_TASK] = task;
        message[FIELD_RESULT] = do_task(task, context);
    }
}

// Answers whoever asks, until each worker has been told that there is nothing left.
static void hand_out(MPI_Comm comm, int ranks, int tasks, long long *results, int *workers)
{
    int next = 0;
    int working = ranks - 1;

    while (working > 0) {
        long long message[FIELDS];
        MPI_Status status;
        MPI_Recv(message, FIELDS, MPI_LONG_LONG, MPI_ANY_SOURCE, TAG_RESULT, comm, &status);
        if (message[FIELD_TASK] != NO_TASK) {
            results[message[FIELD_TASK]] = message[FIELD_RESULT];
            workers[message[FIELD_TASK]] = status.MPI_SOURCE;
        }
        int task = next < tasks ? next++ : NO_TASK;
        MPI_Send(&task, 1, MPI_INT, status.MPI_SOURCE, TAG_TASK, comm);
        working -= task == NO_TASK;
    }
}

void farm_run(MPI_Comm comm, int tasks, farm_task *task, const void *context, long long *results,
              int *workers)
{
    int rank;
    int ranks;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);

    if (rank > 0) {
        work(comm, task, context);
    } else if (ranks > 1) {
        hand_out(comm, ranks, tasks, results, workers);
    } else {
        for (int i = 0; i < tasks; i++) { // nobody to give it to
            results[i] = task(i, context);
            workers[i] = 0;
        }
    }
    // All leave together. A worker that went ahead into the next farm_run would ask for a task of
    // that one, while the master still gives out those of this.
    MPI_Barrier(comm);
}
