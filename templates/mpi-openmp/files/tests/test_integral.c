// Known integrals, whatever the number of ranks and of threads: test THREADS
//
// THREADS is what OMP_NUM_THREADS asks for. Without threads the sums would come out right as well,
// so it is tested that they are there.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <omp.h>

#include "integral.h"

enum { MOST_THREADS = 64 };

static int failures;
static int used[MOST_THREADS]; // has this thread computed anything?

static void check(int good, const char *what, double value)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 || !good) {
        printf("%s: rank %d: %s (%.12g)\n", good ? "ok" : "FAILED", rank, what, value);
        fflush(stdout); // mpirun ends all ranks when one has failed: print it before
    }
    failures += !good;
}

static double one(double x)
{
    (void)x;
    used[omp_get_thread_num() % MOST_THREADS] = 1;
    return 1;
}

static double cube(double x)
{
    return x * x * x;
}

static void test_threads(int wanted)
{
    int threads = 0;

    check(integral_threads() == wanted, "there are the threads that were asked for",
          integral_threads());
    integral(MPI_COMM_WORLD, one, 0, 1, 100000);
    for (int i = 0; i < MOST_THREADS; i++) {
        threads += used[i];
    }
    check(threads == wanted, "each of them computes", threads);
}

static void test_known_integrals(void)
{
    double area = integral(MPI_COMM_WORLD, one, -3, 4, 1000);
    double cubes = integral(MPI_COMM_WORLD, cube, 0, 2, 10000);
    double sine = integral(MPI_COMM_WORLD, sin, 0, acos(-1), 10000);
    check(fabs(area - 7) < 1e-12, "of a constant: 7", area);
    check(fabs(cubes - 4) < 1e-7, "of the cube from 0 to 2: 4", cubes);
    check(fabs(sine - 2) < 1e-7, "of the sine from 0 to pi: 2", sine);
}

// Fewer intervals than ranks and threads, and numbers that they do not divide evenly: each interval
// is there once.
static void test_each_interval_counts_once(void)
{
    int good = 1;
    for (long steps = 1; steps < 40; steps++) {
        double sum = integral(MPI_COMM_WORLD, cube, 0, (double)steps, steps);
        double expected = 0;
        for (long i = 0; i < steps; i++) {
            expected += cube((double)i + 0.5);
        }
        good = good && fabs(sum - expected) <= 1e-12 * expected;
    }
    check(good, "each interval counts once", 39);
}

int main(int argc, char **argv)
{
    if (integral_start_mpi(&argc, &argv) != 0 || argc != 2) {
        fprintf(stderr, "no threads in this MPI, or no THREADS given\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    test_threads(atoi(argv[1]));
    test_known_integrals();
    test_each_interval_counts_once();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures != 0;
}
