// SPDX-License-Identifier: MIT
// Boards on the local network: those that announce themselves by mDNS, and neighbours with a
// network card of Raspberry Pi's. The bytes are foreign.
#ifndef PISDK_REMOTE_DISCOVER_H
#define PISDK_REMOTE_DISCOVER_H

#include <stddef.h>

#include "base/err.h"
#include "base/log.h"

struct discovered {
    char *host;    // "pi1.local", or the address when no name is known
    char *address; // IPv4 or IPv6
    char *how;     // "mDNS", "network card"
};

struct discovery {
    struct discovered *items;
    size_t n;
};

// Asks avahi-browse, and reads the kernel's table of neighbours. What cannot be asked is said in
// the log. The caller releases the list, also when this fails.
int discover(struct log *log, struct discovery *out, struct err *err) ERR_MUST_CHECK;

// What `avahi-browse --parsable --resolve` prints (avahi-browse(1)), and /proc/net/arp (proc(5)).
void discover_parse_browse(const char *text, size_t n, struct discovery *out);
void discover_parse_neighbours(const char *text, size_t n, struct discovery *out);

void discovery_release(struct discovery *d);

#endif
