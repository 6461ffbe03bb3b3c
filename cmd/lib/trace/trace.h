// SPDX-License-Identifier: MIT
// A recorded run: what its ranks wrote (toolchain/trace/format.h), on one clock, and what it says.
//
// The files are foreign: whatever is in them is checked, and cut where it ends.
#ifndef PISDK_TRACE_TRACE_H
#define PISDK_TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "trace/format.h"

enum { TRACE_RANKS_MAX = 4096, TRACE_NO_RANK = -1 };

// One call of MPI. Times are in nanoseconds since the first rank left MPI_Init, on the clock of
// rank 0; those of before are negative.
struct trace_span {
    int64_t enter, leave;
    uint64_t bytes;
    int64_t waited; // of it, for a rank that was late
    int32_t peer;   // rank; TRACE_NO_RANK: none, or any
    int32_t tag;
    int32_t late;  // the rank that was waited for; TRACE_NO_RANK: none
    uint32_t site; // an address in the program; 0: not known
    uint16_t call; // enum trace_call
    uint16_t comm;
};

struct trace_rank {
    char *host;
    struct trace_span *spans; // by the time when they ended
    size_t n;
    uint64_t lost;              // calls that there was no room for
    struct trace_total *totals; // of each enum trace_call, with those
    uint64_t any_source;        // messages that it took of whoever came first
    bool recorded;              // false: it wrote nothing
    bool ended;                 // it left MPI_Finalize
    int inside;                 // the call that it was in at the end; -1: none
    int64_t since;              // when it entered that
    int64_t begin;              // left MPI_Init
    int64_t end;                // left MPI_Finalize, or was last heard of
};

// From the i-th span of rank `from` to a span of rank `to`.
struct trace_message {
    int32_t from, to;
    int64_t sent, received; // when the sender entered its call, and the receiver's ended
    uint64_t bytes;
};

struct trace {
    struct trace_rank *ranks;
    size_t n;
    struct trace_message *messages;
    size_t n_messages;
    int64_t begin, end; // of all ranks
    uint32_t *sites;    // the places in the program that are known, each once, sorted
    size_t n_sites;
};

// Reads the files RANK.trace of a folder. ERR_NOT_FOUND when there is none; ERR_VERIFY for one that
// is no trace, or of another version.
int trace_read(const char *folder, struct trace *out, struct err *err) ERR_MUST_CHECK;
// One file, of `n` bytes, as a rank of the trace.
int trace_read_rank(const char *bytes, size_t n, struct trace *t, struct err *err) ERR_MUST_CHECK;
// Puts all ranks on one clock, finds the messages, the places, and who waited for whom.
void trace_analyse(struct trace *t);
void trace_release(struct trace *t);

// "Send": the name of a call, without MPI_.
const char *trace_call_name(unsigned call);
// The number of a place in `sites`, from 1 on; 0: not known.
size_t trace_site_number(const struct trace *t, uint32_t site);
// Does it send to a single rank?
bool trace_sends(unsigned call);
// Do all ranks of a communicator call it?
bool trace_is_collective(unsigned call);
// Is it a call of the program (and not what a request received)?
bool trace_is_call(unsigned call);

#endif
