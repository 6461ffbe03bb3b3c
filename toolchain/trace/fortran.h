// SPDX-License-Identifier: MIT
// MPI's functions for Fortran, of Open MPI and SMPI, whose own do not come by ours of C; a part of
// trace.c.
//
// A program that says `use mpi` or mpif.h calls mpi_send_; with Open MPI, one that says
// `use mpi_f08` calls ompi_send_f by way of the module. Handles are numbers, statuses arrays.
// MPICH's call MPI_ of C, which is recorded there.
#if defined(OPEN_MPI) || defined(PISDK_SIMULATED)
#define FORTRAN_CALLS_PMPI

#include <dlfcn.h>

#ifdef OPEN_MPI
#define NAME(name)   ompi_##name##_f
#define SYMBOL(name) "ompi_" #name "_f"
#define OTHER_NAME(name, parameters)                                                               \
    void mpi_##name##_ parameters __attribute__((alias(SYMBOL(name))));
#else
#define NAME(name)   mpi_##name##_
#define SYMBOL(name) "mpi_" #name "_"
#define OTHER_NAME(name, parameters)
#endif

typedef MPI_Fint fint;

// The function behind the name, from the library that the program itself is linked with.
#define REAL(name, parameters)                                                                     \
    static void(*real) parameters;                                                                 \
    if (!real) {                                                                                   \
        *(void **)&real = dlsym(RTLD_NEXT, SYMBOL(name));                                          \
    }

