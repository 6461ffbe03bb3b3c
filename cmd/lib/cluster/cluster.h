// SPDX-License-Identifier: MIT
// Emulated clusters: boards on a network of their own, as an ordinary user and with no trace on the
// desktop.
//
// A cluster belongs to its supervisor, a process that `cluster_up` leaves behind: process 1 of a
// PID namespace in which all boards are, so that the kernel ends them with it, however it ends. It
// owns a user namespace, a bridge in a network namespace, and one process a board, the board's own
// process 1 (cluster/node.h). It is found by its folder below the user's runtime folder:
//
//     RUNTIME/cluster/NAME/lock         held as long as the cluster is there
//                          control      socket for requests, see cluster/supervisor.h
//                          key, host_key, known_hosts, ssh_config
//                          settings     what it was made with
//                          log/         cluster, and one file a board that was logged in to
//
// Boards are called pi1, pi2, …, with the addresses 10.77.0.1, 10.77.0.2, …; the desktop is
// 10.77.255.254 there. They see the desktop's folders that they were given at the same paths.
// Every function fails with ERR_NOT_FOUND when there is no such cluster or board, and with
// ERR_UNSUPPORTED, and what the kernel refused, when this machine cannot have one.
#ifndef PISDK_CLUSTER_CLUSTER_H
#define PISDK_CLUSTER_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "target/board.h"

// A bridge of Linux has 1024 ports (net/bridge/br_private.h, BR_MAX_PORTS).
enum { CLUSTER_BOARDS_MAX = 1000, CLUSTER_NAME_MAX = 64 };

// The private key of user pi on the boards, in the cluster's folder.
#define CLUSTER_KEY "key"

struct cluster_options {
    const char *runtime; // see base/paths.h
    const char *name;    // of the cluster
    size_t boards;
    const struct board *board; // which kind they are
    uint64_t rate_kbit;        // of their links, in kbit/s; 0: not limited
    uint64_t storage_mb;       // of each board, at most; it is memory of the desktop
    // Folders of the boards' sysroots, see sysroot/store.h: the boards have them in turn.
    const struct strv *images;
    bool pure; // boards emulate all programs, also those that sandbox/native.h has
    const struct strv *environment; // NAME=VALUE of their recipes
    const struct strv *visible;     // folders of the desktop, absolute
    const char *pisdk;              // the program that ssh goes through
};

// Makes the cluster and returns when all its boards answer. ERR_USAGE when the name is taken.
int cluster_up(const struct cluster_options *o, struct err *err) ERR_MUST_CHECK;

// What `doctor` asks: can there be a cluster's network here? Changes nothing.
int cluster_probe(struct err *err) ERR_MUST_CHECK;

// The names of the clusters there are, sorted. What a killed one left is removed.
int cluster_names(const char *runtime, struct strv *names, struct err *err) ERR_MUST_CHECK;

// Letters, digits, "_", "-", and "." but not in front, at most CLUSTER_NAME_MAX.
bool cluster_name_is_valid(const char *name);

struct cluster {
    char *name, *dir;
    size_t boards;
    long cores;        // of each
    struct strv shown; // the desktop's folders that the boards see
};

int cluster_open(const char *runtime, const char *name, struct cluster *out,
                 struct err *err) ERR_MUST_CHECK;
void cluster_release(struct cluster *c);

// Ends it: when this returns, no process, mount, namespace or file of it is left.
int cluster_down(struct cluster *c, struct err *err) ERR_MUST_CHECK;

struct cluster_board {
    char *name, *address;
    char *state; // "up", "off"; what is wrong with one that is up: "cut", "full", "slow"
    unsigned long long processes;
    unsigned long long memory;  // bytes that its programs use
    unsigned long long storage; // bytes that its files use
    unsigned long long rate;    // of its link, kbit/s
};

struct cluster_status {
    struct cluster_board *boards;
    size_t n;
};

int cluster_get_status(const struct cluster *c, struct cluster_status *out,
                       struct err *err) ERR_MUST_CHECK;
void cluster_status_release(struct cluster_status *s);

// Changes a board on purpose; `value` is what the fault needs, or 0.
enum cluster_fault {
    CLUSTER_KILL,  // power off, at once
    CLUSTER_START, // power on; files are what they were
    CLUSTER_CUT,   // its network cable
    CLUSTER_HEAL,  // cable, rate, storage and speed as at the start
    CLUSTER_LIMIT, // its link, kbit/s
    CLUSTER_FILL,  // no space left
    CLUSTER_SLOW,  // percent of the time that its programs run
};
int cluster_set_fault(const struct cluster *c, enum cluster_fault fault, const char *board,
                      uint64_t value, struct err *err) ERR_MUST_CHECK;

// A TCP connection from the desktop's end of the network to `port` of a board. It is being made
// when this returns; the descriptor, which does not block, is the caller's.
int cluster_connect(const struct cluster *c, const char *board, unsigned port,
                    struct err *err) ERR_MUST_CHECK;

// Runs a program on a board, started by the board itself: no login, no encryption. It gets our
// standard streams and the signals of proc_run (base/proc.h), and ends when we do: when it does not
// by itself, some seconds after it was asked to. ERR_NODES when the board, or one of `others`, goes
// off or is cut off meanwhile.
struct cluster_command {
    const char *board;
    const char *dir;         // its working folder, or NULL: the home
    const struct strv *argv; // the program's path first
    const struct strv *env;  // on top of the board's own
    double timeout;          // seconds until it is told SIGTERM, two more to SIGKILL; 0: none
    bool *timed_out;
    const struct strv *others; // names of boards that take part; or NULL
    const char *run;           // PISDK_RUN of its processes, which all end with it
    bool mpirun;               // it starts ranks: it ends when nobody reads its output any more
    bool stacks;               // when the time is up or it is interrupted, its ranks end with a
                               // core file (sandbox/ranks.h)
    uint64_t core_max;         // bytes of that
    int *signal;               // the last that asked it to stop; or NULL
};
int cluster_run(const struct cluster *c, const struct cluster_command *command, int *status,
                struct err *err) ERR_MUST_CHECK;

#endif
