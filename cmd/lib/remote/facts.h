// SPDX-License-Identifier: MIT
// What a board is and has: what it said of itself when it was asked.
//
// A board answers with lines KEY VALUE, from toolchain/remote/probe.sh. Its bytes are foreign:
// values are cut after FACT_MAX bytes, and what is not printable ASCII in them is a `?`. Every text
// may be NULL, every number 0: not known.
#ifndef PISDK_REMOTE_FACTS_H
#define PISDK_REMOTE_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "remote/remotes.h"

enum { FACT_MAX = 512, FACTS_ADDRESSES_MAX = 64, FACTS_TEXT_MAX = 1 << 16 };

struct facts_address {
    char *interface; // "-": not known
    char *address;   // IPv4 or IPv6, as inet_pton(3) takes it
    int prefix;      // bits; -1: not known
};

struct facts {
    char *model;                      // of the device tree
    char *arch;                       // of its programs, as Debian calls it: armhf, arm64, …
    char *machine;                    // of its kernel: aarch64 also when `arch` is armhf
    char *kernel;                     // its version
    char *system, *release, *version; // "Raspbian GNU/Linux 12 (bookworm)", "bookworm", "12"
    char *glibc;                      // 2.36
    char *glibcxx;                    // the newest GLIBCXX_ symbol version: 3.4.30
    char *libgfortran;                // the newest: libgfortran.so.5
    char *mpi, *mpi_version;          // openmpi, mpich or other; NULL: there is no mpirun in PATH
    char *mpi_place;                  // the program that mpirun is
    char *daemon;    // what mpirun starts on other boards, in the PATH that ssh gives
    char *elsewhere; // the same, or mpirun, where that PATH does not lead
    char *hostname, *user, *home, *shell;
    char *write_error; // why the home cannot be written to; NULL: it can
    char *filesystem;  // that the home is on
    char *host_key;    // of its sshd, public
    char *boot;        // the kernel's number of this boot: the same on one machine only
    int time_bits;     // of time_t
    unsigned cores;
    uint64_t memory;     // bytes
    uint64_t free_space; // bytes, for this user, in the home
    bool has_space;      // free_space is known
    uint64_t available;  // bytes of memory that programs can still get
    char *load;          // of the last minute: "0.52"
    long temperature;    // of the processor, in thousandths of a degree Celsius
    bool rsync;
    bool has_key;                    // of its own, to log in to other boards
    struct facts_address *addresses; // those of `lo` are not in it
    size_t n_addresses;

    // What the desktop found out; facts_parse does not touch it.
    bool has_clock;
    double clock_offset; // seconds that its clock is ahead of the desktop's
    double clock_error;  // the offset may be wrong by so much
};

// Reads what a board answered, `n` bytes. ERR_FAILED when that is not a whole answer. The caller
// releases the facts, also when this fails.
int facts_parse(const char *text, size_t n, struct facts *out, struct err *err) ERR_MUST_CHECK;
void facts_release(struct facts *f);

// A foreign text as it may be shown: one line of printable ASCII, not longer than FACT_MAX. The
// caller frees it.
char *facts_clean(const char *text, size_t n);

// Docker's, a virtual machine's, …: what has the same address on every board.
bool facts_is_virtual(const char *interface);

#endif