#define FORTRAN(name, which, parameters, arguments, bytes, peer, tag, comm)                        \
    void NAME(name) parameters                                                                     \
    {                                                                                              \
        REAL(name, parameters)                                                                     \
        int with = header ? (peer) : TRACE_NO_PEER;                                                \
        struct call c = enter(TRACE_##which, HERE, with);                                          \
        real arguments;                                                                            \
        if (header) {                                                                              \
            leave(&c, bytes, with, tag, number_of(comm), 0);                                       \
        }                                                                                          \
    }                                                                                              \
    OTHER_NAME(name, parameters)

#define TYPE(t)  PMPI_Type_f2c(*(t))
#define COMM(c)  PMPI_Comm_f2c(*(c))
#define SIZE     size_of(*n, TYPE(t))
#define TO(rank) in_world(*(rank), COMM(comm))

#define FORTRAN_SEND(name, which)                                                                  \
    FORTRAN(name, which, (char *b, fint *n, fint *t, fint *to, fint *tag, fint *comm, fint *e),    \
            (b, n, t, to, tag, comm, e), SIZE, TO(to), *tag, COMM(comm))
#define FORTRAN_ISEND(name, which)                                                                 \
    FORTRAN(name, which,                                                                           \
            (char *b, fint *n, fint *t, fint *to, fint *tag, fint *comm, fint *q, fint *e),        \
            (b, n, t, to, tag, comm, q, e), SIZE, TO(to), *tag, COMM(comm))
FORTRAN_SEND(send, Send)
FORTRAN_SEND(bsend, Bsend)
FORTRAN_SEND(ssend, Ssend)
FORTRAN_SEND(rsend, Rsend)
FORTRAN_ISEND(isend, Isend)
FORTRAN_ISEND(issend, Issend)

// Where the program called Fortran's function, not where that calls C's.
static __thread void *fortran_site;

#ifdef OPEN_MPI
// The rest of what receives is as in C, by the functions of C, which take the same numbers.
#define STATUS(f) ((f) == MPI_F_STATUS_IGNORE ? MPI_STATUS_IGNORE : &status)
#define GIVE_STATUS(f)                                                                             \
    do {                                                                                           \
        if ((f) != MPI_F_STATUS_IGNORE) {                                                          \
            PMPI_Status_c2f(&status, f);                                                           \
        }                                                                                          \
    } while (0)

void NAME(recv)(char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *s, fint *e)
{
    MPI_Status status;
    fortran_site = HERE;
    *e = MPI_Recv(b, *n, TYPE(t), *from, *tag, COMM(comm), STATUS(s));
    GIVE_STATUS(s);
    fortran_site = NULL;
}
OTHER_NAME(recv, (char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *s, fint *e))

void NAME(irecv)(char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *q, fint *e)
{
    MPI_Request request;
    fortran_site = HERE;
    *e = MPI_Irecv(b, *n, TYPE(t), *from, *tag, COMM(comm), &request);
    *q = PMPI_Request_c2f(request);
    fortran_site = NULL;
}
OTHER_NAME(irecv, (char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *q, fint *e))

void NAME(sendrecv)(char *b, fint *n, fint *t, fint *to, fint *tag, char *r, fint *m, fint *u,
                    fint *from, fint *tag2, fint *comm, fint *s, fint *e)
{
    MPI_Status status;
    fortran_site = HERE;
    *e = MPI_Sendrecv(b, *n, TYPE(t), *to, *tag, r, *m, TYPE(u), *from, *tag2, COMM(comm),
                      STATUS(s));
    GIVE_STATUS(s);
    fortran_site = NULL;
}
OTHER_NAME(sendrecv, (char *b, fint *n, fint *t, fint *to, fint *tag, char *r, fint *m, fint *u,
                      fint *from, fint *tag2, fint *comm, fint *s, fint *e))

void NAME(wait)(fint *q, fint *s, fint *e)
{
    MPI_Request request = PMPI_Request_f2c(*q);
    MPI_Status status;
    fortran_site = HERE;
    *e = MPI_Wait(&request, STATUS(s));
    *q = PMPI_Request_c2f(request);
    GIVE_STATUS(s);
    fortran_site = NULL;
}
OTHER_NAME(wait, (fint * q, fint *s, fint *e))
#else
// How much came, and of whom with MPI_ANY_SOURCE, is not told: the status is not looked at.
FORTRAN(recv, Recv,
        (char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *s, fint *e),
        (b, n, t, from, tag, comm, s, e), SIZE, TO(from), *tag, COMM(comm))
FORTRAN(irecv, Irecv,
        (char *b, fint *n, fint *t, fint *from, fint *tag, fint *comm, fint *q, fint *e),
        (b, n, t, from, tag, comm, q, e), 0, TO(from), *tag, COMM(comm))
FORTRAN(sendrecv, Sendrecv,
        (char *b, fint *n, fint *t, fint *to, fint *tag, char *r, fint *m, fint *u, fint *from,
         fint *tag2, fint *comm, fint *s, fint *e),
        (b, n, t, to, tag, r, m, u, from, tag2, comm, s, e), SIZE, TO(to), *tag, COMM(comm))
FORTRAN(wait, Wait, (fint * q, fint *s, fint *e), (q, s, e), 0, TRACE_NO_PEER, 0, MPI_COMM_WORLD)
#endif

FORTRAN(waitall, Waitall, (fint * n, fint *q, fint *s, fint *e), (n, q, s, e), 0, TRACE_NO_PEER, 0,
        MPI_COMM_WORLD)
FORTRAN(barrier, Barrier, (fint * comm, fint *e), (comm, e), 0, TRACE_NO_PEER, 0, COMM(comm))
FORTRAN(bcast, Bcast, (char *b, fint *n, fint *t, fint *root, fint *comm, fint *e),
        (b, n, t, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(reduce, Reduce,
        (char *b, char *r, fint *n, fint *t, fint *op, fint *root, fint *comm, fint *e),
        (b, r, n, t, op, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(allreduce, Allreduce, (char *b, char *r, fint *n, fint *t, fint *op, fint *comm, fint *e),
        (b, r, n, t, op, comm, e), SIZE, TRACE_NO_PEER, 0, COMM(comm))
FORTRAN(gather, Gather,
        (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *root, fint *comm, fint *e),
        (b, n, t, r, m, u, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(scatter, Scatter,
        (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *root, fint *comm, fint *e),
        (b, n, t, r, m, u, root, comm, e), SIZE, TO(root), 0, COMM(comm))
FORTRAN(allgather, Allgather,
        (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *comm, fint *e),
        (b, n, t, r, m, u, comm, e), SIZE, TRACE_NO_PEER, 0, COMM(comm))
FORTRAN(alltoall, Alltoall,
        (char *b, fint *n, fint *t, char *r, fint *m, fint *u, fint *comm, fint *e),
        (b, n, t, r, m, u, comm, e), SIZE, TRACE_NO_PEER, 0, COMM(comm))

void NAME(init)(fint *e)
{
    REAL(init, (fint * e))
    struct call c = enter(TRACE_Init, HERE, TRACE_NO_PEER);
    real(e);
    begin(&c);
}
OTHER_NAME(init, (fint * e))

void NAME(init_thread)(fint *required, fint *provided, fint *e)
{
    REAL(init_thread, (fint * required, fint * provided, fint * e))
    struct call c = enter(TRACE_Init, HERE, TRACE_NO_PEER);
    real(required, provided, e);
    allow_threads(*required, provided);
    begin(&c);
}
OTHER_NAME(init_thread, (fint * required, fint *provided, fint *e))

void NAME(finalize)(fint *e)
{
    REAL(finalize, (fint * e))
    before_end();
    struct call c = enter(TRACE_Finalize, HERE, TRACE_NO_PEER);
    real(e);
    after_end(&c);
}
OTHER_NAME(finalize, (fint * e))

#endif
