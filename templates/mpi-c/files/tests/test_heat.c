// The ranks together must find what one would: known solutions, whatever their number.

#include <math.h>
#include <stdio.h>

#include "heat.h"

static int failures;

static void check(int good, const char *what, double value)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        printf("%s: %s (%g)\n", good ? "ok" : "FAILED", what, value);
    }
    failures += !good;
}

// A linear field is its own mean everywhere, so it is what the iteration must arrive at.
static double slope(double x, double y)
{
    return 3 * x - 2 * y + 1;
}

static double hot_upper_edge(double x, double y)
{
    (void)x;
    return y == 0 ? 100 : 0;
}

static void test_linear_field(void)
{
    struct heat h;
    heat_init(&h, MPI_COMM_WORLD, 17, slope);
    heat_solve(&h, 1e-12, 5000);
    double error = heat_error(&h, slope);
    check(error < 1e-8, "a linear field is found exactly", error);
    heat_release(&h);
}

// By symmetry, the four fields with one hot edge sum up to 100 everywhere, the corners apart.
static void test_mean_by_symmetry(void)
{
    struct heat h;
    const int n = 21;
    heat_init(&h, MPI_COMM_WORLD, n, hot_upper_edge);
    heat_solve(&h, 1e-10, 5000);
    double inside = heat_mean(&h) * n * n - 100.0 * n; // without the hot edge
    double expected = 25.0 * (n - 2) * (n - 2);
    check(fabs(inside - expected) < 1e-4, "the mean inside is a quarter", inside / expected);
    heat_release(&h);
}

static void test_uneven_rows(void)
{
    struct heat h;
    int rows;
    heat_init(&h, MPI_COMM_WORLD, 23, slope);
    MPI_Allreduce(&h.rows, &rows, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    check(rows == 23, "every row belongs to one rank", rows);
    heat_release(&h);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    test_linear_field();
    test_mean_by_symmetry();
    test_uneven_rows();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures != 0;
}
