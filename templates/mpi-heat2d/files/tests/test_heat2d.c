// Whatever the number of ranks: the temperatures of one computation without MPI, and a file with
// exactly the bytes that one would write.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

enum { HEIGHT = 37, WIDTH = 29, STEPS = 60 }; // blocks of different sizes on 2 and 4 ranks

static int failures;
static double reference[HEIGHT][WIDTH];

static void check(int good, const char *what, double value)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 || !good) {
        printf("%s: rank %d: %s (%g)\n", good ? "ok" : "FAILED", rank, what, value);
        fflush(stdout); // mpirun ends all ranks when one has failed: print it before
    }
    failures += !good;
}

// Nothing in it is the same to the left and to the right, or above and below.
static double lopsided(double x, double y)
{
    return 100 * x * x * x + (y > 0.6 ? 40 * y : 0) - 10;
}

static void compute_reference(void)
{
    static double old[HEIGHT][WIDTH];

    for (int i = 0; i < HEIGHT; i++) {
        for (int j = 0; j < WIDTH; j++) {
            reference[i][j] = lopsided((double)j / (WIDTH - 1), (double)i / (HEIGHT - 1));
        }
    }
    for (int step = 0; step < STEPS; step++) {
        memcpy(old, reference, sizeof(old));
        for (int i = 1; i < HEIGHT - 1; i++) {
            for (int j = 1; j < WIDTH - 1; j++) {
                double around = old[i - 1][j] + old[i + 1][j] + old[i][j - 1] + old[i][j + 1];
                reference[i][j] = old[i][j] + (around - 4 * old[i][j]) / 8;
            }
        }
    }
}

static void test_temperatures(const struct plate *p)
{
    double difference = 0;
    double mean = 0;
    for (int i = 0; i < p->rows; i++) {
        for (int j = 0; j < p->columns; j++) {
            double expected = reference[p->first_row + i][p->first_column + j];
            difference = fmax(difference, fabs(*plate_point(p, p->now, i, j) - expected));
        }
    }
    for (int i = 0; i < HEIGHT * WIDTH; i++) {
        mean += reference[i / WIDTH][i % WIDTH] / (HEIGHT * WIDTH);
    }
    check(difference == 0, "every temperature is that of one computation", difference);
    check(fabs(plate_mean(p) - mean) < 1e-9, "the mean is too", plate_mean(p));
}

static void test_every_point_has_one_rank(const struct plate *p)
{
    int points = p->rows * p->columns;
    MPI_Allreduce(MPI_IN_PLACE, &points, 1, MPI_INT, MPI_SUM, p->comm);
    check(points == HEIGHT * WIDTH, "every point belongs to one rank", points);
}

static void test_colours(void)
{
    struct colour cold = picture_colour(-5);
    struct colour warm = picture_colour(50);
    struct colour hot = picture_colour(200);
    check(cold.red == 0 && cold.green == 0 && cold.blue == 0, "cold is black", cold.red);
    check(warm.red == 255 && warm.green == 127 && warm.blue == 0, "warm is orange", warm.green);
    check(hot.red == 255 && hot.green == 255 && hot.blue == 255, "hot is white", hot.blue);
}

// Does the file have these bytes, and no others? Rank 0 reads it.
static void check_file(const struct plate *p, const char *path, const char *header,
                       const void *cells, size_t size, const char *what)
{
    if (p->rank == 0) {
        size_t start = strlen(header);
        char *content = calloc(1, start + size + 1);
        FILE *file = fopen(path, "rb");
        size_t length = file && content ? fread(content, 1, start + size + 1, file) : 0;
        check(length == start + size && memcmp(content, header, start) == 0 &&
                  memcmp(content + start, cells, size) == 0,
              what, (double)length);
        if (file) {
            fclose(file);
        }
        free(content);
    }
    MPI_Barrier(p->comm); // nobody overwrites the file before it is read
}

static void test_files(const struct plate *p, const char *name)
{
    static struct colour pixels[HEIGHT][WIDTH];
    char path[256];
    char header[64];

    for (int i = 0; i < HEIGHT * WIDTH; i++) {
        pixels[i / WIDTH][i % WIDTH] = picture_colour(reference[i / WIDTH][i % WIDTH]);
    }
    snprintf(header, sizeof(header), "P6\n%d %d\n255\n", WIDTH, HEIGHT);
    snprintf(path, sizeof(path), "%s.raw", name);
    check(picture_write_raw(p, path) == 0, "the temperatures are written", 0);
    check_file(p, path, "", reference, sizeof(reference), "they are those of the reference");
    snprintf(path, sizeof(path), "%s.ppm", name);
    check(picture_write_raw(p, path) == 0, "a longer file is there before the picture", 0);
    check(picture_write(p, path) == 0, "the picture is written", 0);
    check_file(p, path, header, pixels, sizeof(pixels), "it is that of the reference");
    // What goes wrong only now and then, when ranks write at once, is found by doing it often.
    for (int i = 0; i < 20; i++) {
        check(picture_write(p, path) == 0, "the picture is written again", i);
        check_file(p, path, header, pixels, sizeof(pixels), "it is still the same");
    }
    check(picture_write(p, "no/such/folder.ppm") != 0, "what cannot be written is reported", 0);
}

int main(int argc, char **argv)
{
    struct plate p;

    MPI_Init(&argc, &argv);
    compute_reference();
    if (argc != 2 || plate_init(&p, MPI_COMM_WORLD, HEIGHT, WIDTH, lopsided) != 0) {
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    for (int i = 0; i < STEPS; i++) {
        plate_step(&p);
    }
    test_temperatures(&p);
    test_every_point_has_one_rank(&p);
    test_colours();
    test_files(&p, argv[1]);
    plate_release(&p);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures != 0;
}
