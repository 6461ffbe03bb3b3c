// SPDX-License-Identifier: MIT
// MPI's functions for Fortran, of Open MPI, whose own call PMPI_ inside; a part of trace.c.
//
// A program that says `use mpi` or mpif.h calls mpi_send_; one that says `use mpi_f08` calls
// ompi_send_f by way of the module. Handles are numbers, statuses arrays. MPICH's call MPI_ of C,
// which is recorded there.
#ifdef OPEN_MPI

#include <dlfcn.h>

typedef MPI_Fint fint;

// The function behind both names, from the library that the program itself is linked with.
#define REAL(name) dlsym(RTLD_NEXT, "ompi_" #name "_f")

#define FORTRAN(name, which, parameters, arguments, bytes, peer, tag, comm)                         \
    void ompi_##name##_f parameters                                                                \
    {                                                                                              \
        static void(*real) parameters;                                                             \
        if (!real) {                                                                               \
            *(void **)&real = REAL(name);                                                          \
        }                                                                                          \
        int with = header ? (peer) : TRACE_NO_PEER;                                                \
        struct call c = enter(TRACE_##which, HERE, with);                                           \
        real arguments;                                                                            \
        if (header) {                                                                              \
            leave(&c, bytes, with, tag, number_of(comm), 0);                                       \
        }                                                                                          \
    }                                                                                              \
    void mpi_##name##_ parameters __attribute__((alias("ompi_" #name "_f")));

#define TYPE(t)  PMPI_Type_f2c(*(t))
#define COMM(c)  PMPI_Comm_f2c(*(c))
#define SIZE     size_of(*n, TYPE(t))
#define TO(rank) in_world(*(rank), COMM(comm))

#define FORTRAN_SEND(name, which)                                                                   \
    FORTRAN(name, which, (char *b, fint *n, fint *t, fint *to, fint *tag, fint *comm, fint *e),     \
            (b, n, t, to, tag, comm, e), SIZE, TO(to), *tag, COMM(comm))
#define FORTRAN_ISEND(name, which)                                                                  \
    FORTRAN(name, which,                                                                            \
            (char *b, fint *n, fint *t, fint *to, fint *tag, fint *comm, fint *q, fint *e),        \
            (b, n, t, to, tag, comm, q, e), SIZE, TO(to), *tag, COMM(comm))
FORTRAN_SEND(send, Send)
FORTRAN_SEND(bsend, Bsend)
FORTRAN_SEND(ssend, Ssend)
FORTRAN_SEND(rsend, Rsend)
FORTRAN_ISEND(isend, Isend)
FORTRAN_ISEND(issend, Issend)

// The rest of what receives is as in C, by the functions of C, which take the same numbers.
#define STATUS(f) ((f) == MPI_F_STATUS_IGNORE ? MPI_STATUS_IGNORE : &status)
#define GIVE_STATUS(f)                                                                             \
    do {                                                                                           \
        if ((f) != MPI_F_STATUS_IGNORE) {                                                          \
            PMPI_Status_c2f(&status, f);                                                           \
        }                                                                                          \
    } while (0)

// Where the program called Fortran's function, not where that calls C's.
static __thread void *fortran_site;

void ompi_recv_f(char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *s, fint *e)
{
    MPI_Status status;
    fortran_site = HERE;
    *e = MPI_Recv(b, *n, TYPE(t), *from, *tag, COMM(comm), STATUS(s));
    GIVE_STATUS(s);
    fortran_site = NULL;
}
void mpi_recv_(char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *s, fint *e)
    __attribute__((alias("ompi_recv_f")));

void ompi_irecv_f(char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *q, fint *e)
{
    MPI_Request request;
    fortran_site = HERE;
    *e = MPI_Irecv(b, *n, TYPE(t), *from, *tag, COMM(comm), &request);
    *q = PMPI_Request_c2f(request);
    fortran_site = NULL;
}
void mpi_irecv_(char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *q, fint *e)
    __attribute__((alias("ompi_irecv_f")));

void ompi_sendrecv_f(char *b, fint *n, fint *t, fint *to, fint *tag, char *r, fint *m, fint *u, fint *from,
                     fint *tag2, fint *comm, fint *s, fint *e)
{
    MPI_Status status;
    fortran_site = HERE;
    *e = MPI_Sendrecv(b, *n, TYPE(t), *to, *tag, r, *m, TYPE(u), *from, *tag2, COMM(comm), STATUS(s));
    GIVE_STATUS(s);
    fortran_site = NULL;
}
void mpi_sendrecv_(char *b, fint *n, fint *t, fint *to, fint *tag, char *r, fint *m, fint *u, fint *from,
                   fint *tag2, fint *comm, fint *s, fint *e) __attribute__((alias("ompi_sendrecv_f")));

void ompi_wait_f(fint *q, fint *s, fint *e)
{
    MPI_Request request = PMPI_Request_f2c(*q);
    MPI_Status status;
    fortran_site = HERE;
    *e = MPI_Wait(&request, STATUS(s));
    *q = PMPI_Request_c2f(request);
    GIVE_STATUS(s);
    fortran_site = NULL;
}
void mpi_wait_(fint *q, fint *s, fint *e) __attribute__((alias("ompi_wait_f")));

FORTRAN(waitall, Waitall, (fint *n, fint *q, fint *s, fint *e), (n, q, s, e), 0, TRACE_NO_PEER, 0, MPI_COMM_WORLD)
FORTRAN(barrier, Barrier, (fint *comm, fint *e), (comm, e), 0, TRACE_NO_PEER, 0, COMM(comm))
FORTRAN(bcast, Bcast, (char *b, fint *n, fint *t, fint *root, fint *comm, fint *e), (b, n, t, root, comm, e), SIZE,
        TO(root), 0, COMM(comm))
FORTRAN(reduce, Reduce, (char *b, char *r, fint *n, fint *t, fint *op, fint *root, fint *comm, fint *e),
        (b, r, n, t, op, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(allreduce, Allreduce, (char *b, char *r, fint *n, fint *t, fint *op, fint *comm, fint *e),
        (b, r, n, t, op, comm, e), SIZE, TRACE_NO_PEER, 0, COMM(comm))
FORTRAN(gather, Gather,
        (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *root, fint *comm, fint *e),
        (b, n, t, r, m, u, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(scatter, Scatter,
        (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *root, fint *comm, fint *e),
        (b, n, t, r, m, u, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(allgather, Allgather, (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *comm, fint *e),
        (b, n, t, r, m, u, comm, e), SIZE, TRACE_NO_PEER, 0, COMM(comm))
FORTRAN(alltoall, Alltoall, (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *comm, fint *e),
        (b, n, t, r, m, u, comm, e), SIZE, TRACE_NO_PEER, 0, COMM(comm))

void ompi_init_f(fint *e)
{
    *e = MPI_Init(NULL, NULL);
}
void mpi_init_(fint *e) __attribute__((alias("ompi_init_f")));

void ompi_init_thread_f(fint *required, fint *provided, fint *e)
{
    int level = 0;
    *e = MPI_Init_thread(NULL, NULL, *required, &level);
    *provided = level;
}
void mpi_init_thread_(fint *required, fint *provided, fint *e) __attribute__((alias("ompi_init_thread_f")));

void ompi_finalize_f(fint *e)
{
    *e = MPI_Finalize();
}
void mpi_finalize_(fint *e) __attribute__((alias("ompi_finalize_f")));

#endif
