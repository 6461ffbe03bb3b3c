// SPDX-License-Identifier: MIT
// MPI's functions for C; a part of trace.c.
//
// WRAP(name, parameters, arguments, bytes, peer, tag, communicator): the function MPI_<name>.

#define WRAP(name, parameters, arguments, bytes, peer, tag, comm)                                  \
    int MPI_##name parameters                                                                      \
    {                                                                                              \
        int with = header ? (peer) : TRACE_NO_PEER;                                                \
        struct call c = enter(TRACE_##name, HERE, with);                                           \
        int r = PMPI_##name arguments;                                                             \
        if (header) {                                                                              \
            leave(&c, bytes, with, tag, number_of(comm), 0);                                       \
        }                                                                                          \
        return r;                                                                                  \
    }

// --- From one rank to another
// ----------------------------------------------------------------------

#define SEND(name)                                                                                 \
    WRAP(name, (const void *buf, int n, MPI_Datatype t, int to, int tag, MPI_Comm comm),           \
         (buf, n, t, to, tag, comm), size_of(n, t), in_world(to, comm), tag, comm)
#define ISEND(name)                                                                                \
    WRAP(name,                                                                                     \
         (const void *buf, int n, MPI_Datatype t, int to, int tag, MPI_Comm comm, MPI_Request *q), \
         (buf, n, t, to, tag, comm, q), size_of(n, t), in_world(to, comm), tag, comm)

SEND(Send)
SEND(Bsend)
SEND(Ssend)
SEND(Rsend)
ISEND(Isend)
ISEND(Ibsend)
ISEND(Issend)
ISEND(Irsend)

int MPI_Recv(void *buf, int n, MPI_Datatype t, int from, int tag, MPI_Comm comm, MPI_Status *status)
{
    MPI_Status own;
    int bytes = 0;
    MPI_Status *s = status == MPI_STATUS_IGNORE ? &own : status;
    struct call c = enter(TRACE_Recv, HERE, header ? in_world(from, comm) : TRACE_NO_PEER);
    int r = PMPI_Recv(buf, n, t, from, tag, comm, s);
    if (header && r == MPI_SUCCESS) {
        PMPI_Get_count(s, MPI_BYTE, &bytes);
        leave(&c, bytes > 0 ? (uint64_t)bytes : 0, in_world(s->MPI_SOURCE, comm), s->MPI_TAG,
              number_of(comm), 0);
    }
    return r;
}

int MPI_Irecv(void *buf, int n, MPI_Datatype t, int from, int tag, MPI_Comm comm, MPI_Request *q)
{
    int with = header ? in_world(from, comm) : TRACE_NO_PEER;
    struct call c = enter(TRACE_Irecv, HERE, with);
    int r = PMPI_Irecv(buf, n, t, from, tag, comm, q);
    if (header) {
        leave(&c, 0, with, tag, number_of(comm), 0);
        remember(*q, &c, comm);
    }
    return r;
}

// Two messages: the one that is sent is noted as the call, the one that comes as received.
static void note_exchange(struct call *c, uint64_t bytes, int to, int tag, MPI_Comm comm,
                          const MPI_Status *s)
{
    int got = 0;
    leave(c, bytes, in_world(to, comm), tag, number_of(comm), 0);
    if (s->MPI_SOURCE >= 0) {
        PMPI_Get_count(s, MPI_BYTE, &got);
        c->which = TRACE_Received;
        note(c, now(), got > 0 ? (uint64_t)got : 0, in_world(s->MPI_SOURCE, comm), s->MPI_TAG,
             number_of(comm), 0);
    }
}

int MPI_Sendrecv(const void *sent, int n, MPI_Datatype t, int to, int tag, void *buf, int m,
                 MPI_Datatype u, int from, int tag2, MPI_Comm comm, MPI_Status *status)
{
    MPI_Status own;
    MPI_Status *s = status == MPI_STATUS_IGNORE ? &own : status;
    struct call c = enter(TRACE_Sendrecv, HERE, header ? in_world(from, comm) : TRACE_NO_PEER);
    int r = PMPI_Sendrecv(sent, n, t, to, tag, buf, m, u, from, tag2, comm, s);
    if (header && r == MPI_SUCCESS) {
        note_exchange(&c, size_of(n, t), to, tag, comm, s);
    }
    return r;
}

int MPI_Sendrecv_replace(void *buf, int n, MPI_Datatype t, int to, int tag, int from, int tag2,
                         MPI_Comm comm, MPI_Status *status)
{
    MPI_Status own;
    MPI_Status *s = status == MPI_STATUS_IGNORE ? &own : status;
    struct call c =
        enter(TRACE_Sendrecv_replace, HERE, header ? in_world(from, comm) : TRACE_NO_PEER);
    int r = PMPI_Sendrecv_replace(buf, n, t, to, tag, from, tag2, comm, s);
    if (header && r == MPI_SUCCESS) {
        note_exchange(&c, size_of(n, t), to, tag, comm, s);
    }
    return r;
}

// --- Requests that are started again and again
// ---------------------------------------------------------
// A start is noted as what it starts, MPI_Isend or MPI_Irecv.

struct persistent {
    MPI_Request request;
    bool used, sends;
    uint64_t bytes;
    int peer, tag; // rank in MPI_COMM_WORLD
    MPI_Comm comm;
};
static struct persistent persistent[PERSISTENT];

static struct persistent *find_persistent(MPI_Request request)
{
    for (size_t i = 0; i < PERSISTENT && header; i++) {
        if (persistent[i].used && persistent[i].request == request) {
            return &persistent[i];
        }
    }
    return NULL;
}

static void define(MPI_Request request, bool sends, uint64_t bytes, int peer, int tag,
                   MPI_Comm comm)
{
    for (size_t i = 0; i < PERSISTENT && header; i++) {
        if (!persistent[i].used) {
            persistent[i] = (struct persistent){request, true, sends, bytes, peer, tag, comm};
            return;
        }
    }
}

#define SEND_INIT(name)                                                                            \
    int MPI_##name(const void *buf, int n, MPI_Datatype t, int to, int tag, MPI_Comm comm,         \
                   MPI_Request *q)                                                                 \
    {                                                                                              \
        int r = PMPI_##name(buf, n, t, to, tag, comm, q);                                          \
        if (header && r == MPI_SUCCESS) {                                                          \
            define(*q, true, size_of(n, t), in_world(to, comm), tag, comm);                        \
        }                                                                                          \
        return r;                                                                                  \
    }
