// SPDX-License-Identifier: MIT
// How boards get to one another.

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "remote/checkup_internal.h"
#include "remote/ssh_error.h"

enum { ADDRESS_BYTES = sizeof(struct in6_addr), BYTE_BITS = 8 };

// --- Logging in from the first board to another --------------------------------------------------

static void mend_name(struct examination *e, struct problem *p, const char *address)
{
    _cleanup_free_ char *ssh = problem_ssh(e, e->probe->first);
    free(p->mend);
    p->mend = xasprintf("%s\"echo %s %s | sudo tee -a /etc/hosts\"", ssh, address,
                        e->nodes->items[p->node].peer);
}

static const char *plain_address(const struct facts *f)
{
    for (size_t i = 0; i < f->n_addresses; i++) {
        if (!facts_is_virtual(f->addresses[i].interface)) {
            return f->addresses[i].address;
        }
    }
    return NULL;
}

static void mend_reach(struct examination *e, struct problem *p, const char *said)
{
    size_t first = e->probe->first;
    const char *peer = e->nodes->items[p->node].peer;
    const char *address = plain_address(&e->probe->boards[p->node].facts);
    _cleanup_free_ char *ssh = problem_ssh(e, first);

    if (strstr(said, "IDENTIFICATION HAS CHANGED")) {
        p->mend = xasprintf("%s'ssh-keygen -R %s; ssh %s true'", ssh, peer, peer);
    } else if (strstr(said, "Host key verification failed")) {
        p->mend = xasprintf("%sssh %s true", ssh, peer);
    } else if (strstr(said, "Permission denied (")) {
        bool key = e->probe->boards[first].facts.has_key;
        p->mend = key ? xasprintf("%sssh-copy-id %s", ssh, peer)
                      : xasprintf("%s'ssh-keygen -t ed25519 && ssh-copy-id %s'", ssh, peer);
    } else if (strstr(said, "failed to run command")) {
        p->mend = xasprintf("%ssudo apt install openssh-client", ssh);
    } else if (strstr(said, "Could not resolve hostname") && address) {
        mend_name(e, p, address);
    }
}

static void check_reach(struct examination *e, size_t i)
{
    const struct probed *b = &e->probe->boards[i];
    const struct remote *node = &e->nodes->items[i];
    const char *first = e->nodes->items[e->probe->first].name;
    struct err why = ERR_INIT;

    if (b->reach == REACH_NO) {
        ssh_error(node, b->reach_said, &why);
        struct problem *p = problem_add(e, i, "reach", "%s cannot log in to it as %s: %s", first,
                                        node->peer, why.msg);
        mend_reach(e, p, b->reach_said);
    } else if (b->reach == REACH_YES && strcmp(b->reached_as, node->peer) != 0) {
        struct problem *p = problem_add(e, i, "name", "%s reaches it as %s, but not as %s", first,
                                        b->reached_as, node->peer);
        unsigned char bytes[ADDRESS_BYTES];
        p->note = true;
        if (inet_pton(AF_INET, b->reached_as, bytes) == 1) {
            mend_name(e, p, b->reached_as);
        }
    }
}

// --- Networks ------------------------------------------------------------------------------------

// The address's bytes, and how many; 0: it does not say which network it is in.
static size_t network_bytes(const struct facts_address *a, unsigned char bytes[ADDRESS_BYTES])
{
    if (a->prefix < 0 || facts_is_virtual(a->interface)) {
        return 0;
    }
    if (inet_pton(AF_INET, a->address, bytes) == 1) {
        return sizeof(struct in_addr);
    }
    return inet_pton(AF_INET6, a->address, bytes) == 1 ? ADDRESS_BYTES : 0;
}

static void mask(unsigned char *bytes, size_t n, int prefix)
{
    for (size_t i = 0; i < n; i++) {
        int bits = prefix - (int)i * BYTE_BITS;
        bits = bits < 0 ? 0 : bits > BYTE_BITS ? BYTE_BITS : bits;
        bytes[i] &= (unsigned char)(0xff << (BYTE_BITS - bits));
    }
}

static bool in_one_network(const struct facts_address *a, const struct facts_address *b)
{
    unsigned char x[ADDRESS_BYTES];
    unsigned char y[ADDRESS_BYTES];
    size_t n = network_bytes(a, x);
    if (n == 0 || n != network_bytes(b, y) || a->prefix != b->prefix) {
        return false;
    }
    mask(x, n, a->prefix);
    mask(y, n, b->prefix);
    return memcmp(x, y, n) == 0;
}

