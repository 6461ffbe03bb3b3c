// SPDX-License-Identifier: MIT
// What a simulation must not do as the program asks it to. Linked with the program, so that its
// calls come here; see files.c.

#include <mpi.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// --- A rank that starts another program, or another process
// All ranks are in one process, which a fork would copy with the simulator in it.

// What pisdk looks for in the output.
static void refuse(const char *name)
{
    int rank = 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    fflush(stdout);
    fprintf(stderr, "pisdk: rank %d calls %s\n", rank, name);
    _exit(EXIT_FAILURE);
}

#define REFUSED(type, name, parameters)                                                            \
    type name parameters                                                                           \
    {                                                                                              \
        refuse(#name);                                                                             \
        abort();                                                                                   \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"
REFUSED(pid_t, fork, (void))
REFUSED(pid_t, vfork, (void))
REFUSED(int, system, (const char *command))
REFUSED(FILE *, popen, (const char *command, const char *mode))
REFUSED(int, execv, (const char *path, char *const argv[]))
REFUSED(int, execve, (const char *path, char *const argv[], char *const env[]))
REFUSED(int, execvp, (const char *path, char *const argv[]))
REFUSED(int, posix_spawnp,
        (pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
         const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
         char *const env[restrict]))
REFUSED(int, posix_spawn,
        (pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
         const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
         char *const env[restrict]))

// --- Communicators with a topology
// SimGrid 3.32 counts its own work in these as the program's: half a second for 64 ranks of a slow
// board.

void smpi_bench_begin(void);
void smpi_bench_end(void);

#define NOT_COUNTED(name, parameters, arguments)                                                   \
    int MPI_##name parameters                                                                      \
    {                                                                                              \
        smpi_bench_end();                                                                          \
        int r = PMPI_##name arguments;                                                             \
        smpi_bench_begin();                                                                        \
        return r;                                                                                  \
    }

NOT_COUNTED(Cart_create,
            (MPI_Comm comm, int n, const int *sizes, const int *periods, int reorder,
             MPI_Comm *out),
            (comm, n, sizes, periods, reorder, out))
NOT_COUNTED(Cart_sub, (MPI_Comm comm, const int *kept, MPI_Comm *out), (comm, kept, out))
