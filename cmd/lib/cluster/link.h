// SPDX-License-Identifier: MIT
// The network of an emulated cluster, by rtnetlink(7): a bridge, a pair of virtual Ethernet devices
// a board (one end in the bridge, called as the board, the other one on it, called eth0), and how
// fast they are.
//
// Each function works in the network namespace where its socket was opened. Requests are sent many
// at once: the kernel does a batch of a thousand in the time that it takes to start a program.
#ifndef PISDK_CLUSTER_LINK_H
#define PISDK_CLUSTER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define LINK_BRIDGE "br0"
#define LINK_BOARD  "eth0" // on a board

enum { LINK_PREFIX = 16 }; // bits of the cluster's network

// A socket for the calling thread's network namespace; the caller closes it.
int link_open(struct err *err) ERR_MUST_CHECK;

// A batch: requests are collected and sent together.
struct link_batch {
    int socket;
    struct err *err; // of the first request that failed
    char *data;
    struct nlmsghdr *last; // collected; the only one that asks for an answer
    uint32_t requests;
    int result;
};

void link_begin(struct link_batch *b, int socket, struct err *err);
// Sends what is left and waits for the kernel's answers. -1 when a request failed, since
// link_begin.
int link_end(struct link_batch *b) ERR_MUST_CHECK;

// Hardware addresses are made of IP addresses (in the host's byte order), so that they stay the
// same for good: others remember them, and would talk to nobody after a board was off and on again.

// A bridge called LINK_BRIDGE, up, for a machine that will have the IP address.
void link_add_bridge(struct link_batch *b, uint32_t address);
// A pair: `name` here, up and in the bridge (by its index), and LINK_BOARD in the network namespace
// of process `board`, which will have the IP address.
void link_add_pair(struct link_batch *b, const char *name, unsigned bridge, pid_t board,
                   uint32_t address);
void link_delete(struct link_batch *b, const char *name);
void link_set_up(struct link_batch *b, unsigned index, bool up);
// `address` in the host's byte order.
void link_add_address(struct link_batch *b, unsigned index, uint32_t address);
// Packets that leave the device are let through at `kbit` kbit/s (1000 bits a second each); 0 lifts
// the limit, which must be there.
void link_set_rate(struct link_batch *b, unsigned index, uint64_t kbit);

// Waits until the bridge passes packets on at all its `ports` (which the kernel sees to some time
// after both ends of a pair are up), `seconds` at most.
int link_wait_ports(int socket, size_t ports, double seconds, struct err *err) ERR_MUST_CHECK;

#endif
