// SPDX-License-Identifier: MIT
// What a rank writes while it runs, and pisdk reads afterwards: one file a rank, RANK.trace.
//
// A header, then the events in the order in which calls ended. The file is mapped while the program
// runs, so that whatever ends the program leaves what was recorded until then. All numbers have the
// byte order of the board, which is little-endian on each that pisdk knows.
#ifndef PISDK_TRACE_FORMAT_H
#define PISDK_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC "PISDKTRC"

enum { TRACE_VERSION = 2, TRACE_HOST = 64, TRACE_NO_PEER = -1, TRACE_ANY = -2 };

// Names of calls, without MPI_. The order is part of the format. Received is not a call: a message
// that a request has received, from when it was posted until the program learned of it.
#define TRACE_CALLS(X)                                                                             \
    X(Init)                                                                                        \
    X(Finalize)                                                                                    \
    X(Send)                                                                                        \
    X(Bsend) X(Ssend) X(Rsend) X(Isend) X(Ibsend) X(Issend) X(Irsend) X(Recv) X(Irecv) X(Sendrecv) \
        X(Sendrecv_replace) X(Probe) X(Iprobe) X(Wait) X(Waitall) X(Waitany) X(Waitsome) X(Test)   \
            X(Testall) X(Testany) X(Testsome) X(Barrier) X(Bcast) X(Reduce) X(Allreduce) X(Gather) \
                X(Gatherv) X(Scatter) X(Scatterv) X(Allgather) X(Allgatherv) X(Alltoall)           \
                    X(Alltoallv) X(Reduce_scatter) X(Reduce_scatter_block) X(Scan) X(Exscan)       \
                        X(Ibarrier) X(Ibcast) X(Iallreduce) X(Comm_split) X(Comm_dup)              \
                            X(Comm_create) X(Put) X(Get) X(Accumulate) X(Win_fence) X(Win_lock)    \
                                X(Win_unlock) X(Win_post) X(Win_start) X(Win_complete) X(Win_wait) \
                                    X(Win_flush) X(File_open) X(File_close) X(File_read)           \
                                        X(File_write) X(File_read_at) X(File_write_at)             \
                                            X(File_read_all) X(File_write_all) X(File_read_at_all) \
                                                X(File_write_at_all) X(Abort) X(Received)

enum trace_call {
#define TRACE_ENUM(name) TRACE_##name,
    TRACE_CALLS(TRACE_ENUM)
#undef TRACE_ENUM
        TRACE_N_CALLS
};

struct trace_event {
    uint64_t enter, leave; // nanoseconds of the board's monotonic clock
    uint64_t bytes;        // that this rank sends, or receives
    uint32_t site;         // where the program called it, see `base`; 0: not known
    int32_t peer;          // rank in MPI_COMM_WORLD; of a collective with one, its root
    int32_t tag;
    uint16_t call;  // enum trace_call
    uint16_t comm;  // 0: MPI_COMM_WORLD; else some number, which ranks need not agree on
    uint32_t count; // of requests that it completed
    uint32_t padding;
};

struct trace_total {
    uint64_t count, time, bytes; // all that was recorded, and what there was no room for
};

// The rank's clock was `ahead` nanoseconds ahead of that of rank 0, when it showed `at`.
struct trace_clock {
    uint64_t at;
    int64_t ahead;
};

struct trace_header {
    char magic[8]; // TRACE_MAGIC, without a zero
    uint32_t version;
    uint32_t event_size; // of struct trace_event
    uint32_t rank, ranks;
    uint64_t capacity;   // events that the file has room for
    uint64_t n;          // events that are in it
    uint64_t lost;       // events that there was no room for
    uint64_t base;       // what was taken from addresses for `site`: where the program is loaded
    uint64_t begin;      // when MPI_Init had returned
    uint64_t end;        // when MPI_Finalize had; 0: it has not
    uint64_t any_source; // how often it took a message of whatever rank came first
    uint32_t inside;     // 1 + the call that the rank is in; 0: none
    int32_t inside_peer;
    uint64_t inside_since;
    struct trace_clock clocks[2]; // after MPI_Init, before MPI_Finalize
    char host[TRACE_HOST];
    struct trace_total totals[TRACE_N_CALLS];
};

#endif
