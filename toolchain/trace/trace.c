// SPDX-License-Identifier: MIT
// What `pisdk run --trace` puts between a program and its MPI, without building it again.
//
// Compiled for the sysroot and its MPI, and preloaded into the ranks: each call of MPI goes through
// a function here, which calls the PMPI_ function of the same name (MPI standard 3.1, 14.2) and
// notes when, how long, with whom and how much. Fortran's bindings of Open MPI call PMPI_
// themselves, so they are in fortran.h.
//
// It is built by itself, by the mpicc of a sysroot: nothing of pisdk's own code is here but the
// format. With PISDK_SIMULATED it is SimGrid's smpicc, which puts the simulated clock in the place
// of clock_gettime, and the object is linked with the program, of which each rank loads a copy.

#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef PISDK_SIMULATED
#include <simgrid/host.h>
#endif

#include "format.h"

enum {
    EVENTS = 1000000,
    SYNC_ROUNDS = 8,
    REQUESTS = 1 << 12,
    PERSISTENT = 256,
    COMMS = 64,
    STATUSES = 64,
    NS = 1000000000
};

static struct trace_header *header; // NULL: nothing is recorded
static struct trace_event *events;
static int file = -1;
static uintptr_t program_end;
static void *site_of_fortran(void); // see fortran.h

// --- Time and events -----------------------------------------------------------------------------

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

// A call that goes on.
struct call {
    uint64_t enter;
    enum trace_call which;
    void *site;
};

static struct call enter(enum trace_call which, void *site, int peer)
{
    void *fortran = site_of_fortran();
    struct call c = {now(), which, fortran ? fortran : site};
    if (header) {
        header->inside_peer = peer;
        header->inside_since = c.enter;
        header->inside = 1 + which;
    }
    return c;
}

static uint32_t place_in_program(const void *site)
{
    uintptr_t at = (uintptr_t)site;
    return at >= header->base && at < program_end ? (uint32_t)(at - header->base) : 0;
}

static void note(const struct call *c, uint64_t leave, uint64_t bytes, int peer, int tag, int comm,
                 int count)
{
    if (!header) {
        return;
    }
    struct trace_total *total = &header->totals[c->which];
    __atomic_add_fetch(&total->count, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&total->time, leave - c->enter, __ATOMIC_RELAXED);
    __atomic_add_fetch(&total->bytes, bytes, __ATOMIC_RELAXED);
    uint64_t i = __atomic_fetch_add(&header->n, 1, __ATOMIC_RELAXED);
    if (i >= header->capacity) {
        __atomic_sub_fetch(&header->n, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&header->lost, 1, __ATOMIC_RELAXED);
        return;
    }
    events[i] = (struct trace_event){.enter = c->enter,
                                     .leave = leave,
                                     .bytes = bytes,
                                     .site = place_in_program(c->site),
                                     .peer = peer,
                                     .tag = tag,
                                     .call = (uint16_t)c->which,
                                     .comm = (uint16_t)comm,
                                     .count = (uint32_t)count};
}

static void leave(const struct call *c, uint64_t bytes, int peer, int tag, int comm, int count)
{
    uint64_t at = now();
    if (header) {
        header->inside = 0;
    }
    note(c, at, bytes, peer, tag, comm, count);
}

// --- What MPI's handles mean
// -----------------------------------------------------------------------

static uint64_t size_of(int count, MPI_Datatype type)
{
    int size = 0;
    if (type == MPI_DATATYPE_NULL || PMPI_Type_size(type, &size) != MPI_SUCCESS || size < 0 ||
        count < 0) {
        return 0;
    }
    return (uint64_t)size * (uint64_t)count;
}

static int number_of(MPI_Comm comm)
{
    return comm == MPI_COMM_WORLD  ? 0
           : comm == MPI_COMM_SELF ? 1
                                   : 2 + (int)(PMPI_Comm_c2f(comm) & 0x3fff);
}

// The rank in MPI_COMM_WORLD of a rank of another communicator.
static int in_world(int rank, MPI_Comm comm)
{
    MPI_Group world;
    MPI_Group group;
    int inter = 0;
    int peer = TRACE_NO_PEER;
    if (rank == MPI_ANY_SOURCE) {
        header->any_source++;
        return TRACE_ANY;
    }
    if (rank < 0 || comm == MPI_COMM_NULL) { // MPI_PROC_NULL, MPI_ROOT
        return TRACE_NO_PEER;
    }
    if (comm == MPI_COMM_WORLD) {
        return rank;
    }
    PMPI_Comm_test_inter(comm, &inter);
    PMPI_Comm_group(MPI_COMM_WORLD, &world);
    if ((inter ? PMPI_Comm_remote_group(comm, &group) : PMPI_Comm_group(comm, &group)) ==
        MPI_SUCCESS) {
        if (PMPI_Group_translate_ranks(group, 1, &rank, world, &peer) != MPI_SUCCESS || peer < 0) {
            peer = TRACE_NO_PEER;
        }
        PMPI_Group_free(&group);
    }
    PMPI_Group_free(&world);
    return peer;
}

