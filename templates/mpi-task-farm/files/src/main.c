// Counts the primes below a limit, in tasks for a farm of ranks: NAME [LIMIT [TASKS]]

#include <stdio.h>
#include <stdlib.h>

#include "farm.h"
#include "primes.h"

enum { LIMIT_MAX = 1000000000, TASKS_MAX = 1000000 };

struct job {
    long long limit;
    int tasks;
};

// Task `i` has the i-th part of the numbers.
static long long count_part(int i, const void *context)
{
    const struct job *job = context;
    long long first = job->limit * i / job->tasks;
    long long end = job->limit * (i + 1) / job->tasks;
    return primes_count(first, end);
}

static void report(const struct job *job, const long long *results, const int *workers, int ranks,
                   double seconds)
{
    long long primes = 0;
    for (int i = 0; i < job->tasks; i++) {
        primes += results[i];
    }
    for (int rank = 0; rank < ranks; rank++) {
        int done = 0;
        for (int i = 0; i < job->tasks; i++) {
            done += workers[i] == rank;
        }
        printf("rank %d of %d has done %d tasks\n", rank, ranks, done);
    }
    printf("%lld primes below %lld (%.2f s)\n", primes, job->limit, seconds);
}

int main(int argc, char **argv)
{
    int rank;
    int ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);

    struct job job = {.limit = argc > 1 ? atoll(argv[1]) : 500000,
                      .tasks = argc > 2 ? atoi(argv[2]) : 100};
    if (job.limit < 1 || job.limit > LIMIT_MAX || job.tasks < 1 || job.tasks > TASKS_MAX) {
        if (rank == 0) {
            fprintf(stderr, "usage: %s [LIMIT [TASKS]]: 1 to %d, in 1 to %d tasks\n", argv[0],
                    LIMIT_MAX, TASKS_MAX);
        }
        MPI_Finalize();
        return 2;
    }
    long long *results = NULL;
    int *workers = NULL;
    if (rank == 0) { // the others need none
        results = calloc((size_t)job.tasks, sizeof(*results));
        workers = calloc((size_t)job.tasks, sizeof(*workers));
        if (!results || !workers) {
            fprintf(stderr, "not enough memory for %d tasks\n", job.tasks);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
    double start = MPI_Wtime();
    farm_run(MPI_COMM_WORLD, job.tasks, count_part, &job, results, workers);
    if (rank == 0) {
        report(&job, results, workers, ranks, MPI_Wtime() - start);
    }
    free(results);
    free(workers);
    MPI_Finalize();
    return 0;
}
