// SPDX-License-Identifier: MIT
// Measures boards and the network between them, for `pisdk nodes calibrate`: one rank a core.
//
// Prints a line a board, from rank 0: its host name, ranks on it, operations a second of one core
// in the cache, bytes a second of all ranks together in the memory; then latency (seconds, half a
// round trip of one byte) and bandwidth (bytes a second, of messages of a megabyte) between ranks
// of the board, and between the board and the first one. 0: not measured.

#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speed.h"

enum {
    ELEMENTS = 1 << 22, // 100 MB of all ranks of a board
    SMALL = 1,
    LARGE = 1 << 20,
    ROUNDS_SMALL = 200,
    ROUNDS_LARGE = 5,
    NAME = 64
};

struct measured {
    char host[NAME];
    int ranks;
    double cache, memory;
    double inner_latency, inner_bandwidth, outer_latency, outer_bandwidth;
};

// Waits for the others without using the processor, which somebody measures.
static void wait_idle(MPI_Comm comm)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    MPI_Request request;
    int done = 0;
    MPI_Ibarrier(comm, &request);
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE), !done) {
        nanosleep(&pause, NULL);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

// Seconds of one way, the median of all rounds. The first one makes the connection.
static double one_way(int other, bool first, char *buffer, int size, int rounds, MPI_Comm comm)
{
    double seconds[ROUNDS_SMALL];
    for (int i = -1; i < rounds; i++) {
        double began = MPI_Wtime();
        if (first) {
            MPI_Send(buffer, size, MPI_CHAR, other, 0, comm);
            MPI_Recv(buffer, size, MPI_CHAR, other, 0, comm, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(buffer, size, MPI_CHAR, other, 0, comm, MPI_STATUS_IGNORE);
            MPI_Send(buffer, size, MPI_CHAR, other, 0, comm);
        }
        if (i >= 0) {
            seconds[i] = (MPI_Wtime() - began) / 2;
        }
    }
    qsort(seconds, (size_t)rounds, sizeof(*seconds), by_size);
    return seconds[rounds / 2];
}

static void measure_link(int rank, int a, int b, double *latency, double *bandwidth, MPI_Comm comm)
{
    static char buffer[LARGE];
    if (rank == a || rank == b) {
        int other = rank == a ? b : a;
        double small = one_way(other, rank == a, buffer, SMALL, ROUNDS_SMALL, comm);
        double large = one_way(other, rank == a, buffer, LARGE, ROUNDS_LARGE, comm);
        *latency = small;
        *bandwidth = large > small ? LARGE / (large - small) : 0;
    }
    wait_idle(comm);
}

int main(int argc, char **argv)
{
    MPI_Comm board;
    struct measured mine = {0};
    int rank = 0;
    int ranks = 0;
    int on_board = 0;
    int length = 0;
    char name[MPI_MAX_PROCESSOR_NAME];

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &board);
    MPI_Comm_rank(board, &on_board);
    MPI_Comm_size(board, &mine.ranks);
    MPI_Get_processor_name(name, &length);
    snprintf(mine.host, sizeof(mine.host), "%.*s", NAME - 1, name);

    if (on_board == 0) { // alone on its board
        mine.cache = speed_in_cache();
    }
    wait_idle(MPI_COMM_WORLD);
    double memory = speed_in_memory((size_t)(ELEMENTS / mine.ranks));
    MPI_Allreduce(&memory, &mine.memory, 1, MPI_DOUBLE, MPI_SUM, board);
    if (mine.ranks > 1) {
        measure_link(on_board, 0, 1, &mine.inner_latency, &mine.inner_bandwidth, board);
    }
    wait_idle(MPI_COMM_WORLD);

    // Which ranks are the first of their boards.
    int *first = calloc((size_t)ranks, sizeof(*first));
    int is_first = on_board == 0;
    if (!first) {
        MPI_Abort(MPI_COMM_WORLD, 1);
        return 1;
    }
    MPI_Allgather(&is_first, 1, MPI_INT, first, 1, MPI_INT, MPI_COMM_WORLD);
    for (int other = 1; other < ranks; other++) {
        if (first[other]) {
            measure_link(rank, other, 0, &mine.outer_latency, &mine.outer_bandwidth,
                         MPI_COMM_WORLD);
        }
    }
    // Rank 0 took part in all of them; only the other ends count.
    if (rank == 0) {
        mine.outer_latency = mine.outer_bandwidth = 0;
    }
    for (int i = 0; i < ranks; i++) {
        struct measured m = mine;
        if (!first[i] || (rank != 0 && rank != i)) {
            continue;
        }
        if (rank == i && i != 0) {
            MPI_Send(&mine, sizeof(mine), MPI_BYTE, 0, 1, MPI_COMM_WORLD);
        } else if (i != 0) {
            MPI_Recv(&m, sizeof(m), MPI_BYTE, i, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
        if (rank == 0) {
            printf("calibrate %s %d %.0f %.0f %.3e %.0f %.3e %.0f\n", m.host, m.ranks, m.cache,
                   m.memory, m.inner_latency, m.inner_bandwidth, m.outer_latency,
                   m.outer_bandwidth);
        }
    }
    free(first);
    MPI_Comm_free(&board);
    MPI_Finalize();
    return 0;
}