SEND_INIT(Send_init)
SEND_INIT(Bsend_init)
SEND_INIT(Ssend_init)
SEND_INIT(Rsend_init)

int MPI_Recv_init(void *buf, int n, MPI_Datatype t, int from, int tag, MPI_Comm comm,
                  MPI_Request *q)
{
    int r = PMPI_Recv_init(buf, n, t, from, tag, comm, q);
    if (header && r == MPI_SUCCESS) {
        define(*q, false, 0, in_world(from, comm), tag, comm);
    }
    return r;
}

static void note_start(const struct call *c, MPI_Request q, uint64_t left)
{
    const struct persistent *p = find_persistent(q);
    struct call one = *c;
    if (!p) {
        return;
    }
    one.which = p->sends ? TRACE_Isend : TRACE_Irecv;
    note(&one, left, p->bytes, p->peer, p->tag, number_of(p->comm), 0);
    if (!p->sends) {
        remember(q, &one, p->comm);
    }
}

int MPI_Startall(int n, MPI_Request q[])
{
    struct call c = enter(TRACE_Isend, HERE, TRACE_NO_PEER);
    int r = PMPI_Startall(n, q);
    uint64_t left = now();
    for (int i = 0; i < n && header; i++) {
        header->inside = 0;
        note_start(&c, q[i], left);
        c.enter = left; // the time is that of the first one
    }
    return r;
}

int MPI_Start(MPI_Request *q)
{
    struct call c = enter(TRACE_Isend, HERE, TRACE_NO_PEER);
    int r = PMPI_Start(q);
    if (header) {
        header->inside = 0;
        note_start(&c, *q, now());
    }
    return r;
}

int MPI_Request_free(MPI_Request *q)
{
    struct persistent *p = find_persistent(*q);
    if (p) {
        p->used = false;
    }
    return PMPI_Request_free(q);
}

WRAP(Probe, (int from, int tag, MPI_Comm comm, MPI_Status *s), (from, tag, comm, s), 0,
     in_world(from, comm), tag, comm)
WRAP(Iprobe, (int from, int tag, MPI_Comm comm, int *flag, MPI_Status *s),
     (from, tag, comm, flag, s), 0, in_world(from, comm), tag, comm)

// --- Completion
// ------------------------------------------------------------------------------------

int MPI_Wait(MPI_Request *q, MPI_Status *status)
{
    MPI_Status own;
    MPI_Status *s = status == MPI_STATUS_IGNORE ? &own : status;
    struct waiting *w = header ? find(*q) : NULL;
    struct call c = enter(TRACE_Wait, HERE, TRACE_NO_PEER);
    int r = PMPI_Wait(q, s);
    if (header) {
        leave(&c, 0, w && s->MPI_SOURCE >= 0 ? in_world(s->MPI_SOURCE, w->comm) : TRACE_NO_PEER, 0,
              0, 1);
        if (w) {
            received(w, s);
        }
    }
    return r;
}

