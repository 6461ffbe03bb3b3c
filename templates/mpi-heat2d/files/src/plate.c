#include "plate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_UP = 1, TAG_DOWN, TAG_LEFT, TAG_RIGHT };
enum { DOWN = 0, ACROSS = 1 }; // the two directions of the grid of ranks

double *plate_point(const struct plate *p, double *points, int i, int j)
{
    return points + (ptrdiff_t)(i + 1) * (p->columns + 2) + (j + 1);
}

// Shares `points` out to `parts`: the first points % parts of them get one more.
static void share(int points, int parts, int part, int *first, int *count)
{
    int extra = points % parts;
    *count = points / parts + (part < extra);
    *first = part * (points / parts) + (part < extra ? part : extra);
}

int plate_fits(MPI_Comm comm, int height, int width)
{
    int ranks;
    int grid[2] = {0, 0};
    MPI_Comm_size(comm, &ranks);
    MPI_Dims_create(ranks, 2, grid);
    return grid[DOWN] <= height && grid[ACROSS] <= width;
}

// The ranks as a grid, as square as their number allows. MPI may renumber them, so that
// neighbours are near each other.
static void make_grid(struct plate *p, MPI_Comm comm)
{
    int ranks;
    int grid[2] = {0, 0};
    int at[2];
    const int periodic[2] = {0, 0}; // the plate has edges

    MPI_Comm_size(comm, &ranks);
    MPI_Dims_create(ranks, 2, grid);
    MPI_Cart_create(comm, 2, grid, periodic, 1, &p->comm);
    MPI_Comm_rank(p->comm, &p->rank);
    MPI_Cart_coords(p->comm, p->rank, 2, at);
    MPI_Cart_shift(p->comm, DOWN, 1, &p->above, &p->below);
    MPI_Cart_shift(p->comm, ACROSS, 1, &p->left, &p->right);
    share(p->height, grid[DOWN], at[DOWN], &p->first_row, &p->rows);
    share(p->width, grid[ACROSS], at[ACROSS], &p->first_column, &p->columns);
}

// A row is one piece of memory. The points of a column are a whole row, halo included, apart: MPI
// gathers them by itself once it knows that.
static void describe_rows_and_columns(struct plate *p)
{
    MPI_Type_contiguous(p->columns, MPI_DOUBLE, &p->row);
    MPI_Type_vector(p->rows, 1, p->columns + 2, MPI_DOUBLE, &p->column);
    MPI_Type_commit(&p->row);
    MPI_Type_commit(&p->column);
}

int plate_init(struct plate *p, MPI_Comm comm, int height, int width, plate_field *field)
{
    *p = (struct plate){.height = height, .width = width};
    make_grid(p, comm);
    describe_rows_and_columns(p);

    size_t points = ((size_t)p->rows + 2) * ((size_t)p->columns + 2);
    p->now = calloc(points, sizeof(double));
    p->next = calloc(points, sizeof(double));
    int enough = p->now && p->next;
    MPI_Allreduce(MPI_IN_PLACE, &enough, 1, MPI_INT, MPI_MIN, p->comm);
    if (!enough) {
        plate_release(p);
        return -1;
    }
    for (int i = 0; i < p->rows; i++) {
        for (int j = 0; j < p->columns; j++) {
            double x = (double)(p->first_column + j) / (width - 1);
            double y = (double)(p->first_row + i) / (height - 1);
            *plate_point(p, p->now, i, j) = field(x, y);
        }
    }
    memcpy(p->next, p->now, points * sizeof(double)); // the edges, which no step changes
    return 0;
}

void plate_release(struct plate *p)
{
    free(p->now);
    free(p->next);
    p->now = p->next = NULL;
    MPI_Type_free(&p->row);
    MPI_Type_free(&p->column);
    MPI_Comm_free(&p->comm);
}

// Each of our four outermost rows and columns goes to the neighbour on that side, and the neighbour
// on the other side fills our halo. Sending to MPI_PROC_NULL, where the plate ends, does nothing.
static void exchange_halos(struct plate *p)
{
    const int last_row = p->rows - 1;
    const int last_column = p->columns - 1;

    MPI_Sendrecv(plate_point(p, p->now, 0, 0), 1, p->row, p->above, TAG_UP,
                 plate_point(p, p->now, last_row + 1, 0), 1, p->row, p->below, TAG_UP, p->comm,
                 MPI_STATUS_IGNORE);
    MPI_Sendrecv(plate_point(p, p->now, last_row, 0), 1, p->row, p->below, TAG_DOWN,
                 plate_point(p, p->now, -1, 0), 1, p->row, p->above, TAG_DOWN, p->comm,
                 MPI_STATUS_IGNORE);
    MPI_Sendrecv(plate_point(p, p->now, 0, 0), 1, p->column, p->left, TAG_LEFT,
                 plate_point(p, p->now, 0, last_column + 1), 1, p->column, p->right, TAG_LEFT,
                 p->comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(plate_point(p, p->now, 0, last_column), 1, p->column, p->right, TAG_RIGHT,
                 plate_point(p, p->now, 0, -1), 1, p->column, p->left, TAG_RIGHT, p->comm,
                 MPI_STATUS_IGNORE);
}

static int on_edge(const struct plate *p, int i, int j)
{
    int row = p->first_row + i;
    int column = p->first_column + j;
    return row == 0 || row == p->height - 1 || column == 0 || column == p->width - 1;
}

void plate_step(struct plate *p)
{
    exchange_halos(p);
    for (int i = 0; i < p->rows; i++) {
        for (int j = 0; j < p->columns; j++) {
            if (on_edge(p, i, j)) {
                continue;
            }
            double around = *plate_point(p, p->now, i - 1, j) + *plate_point(p, p->now, i + 1, j) +
                            *plate_point(p, p->now, i, j - 1) + *plate_point(p, p->now, i, j + 1);
            double here = *plate_point(p, p->now, i, j);
            // An eighth: small enough for the explicit scheme to be stable.
            *plate_point(p, p->next, i, j) = here + (around - 4 * here) / 8;
        }
    }
    double *old = p->now;
    p->now = p->next;
    p->next = old;
}

double plate_mean(const struct plate *p)
{
    double sum = 0;
    for (int i = 0; i < p->rows; i++) {
        for (int j = 0; j < p->columns; j++) {
            sum += *plate_point(p, p->now, i, j);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, p->comm);
    return sum / ((double)p->height * p->width);
}
