// SPDX-License-Identifier: MIT
// The process that a cluster belongs to. Not for others than this folder.
//
// It answers requests, one packet of words each (cluster/wire.h), on the socket `control`:
//
//     status                       a packet `board` for each, then `done`
//     kill|start|cut|heal|limit|fill|slow BOARD VALUE
//     connect BOARD PORT           `connection` with its descriptor, then `done`
//     run BOARD                    the connection goes on with the board, see cluster/node.h
//     down                         `done`, and then it ends with all boards; see place.h
#ifndef PISDK_CLUSTER_SUPERVISOR_H
#define PISDK_CLUSTER_SUPERVISOR_H

#include <sys/resource.h>
#include <sys/types.h>

#include "cluster/cluster.h"
#include "cluster/folder.h"

#define CLUSTER_ADDRESS(number) (0x0a4d0000U + (uint32_t)(number)) // 10.77.0.0, host's byte order
enum { CLUSTER_DESKTOP = 0xfffe, CLUSTER_SSH_PORT = 22 };

// A board, as its supervisor knows it.
struct node {
    char name[8];    // pi1, …
    unsigned number; // from 1
    pid_t pid;       // of its process 1; 0: it is off
    ino_t namespace; // of its processes, see node_namespace
    int control;     // socket to that process
    int mounts;      // its mount namespace, which stays when it is off; -1: it never was on
    int storage;     // the root of the file system that it writes to
    unsigned port;   // index of its end of the pair that is in the bridge
    unsigned device; // index of the other one, on the board
    uint64_t rate_kbit;
    unsigned speed; // percent
    bool cut, full;
};

struct supervisor {
    const struct cluster_options *o;
    struct cluster_folder place;
    int control;           // where requests come in
    int log;               // folder of cluster/journal.h
    int link;              // netlink of the bridge's namespace
    unsigned bridge;       // its index
    uint64_t desktop_kbit; // what the desktop sends at most; 0: not limited
    char *qemu;
    bool loses_timeouts; // see sandbox/timeouts.h
    struct rlimit files; // of programs on the boards
    struct strv env;     // of all programs on the boards
    struct strv native;  // of each image: native_layers
    bool is_native;      // some have
    struct node *nodes;
    bool ended; // by `down` or a signal
};

// Becomes the supervisor, in a process that was just cloned with supervisor_flags. Writes a struct
// err to `report`: why it failed, or one without an error when all boards are up. Does not return.
_Noreturn void supervisor_main(struct supervisor *s, int report);
int supervisor_flags(void);

// requests.c
void supervisor_answer(struct supervisor *s, int client);
// world.c: namespaces, mounts and the bridge.
int supervisor_make_world(struct supervisor *s, struct err *err) ERR_MUST_CHECK;

#endif