int MPI_Test(MPI_Request *q, int *flag, MPI_Status *status)
{
    MPI_Status own;
    MPI_Status *s = status == MPI_STATUS_IGNORE ? &own : status;
    struct waiting *w = header ? find(*q) : NULL;
    struct call c = enter(TRACE_Test, HERE, TRACE_NO_PEER);
    int r = PMPI_Test(q, flag, s);
    if (header) {
        leave(&c, 0, TRACE_NO_PEER, 0, 0, *flag ? 1 : 0);
        if (*flag && w) {
            received(w, s);
        }
    }
    return r;
}

// Statuses of our own, where the program wants none; the requests as they were before.
struct several {
    MPI_Status few_statuses[STATUSES];
    MPI_Request few_requests[STATUSES];
    MPI_Status *statuses;
    MPI_Request *before;
    bool good;
};

static void several_begin(struct several *s, int n, const MPI_Request *q, MPI_Status *given)
{
    size_t many = n > 0 ? (size_t)n : 0;
    s->statuses = given != MPI_STATUSES_IGNORE ? given
                  : n <= STATUSES              ? s->few_statuses
                                               : malloc(many * sizeof(MPI_Status));
    s->before = n <= STATUSES ? s->few_requests : malloc(many * sizeof(MPI_Request));
    s->good = s->statuses && s->before;
    if (s->before) {
        memcpy(s->before, q, many * sizeof(MPI_Request));
    }
}

static void several_end(struct several *s, const MPI_Status *given)
{
    if (s->statuses != given && s->statuses != s->few_statuses) {
        free(s->statuses);
    }
    if (s->before != s->few_requests) {
        free(s->before);
    }
}

static void several_received(const struct several *s, int request, int status)
{
    struct waiting *w = header && s->good ? find(s->before[request]) : NULL;
    if (w) {
        received(w, &s->statuses[status]);
    }
}

int MPI_Waitall(int n, MPI_Request q[], MPI_Status given[])
{
    struct several s;
    several_begin(&s, n, q, given);
    struct call c = enter(TRACE_Waitall, HERE, TRACE_NO_PEER);
    int r = PMPI_Waitall(n, q, s.good ? s.statuses : given);
    if (header) {
        leave(&c, 0, TRACE_NO_PEER, 0, 0, n);
        for (int i = 0; i < n; i++) {
            several_received(&s, i, i);
        }
    }
    several_end(&s, given);
    return r;
}

int MPI_Testall(int n, MPI_Request q[], int *flag, MPI_Status given[])
{
    struct several s;
    several_begin(&s, n, q, given);
    struct call c = enter(TRACE_Testall, HERE, TRACE_NO_PEER);
    int r = PMPI_Testall(n, q, flag, s.good ? s.statuses : given);
    if (header) {
        leave(&c, 0, TRACE_NO_PEER, 0, 0, *flag ? n : 0);
        for (int i = 0; i < n && *flag; i++) {
            several_received(&s, i, i);
        }
    }
    several_end(&s, given);
    return r;
}

int MPI_Waitany(int n, MPI_Request q[], int *index, MPI_Status *status)
{
    struct several s;
    MPI_Status own;
    MPI_Status *one = status == MPI_STATUS_IGNORE ? &own : status;
    several_begin(&s, n, q, one);
    struct call c = enter(TRACE_Waitany, HERE, TRACE_NO_PEER);
    int r = PMPI_Waitany(n, q, index, one);
    if (header) {
        leave(&c, 0, TRACE_NO_PEER, 0, 0, *index == MPI_UNDEFINED ? 0 : 1);
        if (*index != MPI_UNDEFINED) {
            several_received(&s, *index, 0);
        }
    }
    several_end(&s, one);
    return r;
}

int MPI_Testany(int n, MPI_Request q[], int *index, int *flag, MPI_Status *status)
{
    struct several s;
    MPI_Status own;
    MPI_Status *one = status == MPI_STATUS_IGNORE ? &own : status;
    several_begin(&s, n, q, one);
    struct call c = enter(TRACE_Testany, HERE, TRACE_NO_PEER);
    int r = PMPI_Testany(n, q, index, flag, one);
    bool done = *flag && *index != MPI_UNDEFINED;
    if (header) {
        leave(&c, 0, TRACE_NO_PEER, 0, 0, done);
        if (done) {
            several_received(&s, *index, 0);
        }
    }
    several_end(&s, one);
    return r;
}

