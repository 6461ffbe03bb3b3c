#include "heat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_UP = 1, TAG_DOWN = 2 };

static double *row(const struct heat *h, double *field, int i)
{
    return field + (size_t)i * (size_t)h->n;
}

// Is row i of this rank (1 to rows) on an edge of the plate?
static int on_edge(const struct heat *h, int i)
{
    int row_of_plate = h->first + i - 1;
    return row_of_plate == 0 || row_of_plate == h->n - 1;
}

int heat_init(struct heat *h, MPI_Comm comm, int n, heat_field *field)
{
    *h = (struct heat){.comm = comm, .n = n};
    MPI_Comm_rank(comm, &h->rank);
    MPI_Comm_size(comm, &h->ranks);
    // The first n % ranks ranks have a row more.
    h->rows = n / h->ranks + (h->rank < n % h->ranks);
    h->first = h->rank * (n / h->ranks) + (h->rank < n % h->ranks ? h->rank : n % h->ranks);
    size_t points = ((size_t)h->rows + 2) * (size_t)n;
    h->now = calloc(points, sizeof(double));
    h->next = calloc(points, sizeof(double));
    if (!h->now || !h->next) {
        heat_release(h);
        return -1;
    }
    for (int i = 1; i <= h->rows; i++) {
        for (int j = 0; j < n; j++) {
            double x = (double)j / (n - 1);
            double y = (double)(h->first + i - 1) / (n - 1);
            int edge = on_edge(h, i) || j == 0 || j == n - 1;
            row(h, h->now, i)[j] = edge ? field(x, y) : 0;
        }
    }
    memcpy(h->next, h->now, points * sizeof(double));
    return 0;
}

void heat_release(struct heat *h)
{
    free(h->now);
    free(h->next);
    h->now = h->next = NULL;
}

// Each rank's first and last row go to its neighbours. A rank without rows has none.
static void exchange_edges(struct heat *h)
{
    int up = h->rank > 0 ? h->rank - 1 : MPI_PROC_NULL;
    int down = h->rank + 1 < h->ranks ? h->rank + 1 : MPI_PROC_NULL;

    MPI_Sendrecv(row(h, h->now, 1), h->n, MPI_DOUBLE, up, TAG_UP, row(h, h->now, h->rows + 1), h->n,
                 MPI_DOUBLE, down, TAG_UP, h->comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(row(h, h->now, h->rows), h->n, MPI_DOUBLE, down, TAG_DOWN, row(h, h->now, 0), h->n,
                 MPI_DOUBLE, up, TAG_DOWN, h->comm, MPI_STATUS_IGNORE);
}

double heat_step(struct heat *h)
{
    double change = 0;

    exchange_edges(h);
    for (int i = 1; i <= h->rows; i++) {
        if (on_edge(h, i)) {
            continue;
        }
        const double *above = row(h, h->now, i - 1);
        const double *here = row(h, h->now, i);
        const double *below = row(h, h->now, i + 1);
        double *to = row(h, h->next, i);
        for (int j = 1; j < h->n - 1; j++) {
            to[j] = (above[j] + below[j] + here[j - 1] + here[j + 1]) / 4;
            change = fmax(change, fabs(to[j] - here[j]));
        }
    }
    double *old = h->now;
    h->now = h->next;
    h->next = old;
    MPI_Allreduce(MPI_IN_PLACE, &change, 1, MPI_DOUBLE, MPI_MAX, h->comm);
    return change;
}

int heat_solve(struct heat *h, double tolerance, int max_steps)
{
    int steps = 0;
    while (steps < max_steps) {
        steps++;
        if (heat_step(h) <= tolerance) {
            break;
        }
    }
    return steps;
}

double heat_error(const struct heat *h, heat_field *exact)
{
    double error = 0;
    for (int i = 1; i <= h->rows; i++) {
        for (int j = 0; j < h->n; j++) {
            double x = (double)j / (h->n - 1);
            double y = (double)(h->first + i - 1) / (h->n - 1);
            error = fmax(error, fabs(row(h, h->now, i)[j] - exact(x, y)));
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &error, 1, MPI_DOUBLE, MPI_MAX, h->comm);
    return error;
}

double heat_mean(const struct heat *h)
{
    double sum = 0;
    for (int i = 1; i <= h->rows; i++) {
        for (int j = 0; j < h->n; j++) {
            sum += row(h, h->now, i)[j];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, h->comm);
    return sum / ((double)h->n * h->n);
}