// --- Requests that receive
// -------------------------------------------------------------------------

// One that is not completed yet; a slot is free when its request is NULL.
struct waiting {
    MPI_Request request;
    struct call call; // when and where it was posted
    MPI_Comm comm;
};
static struct waiting waiting[REQUESTS];
static bool used[REQUESTS];

static size_t slot_of(MPI_Request request)
{
    return ((uintptr_t)request * 2654435761U >> 8) % REQUESTS;
}

static void remember(MPI_Request request, const struct call *c, MPI_Comm comm)
{
    size_t i = slot_of(request);
    for (size_t n = 0; n < REQUESTS && header; n++, i = (i + 1) % REQUESTS) {
        if (!used[i] || waiting[i].request == request) {
            waiting[i] = (struct waiting){.request = request, .call = *c, .comm = comm};
            used[i] = true;
            return;
        }
    }
}

static struct waiting *find(MPI_Request request)
{
    size_t i = slot_of(request);
    for (size_t n = 0; n < REQUESTS && used[i]; n++, i = (i + 1) % REQUESTS) {
        if (waiting[i].request == request) {
            return &waiting[i];
        }
    }
    return NULL;
}

// A slot that others may have had to go past is closed by moving them up.
static void forget(struct waiting *w)
{
    size_t i = (size_t)(w - waiting);
    size_t k = i;
    used[i] = false;
    for (size_t n = 0; n < REQUESTS; n++) {
        k = (k + 1) % REQUESTS;
        if (!used[k]) {
            return;
        }
        size_t home = slot_of(waiting[k].request);
        bool stays = i <= k ? home > i && home <= k : home > i || home <= k;
        if (!stays) {
            waiting[i] = waiting[k];
            used[i] = true;
            used[k] = false;
            i = k;
        }
    }
}

// The message that it received has come, at the latest now.
static void received(struct waiting *w, const MPI_Status *status)
{
    int bytes = 0;
    if (!header || status->MPI_SOURCE < 0) {
        forget(w);
        return;
    }
    PMPI_Get_count(status, MPI_BYTE, &bytes);
    struct call c = w->call;
    c.which = TRACE_Received;
    note(&c, now(), bytes > 0 ? (uint64_t)bytes : 0, in_world(status->MPI_SOURCE, w->comm),
         status->MPI_TAG, number_of(w->comm), 0);
    forget(w);
}

// --- Beginning and end
// -----------------------------------------------------------------------------

// The program comes first; in a simulation it is where this is.
static bool is_program(uintptr_t begin, uintptr_t end)
{
#ifdef PISDK_SIMULATED
    uintptr_t here = (uintptr_t)&header;
    return here >= begin && here < end;
#else
    (void)begin;
    (void)end;
    return true;
#endif
}

static int on_object(struct dl_phdr_info *info, size_t size, void *user)
{
    uintptr_t end = 0;
    (void)size;
    (void)user;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t last = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
        end = info->dlpi_phdr[i].p_type == PT_LOAD && last > end ? last : end;
    }
    if (!is_program(info->dlpi_addr, end)) {
        return 0;
    }
    header->base = info->dlpi_addr;
    program_end = end;
    return 1;
}

static void note_host(void)
{
#ifdef PISDK_SIMULATED
    snprintf(header->host, sizeof(header->host), "%s", sg_host_get_name(sg_host_self()));
#else
    gethostname(header->host, sizeof(header->host) - 1);
#endif
}

static void open_file(int rank, int ranks)
{
    const char *folder = getenv("PISDK_TRACE_DIR");
    const char *wanted = getenv("PISDK_TRACE_EVENTS");
    unsigned long capacity = wanted ? strtoul(wanted, NULL, 10) : EVENTS;
    char name[4096];

    if (!folder || snprintf(name, sizeof(name), "%s/%d.trace", folder, rank) >= (int)sizeof(name)) {
        return;
    }
    mkdir(folder, 0777); // where it is not there already
    size_t size = sizeof(struct trace_header) + capacity * sizeof(struct trace_event);
    file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0 || ftruncate(file, (off_t)size) != 0) {
        fprintf(stderr, "pisdk: rank %d: cannot write %s: nothing is recorded\n", rank, name);
        return;
    }
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) {
        return;
    }
    header = at;
    events = (struct trace_event *)(header + 1);
    header->version = TRACE_VERSION;
    header->event_size = sizeof(struct trace_event);
    header->rank = (uint32_t)rank;
    header->ranks = (uint32_t)ranks;
    header->capacity = capacity;
    note_host();
    dl_iterate_phdr(on_object, NULL);
    memcpy(header->magic, TRACE_MAGIC, sizeof(header->magic));
}

