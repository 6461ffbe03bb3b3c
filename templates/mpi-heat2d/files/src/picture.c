#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 64 };

// One of three ramps, which follow each other: 0 to 255 while `part` goes from 0 to 1.
static unsigned char ramp(double part)
{
    if (part <= 0) {
        return 0;
    }
    return part >= 1 ? 255 : (unsigned char)(part * 255);
}

struct colour picture_colour(double temperature)
{
    double heat = temperature * 3 / 100;
    return (struct colour){.red = ramp(heat), .green = ramp(heat - 1), .blue = ramp(heat - 2)};
}

// The part of the file that is ours: our block, out of cells for the whole plate.
static MPI_Datatype block_in_file(const struct plate *p, MPI_Datatype cell)
{
    const int whole[2] = {p->height, p->width};
    const int block[2] = {p->rows, p->columns};
    const int start[2] = {p->first_row, p->first_column};
    MPI_Datatype type;

    MPI_Type_create_subarray(2, whole, block, start, MPI_ORDER_C, cell, &type);
    MPI_Type_commit(&type);
    return type;
}

// All ranks write their `cells`, which are behind each other in memory. For files, MPI's functions
// return what went wrong; for all else, they end the program.
static int write_cells(const struct plate *p, const char *path, const char *header,
                       MPI_Datatype cell, const void *cells)
{
    MPI_File file;
    MPI_Info hints;
    // The parts of all ranks go to one rank, which writes them to the disk. With several of these,
    // Open MPI 4.1 now and then writes the old content over what another one has just written.
    MPI_Info_create(&hints);
    MPI_Info_set(hints, "cb_nodes", "1");
    int bad = MPI_File_open(p->comm, path, MPI_MODE_CREATE | MPI_MODE_WRONLY, hints, &file);
    MPI_Info_free(&hints);
    if (bad != MPI_SUCCESS) {
        return -1;
    }
    bad = MPI_File_set_size(file, 0); // what an older file may have
    const int header_size = (int)strlen(header);
    if (p->rank == 0 && header_size > 0) {
        bad |= MPI_File_write_at(file, 0, header, header_size, MPI_CHAR, MPI_STATUS_IGNORE);
    }
    MPI_Datatype block = block_in_file(p, cell);
    bad |= MPI_File_set_view(file, header_size, cell, block, "native", MPI_INFO_NULL);
    bad |= MPI_File_write_all(file, cells, p->rows * p->columns, cell, MPI_STATUS_IGNORE);
    bad |= MPI_File_close(&file);
    MPI_Type_free(&block);
    MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_BOR, p->comm);
    return bad == MPI_SUCCESS ? 0 : -1;
}

// Does every rank have the memory that it asked for? Then all can go on, or none.
static int everyone_has(const struct plate *p, const void *memory)
{
    int all = memory != NULL;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, p->comm);
    return all;
}

int picture_write(const struct plate *p, const char *path)
{
    char header[HEADER_MAX];
    MPI_Datatype pixel;
    int r = -1;

    snprintf(header, sizeof(header), "P6\n%d %d\n255\n", p->width, p->height);
    MPI_Type_contiguous(sizeof(struct colour), MPI_UNSIGNED_CHAR, &pixel);
    MPI_Type_commit(&pixel);
    struct colour *pixels = malloc((size_t)p->rows * (size_t)p->columns * sizeof(*pixels));
    if (everyone_has(p, pixels)) {
        struct colour *to = pixels;
        for (int i = 0; i < p->rows; i++) {
            for (int j = 0; j < p->columns; j++) {
                *to++ = picture_colour(*plate_point(p, p->now, i, j));
            }
        }
        r = write_cells(p, path, header, pixel, pixels);
    }
    free(pixels);
    MPI_Type_free(&pixel);
    return r;
}

int picture_write_raw(const struct plate *p, const char *path)
{
    double *values = malloc((size_t)p->rows * (size_t)p->columns * sizeof(*values));
    int r = -1;

    if (everyone_has(p, values)) {
        double *to = values;
        for (int i = 0; i < p->rows; i++, to += p->columns) {
            memcpy(to, plate_point(p, p->now, i, 0), (size_t)p->columns * sizeof(*values));
        }
        r = write_cells(p, path, "", MPI_DOUBLE, values);
    }
    free(values);
    return r;
}
