// SPDX-License-Identifier: MIT
#include "cluster/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    BATCH_MAX = 1 << 15, // bytes sent at once, below the least send buffer of a socket
    REQUEST_MAX = 4096,
    RECEIVE_BUFFER = 1 << 20,
};

int link_open(struct err *err)
{
    const int size = RECEIVE_BUFFER;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
        return err_sys(err, "cannot open a netlink socket");
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fd;
}

void link_begin(struct link_batch *b, int socket, struct err *err)
{
    *b = (struct link_batch){.socket = socket, .err = err, .data = xmalloc(BATCH_MAX)};
}

static void fail(struct link_batch *b, int error)
{
    if (b->result == 0) {
        errno = error;
        b->result = err_sys(b->err, "the kernel refused a part of the cluster's network");
        if (error == EOPNOTSUPP || error == ENOENT) {
            err_hint(b->err, "it needs the kernel modules bridge, veth and sch_tbf");
        }
    }
}

// Reads answers until that of the last request, the only one that asks for one; the others answer
// only when they fail.
static void read_answers(struct link_batch *b)
{
    char buffer[REQUEST_MAX * 4];
    for (;;) {
        ssize_t n = recv(b->socket, buffer, sizeof(buffer), 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            fail(b, n == 0 ? EPIPE : errno);
            return;
        }
        int left = (int)n;
        for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; mnl_nlmsg_ok(h, left);
             h = mnl_nlmsg_next(h, &left)) {
            const struct nlmsgerr *answer = mnl_nlmsg_get_payload(h);
            if (h->nlmsg_type == NLMSG_ERROR && answer->error != 0) {
                fail(b, -answer->error);
            }
            if (h->nlmsg_seq == b->requests) {
                return;
            }
        }
    }
}

// Of all that was collected.
static size_t length(const struct link_batch *b)
{
    return b->last ? (size_t)((char *)mnl_nlmsg_get_payload_tail(b->last) - b->data) : 0;
}

static void flush(struct link_batch *b)
{
    if (!b->last) {
        return;
    }
    b->last->nlmsg_flags |= NLM_F_ACK;
    if (send(b->socket, b->data, length(b), 0) < 0) {
        fail(b, errno);
    } else {
        read_answers(b);
    }
    b->last = NULL;
}

int link_end(struct link_batch *b)
{
    flush(b);
    free(b->data);
    b->data = NULL;
    return b->result;
}

static struct nlmsghdr *begin(struct link_batch *b, uint16_t type, uint16_t flags)
{
    if (length(b) + REQUEST_MAX > BATCH_MAX) {
        flush(b);
    }
    b->last = mnl_nlmsg_put_header(b->data + length(b));
    b->last->nlmsg_type = type;
    b->last->nlmsg_flags = NLM_F_REQUEST | flags;
    b->last->nlmsg_seq = ++b->requests;
    return b->last;
}

static struct nlmsghdr *begin_link(struct link_batch *b, uint16_t type, uint16_t flags,
                                   unsigned index, bool change, bool up)
{
    struct nlmsghdr *h = begin(b, type, flags);
    struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
    *info = (struct ifinfomsg){.ifi_family = AF_UNSPEC,
                               .ifi_index = (int)index,
                               .ifi_flags = up ? IFF_UP : 0,
                               .ifi_change = change ? IFF_UP : 0};
    return h;
}

static void put_hardware_address(struct nlmsghdr *h, uint32_t address)
{
    enum { LOCAL = 2, BYTES = 6, BITS = 8 }; // LOCAL: not a manufacturer's (IEEE 802)
    const uint8_t bytes[BYTES] = {
        LOCAL,
        0,
        (uint8_t)(address >> 3 * BITS),
        (uint8_t)(address >> 2 * BITS),
        (uint8_t)(address >> BITS),
        (uint8_t)address,
    };
    mnl_attr_put(h, IFLA_ADDRESS, sizeof(bytes), bytes);
}

void link_add_bridge(struct link_batch *b, uint32_t address)
{
    struct nlmsghdr *h = begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true, true);
    mnl_attr_put_strz(h, IFLA_IFNAME, LINK_BRIDGE);
    put_hardware_address(h, address);
    struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
    mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
    mnl_attr_nest_end(h, info);
}

void link_add_pair(struct link_batch *b, const char *name, unsigned bridge, pid_t board,
                   uint32_t address)
{
    struct nlmsghdr *h = begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true, true);
    mnl_attr_put_strz(h, IFLA_IFNAME, name);
    mnl_attr_put_u32(h, IFLA_MASTER, bridge);
    struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
    mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
    struct nlattr *other = mnl_attr_nest_start(h, VETH_INFO_PEER);
    mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg)); // of the other end
    mnl_attr_put_strz(h, IFLA_IFNAME, LINK_BOARD);
    put_hardware_address(h, address);
    mnl_attr_put_u32(h, IFLA_NET_NS_PID, (uint32_t)board);
    mnl_attr_nest_end(h, other);
    mnl_attr_nest_end(h, data);
    mnl_attr_nest_end(h, info);
}

void link_delete(struct link_batch *b, const char *name)
{
    struct nlmsghdr *h = begin_link(b, RTM_DELLINK, 0, 0, false, false);
    mnl_attr_put_strz(h, IFLA_IFNAME, name);
}