// How far our clock is ahead of rank 0's: of some questions, the one with the quickest answer.
static void compare_clocks(struct trace_clock *clock, int rank, int ranks)
{
#ifdef PISDK_SIMULATED
    (void)rank;
    (void)ranks;
    clock->at = now(); // there is one clock
#else
    MPI_Comm comm;
    uint64_t quickest = UINT64_MAX;
    uint64_t theirs = 0;
    if (PMPI_Comm_dup(MPI_COMM_WORLD, &comm) != MPI_SUCCESS) {
        return;
    }
    for (int other = 1; rank == 0 && other < ranks; other++) {
        for (int i = 0; i < SYNC_ROUNDS; i++) {
            PMPI_Recv(&theirs, 1, MPI_UINT64_T, other, 0, comm, MPI_STATUS_IGNORE);
            uint64_t mine = now();
            PMPI_Send(&mine, 1, MPI_UINT64_T, other, 0, comm);
        }
    }
    for (int i = 0; rank > 0 && i < SYNC_ROUNDS; i++) {
        uint64_t asked = now();
        PMPI_Send(&asked, 1, MPI_UINT64_T, 0, 0, comm);
        PMPI_Recv(&theirs, 1, MPI_UINT64_T, 0, 0, comm, MPI_STATUS_IGNORE);
        uint64_t answered = now();
        if (answered - asked < quickest) {
            quickest = answered - asked;
            clock->at = asked + quickest / 2;
            clock->ahead = (int64_t)(clock->at - theirs);
        }
    }
    if (rank == 0) {
        clock->at = now();
    }
    PMPI_Comm_free(&comm);
#endif
}

static void begin(const struct call *c)
{
    int rank = 0;
    int ranks = 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    PMPI_Comm_size(MPI_COMM_WORLD, &ranks);
    open_file(rank, ranks);
    // All ranks do it, or none could.
    struct trace_clock clock = {0};
    compare_clocks(&clock, rank, ranks);
    if (header) {
        header->clocks[0] = clock;
        header->begin = now();
        leave(c, 0, TRACE_NO_PEER, 0, 0, 0);
    }
}

static void before_end(void)
{
    int rank = 0;
    int ranks = 0;
    struct trace_clock clock = {0};
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    PMPI_Comm_size(MPI_COMM_WORLD, &ranks);
    compare_clocks(&clock, rank, ranks);
    if (header) {
        header->clocks[1] = clock;
    }
}

static void after_end(const struct call *c)
{
#ifdef PISDK_SIMULATED
    uint64_t at = c->enter; // no simulated time is left, and none has gone by
#else
    uint64_t at = now();
#endif
    if (header) {
        struct trace_header *h = header;
        h->inside = 0;
        note(c, at, 0, TRACE_NO_PEER, 0, 0, 0);
        header = NULL;
        h->end = at;
        (void)!ftruncate(file, (off_t)(sizeof(*h) + h->n * sizeof(struct trace_event)));
    }
}

#define HERE __builtin_return_address(0)

// SMPI has no threads, and says so; a program is let through that starts them for its computing.
static void allow_threads(int required, int *provided)
{
#ifdef PISDK_SIMULATED
    *provided = required;
#else
    (void)required;
    (void)provided;
#endif
}

int MPI_Init(int *argc, char ***argv)
{
    struct call c = enter(TRACE_Init, HERE, TRACE_NO_PEER);
    int r = PMPI_Init(argc, argv);
    begin(&c);
    return r;
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    struct call c = enter(TRACE_Init, HERE, TRACE_NO_PEER);
    int r = PMPI_Init_thread(argc, argv, required, provided);
    allow_threads(required, provided);
    begin(&c);
    return r;
}

int MPI_Finalize(void)
{
    before_end();
    struct call c = enter(TRACE_Finalize, HERE, TRACE_NO_PEER);
    int r = PMPI_Finalize();
    after_end(&c);
    return r;
}

int MPI_Abort(MPI_Comm comm, int code)
{
    struct call c = enter(TRACE_Abort, HERE, TRACE_NO_PEER);
    note(&c, now(), 0, TRACE_NO_PEER, code, 0, 0);
    return PMPI_Abort(comm, code);
}

#include "calls.h"
#include "fortran.h"

static void *site_of_fortran(void)
{
#ifdef FORTRAN_CALLS_PMPI
    return fortran_site;
#else
    return NULL;
#endif
}
