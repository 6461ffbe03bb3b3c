// Every task is done once, by a worker, and its result comes back to where it belongs.

#include <stdio.h>

#include "farm.h"
#include "primes.h"

enum { TASKS = 60 };

static int failures;
static int rank, ranks;
static int calls; // of tasks, on this rank

static void check(int good, const char *what, long long value)
{
    if (rank == 0 || !good) {
        printf("%s: rank %d: %s (%lld)\n", good ? "ok" : "FAILED", rank, what, value);
        fflush(stdout); // mpirun ends all ranks when one has failed: print it before
    }
    failures += !good;
}

static long long square(int task, const void *context)
{
    calls++;
    return (long long)task * task + *(const int *)context;
}

static void test_tasks(int tasks, const char *what)
{
    const int more = 7;
    long long results[TASKS] = {0};
    int workers[TASKS];
    int good = 1;

    calls = 0;
    farm_run(MPI_COMM_WORLD, tasks, square, &more, results, workers);
    int all_calls;
    MPI_Allreduce(&calls, &all_calls, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; rank == 0 && i < tasks; i++) {
        int by_a_worker = ranks == 1 ? workers[i] == 0 : workers[i] > 0 && workers[i] < ranks;
        good = good && by_a_worker && results[i] == (long long)i * i + more;
    }
    check(good && all_calls == tasks, what, all_calls);
    check(ranks == 1 || rank > 0 || calls == 0, "the master has only given out", calls);
}

// A task that is much longer than the others must not hold them up: another worker does these.
static long long first_is_long(int task, const void *context)
{
    (void)context;
    double end = MPI_Wtime() + (task == 0 ? 1.0 : 0.0);
    while (MPI_Wtime() < end) {
    }
    return task;
}

static void test_who_is_busy_gets_no_more(void)
{
    long long results[TASKS];
    int workers[TASKS];
    int with_the_long_one = 0;

    farm_run(MPI_COMM_WORLD, TASKS, first_is_long, NULL, results, workers);
    for (int i = 0; rank == 0 && i < TASKS; i++) {
        with_the_long_one += workers[i] == workers[0];
    }
    if (ranks > 2) {
        check(with_the_long_one < TASKS / 2, "who has the long task gets few others",
              with_the_long_one);
    } else {
        check(rank > 0 || with_the_long_one == TASKS, "who is alone does all", with_the_long_one);
    }
}

static long long primes_of_task(int task, const void *context)
{
    (void)context;
    return primes_count(task * 1000LL, (task + 1) * 1000LL);
}

static void test_primes(void)
{
    long long results[TASKS];
    int workers[TASKS];
    long long primes = 0;

    farm_run(MPI_COMM_WORLD, TASKS, primes_of_task, NULL, results, workers);
    for (int i = 0; rank == 0 && i < TASKS; i++) {
        primes += results[i];
    }
    check(rank > 0 || primes == 6057, "6057 primes are below 60000", primes);
    check(rank > 0 || results[0] == 168, "168 of them below 1000", rank > 0 ? 168 : results[0]);
    check(primes_count(0, 2) == 0 && primes_count(2, 3) == 1 && primes_count(9, 10) == 0,
          "2 is the first, 9 is not prime", primes_count(0, 10));
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    test_tasks(TASKS, "many tasks");
    test_tasks(1, "fewer tasks than workers");
    test_tasks(0, "no task");
    test_who_is_busy_gets_no_more();
    test_primes();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures != 0;
}