void link_set_up(struct link_batch *b, unsigned index, bool up)
{
    begin_link(b, RTM_NEWLINK, 0, index, true, up);
}

void link_add_address(struct link_batch *b, unsigned index, uint32_t address)
{
    struct nlmsghdr *h = begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
    *info =
        (struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = LINK_PREFIX, .ifa_index = index};
    mnl_attr_put_u32(h, IFA_LOCAL, htonl(address));
    mnl_attr_put_u32(h, IFA_ADDRESS, htonl(address));
    mnl_attr_put_u32(h, IFA_BROADCAST, htonl(address | ((1U << (32 - LINK_PREFIX)) - 1)));
}

static struct nlmsghdr *begin_queue(struct link_batch *b, uint16_t type, uint16_t flags,
                                    unsigned index)
{
    struct nlmsghdr *h = begin(b, type, flags);
    struct tcmsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
    *info =
        (struct tcmsg){.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)index, .tcm_parent = TC_H_ROOT};
    return h;
}

// tc-tbf(8), as `tc qdisc replace … tbf rate KBIT burst … latency 50ms` would do it. The kernel
// wants a table of packet times for each rate, which it only looks into on links that pad packets.
void link_set_rate(struct link_batch *b, unsigned index, uint64_t kbit)
{
    enum {
        BITS = 8,
        MTU = 1514,
        BURSTS_A_SECOND = 250,      // at least one tick's worth (CONFIG_HZ=250)
        BURST_MIN = 10 * MTU,       //
        QUEUES_A_SECOND = 20,       // what waits longer than 50 ms is dropped
        TICKS_A_MICROSECOND_Q = 64, // of pkt_sched.h: a tick is 64 ns
        NS_A_SECOND = 1000000000,
    };
    uint32_t table[TC_RTAB_SIZE / sizeof(uint32_t)] = {0};

    if (kbit == 0) {
        (void)begin_queue(b, RTM_DELQDISC, 0, index);
        return;
    }
    uint64_t rate = kbit * 1000 / BITS; // bytes a second
    uint64_t burst = rate / BURSTS_A_SECOND;
    burst = burst > BURST_MIN ? burst : BURST_MIN;
    uint64_t ticks = burst * (NS_A_SECOND / TICKS_A_MICROSECOND_Q) / rate;
    const struct tc_tbf_qopt options = {
        .rate = {.cell_log = 3,
                 .linklayer = TC_LINKLAYER_ETHERNET,
                 .rate = rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX},
        .limit = (uint32_t)(rate / QUEUES_A_SECOND + burst),
        .buffer = (uint32_t)(ticks < UINT32_MAX ? ticks : UINT32_MAX),
    };
    struct nlmsghdr *h = begin_queue(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index);
    mnl_attr_put_strz(h, TCA_KIND, "tbf");
    struct nlattr *nested = mnl_attr_nest_start(h, TCA_OPTIONS);
    mnl_attr_put(h, TCA_TBF_PARMS, sizeof(options), &options);
    mnl_attr_put_u32(h, TCA_TBF_BURST, (uint32_t)burst);
    mnl_attr_put(h, TCA_TBF_RTAB, sizeof(table), table);
    mnl_attr_nest_end(h, nested);
}

// Does this answer describe a port that passes packets on?
static bool is_forwarding(const struct nlmsghdr *h)
{
    enum { FORWARDING = 3 }; // BR_STATE_FORWARDING of linux/if_bridge.h
    struct nlattr *a;
    struct nlattr *port;

    mnl_attr_for_each (a, h, sizeof(struct ifinfomsg)) {
        if (mnl_attr_get_type(a) != IFLA_PROTINFO) {
            continue;
        }
        mnl_attr_for_each_nested (port, a) {
            if (mnl_attr_get_type(port) == IFLA_BRPORT_STATE) {
                return mnl_attr_get_u8(port) == FORWARDING;
            }
        }
    }
    return false;
}

// Asks for all ports. -1 with the error set.
static ssize_t count_forwarding(int socket, struct err *err)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .info = {.ifi_family = AF_BRIDGE},
    };
    _cleanup_free_ char *buffer = xmalloc(BATCH_MAX);
    ssize_t found = 0;

    if (send(socket, &request, sizeof(request), 0) < 0) {
        return err_sys(err, "cannot ask for the ports of the bridge");
    }
    for (;;) {
        ssize_t n = recv(socket, buffer, BATCH_MAX, 0);
        if (n <= 0) {
            return err_sys(err, "cannot read the ports of the bridge");
        }
        int left = (int)n;
        for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; mnl_nlmsg_ok(h, left);
             h = mnl_nlmsg_next(h, &left)) {
            if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
                return found;
            }
            found += is_forwarding(h) ? 1 : 0;
        }
    }
}

int link_wait_ports(int socket, size_t ports, double seconds, struct err *err)
{
    const struct timespec tick = {.tv_nsec = 2000000}; // 2 ms
    double end = clock_seconds() + seconds;
    for (;;) {
        ssize_t n = count_forwarding(socket, err);
        if (n < 0 || (size_t)n >= ports) {
            return n < 0 ? -1 : 0;
        }
        if (clock_seconds() > end) {
            return err_set(err, ERR_FAILED, "the network of the cluster does not come up");
        }
        nanosleep(&tick, NULL);
    }
}