#define SOME(name)                                                                                 \
    int MPI_##name(int n, MPI_Request q[], int *done, int index[], MPI_Status given[])             \
    {                                                                                              \
        struct several s;                                                                          \
        several_begin(&s, n, q, given);                                                            \
        struct call c = enter(TRACE_##name, HERE, TRACE_NO_PEER);                                  \
        int r = PMPI_##name(n, q, done, index, s.good ? s.statuses : given);                       \
        int completed = *done == MPI_UNDEFINED ? 0 : *done;                                        \
        if (header) {                                                                              \
            leave(&c, 0, TRACE_NO_PEER, 0, 0, completed);                                          \
            for (int i = 0; i < completed; i++) {                                                  \
                several_received(&s, index[i], i);                                                 \
            }                                                                                      \
        }                                                                                          \
        several_end(&s, given);                                                                    \
        return r;                                                                                  \
    }
SOME(Waitsome)
SOME(Testsome)

// --- All ranks of a communicator
// ------------------------------------------------------------------

WRAP(Barrier, (MPI_Comm comm), (comm), 0, TRACE_NO_PEER, 0, comm)
WRAP(Bcast, (void *buf, int n, MPI_Datatype t, int root, MPI_Comm comm), (buf, n, t, root, comm),
     size_of(n, t), in_world(root, comm), 0, comm)
WRAP(Reduce,
     (const void *from, void *to, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm comm),
     (from, to, n, t, op, root, comm), size_of(n, t), in_world(root, comm), 0, comm)

#define REDUCE_ALL(name)                                                                           \
    WRAP(name, (const void *from, void *to, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),      \
         (from, to, n, t, op, comm), size_of(n, t), TRACE_NO_PEER, 0, comm)
REDUCE_ALL(Allreduce)
REDUCE_ALL(Scan)
REDUCE_ALL(Exscan)
REDUCE_ALL(Reduce_scatter_block)
WRAP(Reduce_scatter,
     (const void *from, void *to, const int n[], MPI_Datatype t, MPI_Op op, MPI_Comm comm),
     (from, to, n, t, op, comm), 0, TRACE_NO_PEER, 0, comm)

#define ROOTED(name)                                                                               \
    WRAP(name,                                                                                     \
         (const void *from, int n, MPI_Datatype t, void *to, int m, MPI_Datatype u, int root,      \
          MPI_Comm comm),                                                                          \
         (from, n, t, to, m, u, root, comm), size_of(n, t), in_world(root, comm), 0, comm)
ROOTED(Gather)
ROOTED(Scatter)
WRAP(Gatherv,
     (const void *from, int n, MPI_Datatype t, void *to, const int m[], const int at[],
      MPI_Datatype u, int root, MPI_Comm comm),
     (from, n, t, to, m, at, u, root, comm), size_of(n, t), in_world(root, comm), 0, comm)
WRAP(Scatterv,
     (const void *from, const int n[], const int at[], MPI_Datatype t, void *to, int m,
      MPI_Datatype u, int root, MPI_Comm comm),
     (from, n, at, t, to, m, u, root, comm), size_of(m, u), in_world(root, comm), 0, comm)

#define TO_ALL(name)                                                                               \
    WRAP(                                                                                          \
        name,                                                                                      \
        (const void *from, int n, MPI_Datatype t, void *to, int m, MPI_Datatype u, MPI_Comm comm), \
        (from, n, t, to, m, u, comm), size_of(n, t), TRACE_NO_PEER, 0, comm)
TO_ALL(Allgather)
TO_ALL(Alltoall)
WRAP(Allgatherv,
     (const void *from, int n, MPI_Datatype t, void *to, const int m[], const int at[],
      MPI_Datatype u, MPI_Comm comm),
     (from, n, t, to, m, at, u, comm), size_of(n, t), TRACE_NO_PEER, 0, comm)
WRAP(Alltoallv,
     (const void *from, const int n[], const int at[], MPI_Datatype t, void *to, const int m[],
      const int there[], MPI_Datatype u, MPI_Comm comm),
     (from, n, at, t, to, m, there, u, comm), 0, TRACE_NO_PEER, 0, comm)
WRAP(Ibarrier, (MPI_Comm comm, MPI_Request *q), (comm, q), 0, TRACE_NO_PEER, 0, comm)
WRAP(Ibcast, (void *buf, int n, MPI_Datatype t, int root, MPI_Comm comm, MPI_Request *q),
     (buf, n, t, root, comm, q), size_of(n, t), in_world(root, comm), 0, comm)
WRAP(Iallreduce,
     (const void *from, void *to, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm, MPI_Request *q),
     (from, to, n, t, op, comm, q), size_of(n, t), TRACE_NO_PEER, 0, comm)

WRAP(Comm_split, (MPI_Comm comm, int color, int key, MPI_Comm *out), (comm, color, key, out), 0,
     TRACE_NO_PEER, 0, comm)
WRAP(Comm_dup, (MPI_Comm comm, MPI_Comm *out), (comm, out), 0, TRACE_NO_PEER, 0, comm)
WRAP(Comm_create, (MPI_Comm comm, MPI_Group group, MPI_Comm *out), (comm, group, out), 0,
     TRACE_NO_PEER, 0, comm)

// --- One-sided, and files: of no communicator
// ------------------------------------------------------

#define ALONE(name, parameters, arguments, bytes, peer)                                            \
    WRAP(name, parameters, arguments, bytes, peer, 0, MPI_COMM_WORLD)

// The rank of a window is one of its group.
static int of_window(int rank, MPI_Win win)
{
    MPI_Group world;
    MPI_Group group;
    int peer = TRACE_NO_PEER;
    if (rank < 0 || PMPI_Win_get_group(win, &group) != MPI_SUCCESS) {
        return TRACE_NO_PEER;
    }
    PMPI_Comm_group(MPI_COMM_WORLD, &world);
    if (PMPI_Group_translate_ranks(group, 1, &rank, world, &peer) != MPI_SUCCESS || peer < 0) {
        peer = TRACE_NO_PEER;
    }
    PMPI_Group_free(&group);
    PMPI_Group_free(&world);
    return peer;
}

ALONE(Put,
      (const void *from, int n, MPI_Datatype t, int to, MPI_Aint at, int m, MPI_Datatype u,
       MPI_Win win),
      (from, n, t, to, at, m, u, win), size_of(n, t), of_window(to, win))
ALONE(Get,
      (void *into, int n, MPI_Datatype t, int from, MPI_Aint at, int m, MPI_Datatype u,
       MPI_Win win),
      (into, n, t, from, at, m, u, win), size_of(n, t), of_window(from, win))
ALONE(Accumulate,
      (const void *from, int n, MPI_Datatype t, int to, MPI_Aint at, int m, MPI_Datatype u,
       MPI_Op op, MPI_Win win),
      (from, n, t, to, at, m, u, op, win), size_of(n, t), of_window(to, win))
ALONE(Win_fence, (int assert, MPI_Win win), (assert, win), 0, TRACE_NO_PEER)
ALONE(Win_lock, (int type, int rank, int assert, MPI_Win win), (type, rank, assert, win), 0,
      of_window(rank, win))
ALONE(Win_unlock, (int rank, MPI_Win win), (rank, win), 0, of_window(rank, win))
ALONE(Win_flush, (int rank, MPI_Win win), (rank, win), 0, of_window(rank, win))
ALONE(Win_post, (MPI_Group group, int assert, MPI_Win win), (group, assert, win), 0, TRACE_NO_PEER)
ALONE(Win_start, (MPI_Group group, int assert, MPI_Win win), (group, assert, win), 0, TRACE_NO_PEER)
ALONE(Win_complete, (MPI_Win win), (win), 0, TRACE_NO_PEER)
ALONE(Win_wait, (MPI_Win win), (win), 0, TRACE_NO_PEER)

ALONE(File_open, (MPI_Comm comm, const char *name, int mode, MPI_Info info, MPI_File *out),
      (comm, name, mode, info, out), 0, TRACE_NO_PEER)
ALONE(File_close, (MPI_File * f), (f), 0, TRACE_NO_PEER)

#define FILE_IO(name, buffer)                                                                      \
    ALONE(name, (MPI_File f, buffer buf, int n, MPI_Datatype t, MPI_Status *s), (f, buf, n, t, s), \
          size_of(n, t), TRACE_NO_PEER)
#define FILE_IO_AT(name, buffer)                                                                   \
    ALONE(name, (MPI_File f, MPI_Offset at, buffer buf, int n, MPI_Datatype t, MPI_Status *s),     \
          (f, at, buf, n, t, s), size_of(n, t), TRACE_NO_PEER)
FILE_IO(File_read, void *)
FILE_IO(File_read_all, void *)
FILE_IO(File_write, const void *)
FILE_IO(File_write_all, const void *)
FILE_IO_AT(File_read_at, void *)
FILE_IO_AT(File_read_at_all, void *)
FILE_IO_AT(File_write_at, const void *)
FILE_IO_AT(File_write_at_all, const void *)
