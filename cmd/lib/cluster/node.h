// SPDX-License-Identifier: MIT
// A board: its processes, from the supervisor's side and from within. Not for others than this
// folder.
//
// A board's process 1 is our own code outside QEMU: it waits for connections at port 22 and starts
// an sshd for each, so that an idle board costs one sleeping process. It talks with its supervisor
// through a socket of messages (cluster/wire.h):
//
//     storage FD       to the supervisor: the root of what the board writes to
//     go               from it: the network device is there
//     ready INDEX      to it: the index of the board's network device
//     speed PERCENT    from it
//     run FD           from it: a client's connection. The client sends
//                      DIR N ARGUMENT… NAME=VALUE… and its three standard streams, then `signal N`
//                      as often as it likes; it gets `status N`. When it hangs up, what it started
//                      is ended.
#ifndef PISDK_CLUSTER_NODE_H
#define PISDK_CLUSTER_NODE_H

#include "cluster/supervisor.h"

#define NODE_HOME "/home/pi"

// Starts the processes of the boards, all at once; returns when every one of them is ready.
int node_start(struct supervisor *s, struct node *const *nodes, size_t n,
               struct err *err) ERR_MUST_CHECK;
// Power off: ends all its processes and takes its network device away. Not an error when it is off.
int node_stop(struct supervisor *s, struct node *node, struct err *err) ERR_MUST_CHECK;
// Its process 1 has ended (it was reaped): forgets it.
void node_ended(struct supervisor *s, struct node *node);

// The link's speed at both ends.
int node_set_rate(struct supervisor *s, struct node *node, uint64_t kbit,
                  struct err *err) ERR_MUST_CHECK;
int node_set_cable(struct supervisor *s, struct node *node, bool plugged,
                   struct err *err) ERR_MUST_CHECK;
// The PID namespace of a process, by which those of a board are known; 0: it is gone.
ino_t node_namespace(pid_t pid);
// What its files use, in bytes.
uint64_t node_storage_used(const struct node *node);
// Bytes of its storage: 0 leaves it just what it uses now.
int node_set_storage(const struct node *node, uint64_t bytes, struct err *err) ERR_MUST_CHECK;

// What a board's process 1 has to go by.
struct node_world {
    const struct strv *env;
    const char *hostname;
    int control; // to its supervisor
    int log;     // folder
    int listening;
};

// node_serve.c: what process 1 does once the board is made. Does not return.
_Noreturn void node_serve(const struct node_world *w);

#endif