// The address of `f` that is in a network with one of `other`, or NULL.
static const struct facts_address *common(const struct facts *f, const struct facts *other)
{
    for (size_t i = 0; i < f->n_addresses; i++) {
        for (size_t k = 0; k < other->n_addresses; k++) {
            if (in_one_network(&f->addresses[i], &other->addresses[k])) {
                return &f->addresses[i];
            }
        }
    }
    return NULL;
}

// As mpirun takes it: 10.77.0.0/16. The caller frees it.
static char *network_of(const struct facts_address *a)
{
    unsigned char bytes[ADDRESS_BYTES];
    char text[INET6_ADDRSTRLEN];
    size_t n = network_bytes(a, bytes);
    mask(bytes, n, a->prefix);
    inet_ntop(n == ADDRESS_BYTES ? AF_INET6 : AF_INET, bytes, text, sizeof(text));
    return xasprintf("%s/%d", text, a->prefix);
}

static void check_network(struct examination *e, size_t i)
{
    const struct probed *b = &e->probe->boards[i];
    const struct facts *first = &e->probe->boards[e->probe->first].facts;
    if (b->facts.n_addresses > 0 && first->n_addresses > 0 && b->reach != REACH_YES &&
        !common(&b->facts, first)) {
        struct problem *p = problem_add(e, i, "network", "it shares no network with %s",
                                        e->nodes->items[e->probe->first].name);
        p->mend = xstrdup("connect them to one switch, with addresses of one network");
    }
}

// MPI tries all addresses of a board, also those that lead nowhere.
static void check_interfaces(struct examination *e, size_t i, size_t other)
{
    const struct facts *f = &e->probe->boards[i].facts;
    const struct facts_address *ours = common(f, &e->probe->boards[other].facts);
    for (size_t k = 0; ours && k < f->n_addresses; k++) {
        const struct facts_address *a = &f->addresses[k];
        if (strcmp(a->interface, ours->interface) == 0) {
            continue;
        }
        _cleanup_free_ char *network = network_of(ours);
        struct problem *p = problem_add(e, i, "interface",
                                        "it has %s with %s as well, which MPI "
                                        "may try",
                                        a->interface, a->address);
        p->note = true;
        p->mend = str_eq(f->mpi, "mpich")
                      ? xasprintf("pisdk run --on nodes --mpirun '-iface %s'", ours->interface)
                      : xasprintf("pisdk run --on nodes --mca btl_tcp_if_include %s", network);
        return;
    }
}

// An address that another board has, too.
static const char *shared_address(const struct facts *f, const struct facts *other)
{
    for (size_t i = 0; i < f->n_addresses; i++) {
        for (size_t k = 0; k < other->n_addresses; k++) {
            if (!facts_is_virtual(f->addresses[i].interface) &&
                !facts_is_virtual(other->addresses[k].interface) &&
                strcmp(f->addresses[i].address, other->addresses[k].address) == 0) {
                return f->addresses[i].address;
            }
        }
    }
    return NULL;
}

static void check_same_address(struct examination *e, size_t i)
{
    const struct facts *f = &e->probe->boards[i].facts;
    for (size_t k = 0; k < i; k++) {
        const struct facts *other = &e->probe->boards[k].facts;
        bool one_board = f->boot && str_eq(f->boot, other->boot) &&
                         str_eq(f->hostname, other->hostname) &&
                         str_eq(f->host_key, other->host_key);
        const char *address = one_board ? NULL : shared_address(f, other);
        if (address) {
            struct problem *p =
                problem_add(e, i, "same-address", "it has the same address as %s: %s",
                            e->nodes->items[k].name, address);
            problem_mend(e, p, "sudo nmtui");
            return;
        }
    }
}

void checkup_network(struct examination *e)
{
    size_t first = e->probe->first;
    size_t second = e->probe->n; // for the first, a board that it shares a network with
    for (size_t i = first + 1; i < e->probe->n; i++) {
        if (!e->probe->boards[i].answered) {
            continue;
        }
        second = second == e->probe->n ? i : second;
        check_reach(e, i);
        check_network(e, i);
        check_same_address(e, i);
        check_interfaces(e, i, first);
    }
    if (second < e->probe->n) {
        check_interfaces(e, first, second);
    }
}
