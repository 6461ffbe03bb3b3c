#include "cluster/link.h"

#include <arpa/inet.h>
#include <errno.h>
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
        for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; NLMSG_OK(h, (unsigned)left);
             h = NLMSG_NEXT(h, left)) {
            const struct nlmsgerr *answer = NLMSG_DATA(h);
            if (h->nlmsg_type == NLMSG_ERROR && answer->error != 0) {
                fail(b, -answer->error);
            }
            if (h->nlmsg_seq == b->requests) {
                return;
            }
        }
    }
}

static void flush(struct link_batch *b)
{
    struct nlmsghdr *last = NULL;
    for (size_t at = 0; at < b->len; at += NLMSG_ALIGN(last->nlmsg_len)) {
        last = (struct nlmsghdr *)(b->data + at);
    }
    if (!last) {
        return;
    }
    last->nlmsg_flags |= NLM_F_ACK;
    if (send(b->socket, b->data, b->len, 0) < 0) {
        fail(b, errno);
    } else {
        read_answers(b);
    }
    b->len = 0;
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
    if (b->len + REQUEST_MAX > BATCH_MAX) {
        flush(b);
    }
    struct nlmsghdr *h = (struct nlmsghdr *)(b->data + b->len);
    memset(h, 0, REQUEST_MAX);
    *h = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH(0),
                           .nlmsg_type = type,
                           .nlmsg_flags = NLM_F_REQUEST | flags,
                           .nlmsg_seq = ++b->requests};
    return h;
}

static void end(struct link_batch *b, const struct nlmsghdr *h)
{
    b->len += NLMSG_ALIGN(h->nlmsg_len);
}

// Adds n bytes at the end of the request and returns where they are.
static void *add(struct nlmsghdr *h, const void *data, size_t n)
{
    char *place = (char *)h + NLMSG_ALIGN(h->nlmsg_len);
    if (n) {
        memcpy(place, data, n);
    }
    h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + (uint32_t)NLMSG_ALIGN(n);
    return place;
}

static struct rtattr *add_attribute(struct nlmsghdr *h, uint16_t type, const void *data, size_t n)
{
    const struct rtattr head = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};
    struct rtattr *a = add(h, &head, sizeof(head));
    add(h, data, n);
    return a;
}

static void add_text(struct nlmsghdr *h, uint16_t type, const char *text)
{
    add_attribute(h, type, text, strlen(text) + 1);
}

static void add_number(struct nlmsghdr *h, uint16_t type, uint32_t number)
{
    add_attribute(h, type, &number, sizeof(number));
}

static struct rtattr *nest(struct nlmsghdr *h, uint16_t type)
{
    return add_attribute(h, type, NULL, 0);
}

static void close_nest(const struct nlmsghdr *h, struct rtattr *a)
{
    a->rta_len = (uint16_t)((const char *)h + h->nlmsg_len - (const char *)a);
}

static struct nlmsghdr *begin_link(struct link_batch *b, uint16_t type, uint16_t flags,
                                   unsigned index, bool change, bool up)
{
    struct nlmsghdr *h = begin(b, type, flags);
    const struct ifinfomsg info = {.ifi_family = AF_UNSPEC,
                                   .ifi_index = (int)index,
                                   .ifi_flags = up ? IFF_UP : 0,
                                   .ifi_change = change ? IFF_UP : 0};
    add(h, &info, sizeof(info));
    return h;
}

static void add_hardware_address(struct nlmsghdr *h, uint32_t address)
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
    add_attribute(h, IFLA_ADDRESS, bytes, sizeof(bytes));
}

void link_add_bridge(struct link_batch *b, uint32_t address)
{
    struct nlmsghdr *h = begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true, true);
    add_text(h, IFLA_IFNAME, LINK_BRIDGE);
    add_hardware_address(h, address);
    struct rtattr *info = nest(h, IFLA_LINKINFO);
    add_text(h, IFLA_INFO_KIND, "bridge");
    close_nest(h, info);
    end(b, h);
}

void link_add_pair(struct link_batch *b, const char *name, unsigned bridge, pid_t board,
                   uint32_t address)
{
    const struct ifinfomsg peer = {.ifi_family = AF_UNSPEC};
    struct nlmsghdr *h = begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true, true);
    add_text(h, IFLA_IFNAME, name);
    add_number(h, IFLA_MASTER, bridge);
    struct rtattr *info = nest(h, IFLA_LINKINFO);
    add_text(h, IFLA_INFO_KIND, "veth");
    struct rtattr *data = nest(h, IFLA_INFO_DATA);
    struct rtattr *other = nest(h, VETH_INFO_PEER);
    add(h, &peer, sizeof(peer));
    add_text(h, IFLA_IFNAME, LINK_BOARD);
    add_hardware_address(h, address);
    add_number(h, IFLA_NET_NS_PID, (uint32_t)board);
    close_nest(h, other);
    close_nest(h, data);
    close_nest(h, info);
    end(b, h);
}

void link_delete(struct link_batch *b, const char *name)
{
    struct nlmsghdr *h = begin_link(b, RTM_DELLINK, 0, 0, false, false);
    add_text(h, IFLA_IFNAME, name);
    end(b, h);
}

void link_set_up(struct link_batch *b, unsigned index, bool up)
{
    end(b, begin_link(b, RTM_NEWLINK, 0, index, true, up));
}

void link_add_address(struct link_batch *b, unsigned index, uint32_t address)
{
    struct nlmsghdr *h = begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    const struct ifaddrmsg info = {
        .ifa_family = AF_INET, .ifa_prefixlen = LINK_PREFIX, .ifa_index = index};
    add(h, &info, sizeof(info));
    add_number(h, IFA_LOCAL, htonl(address));
    add_number(h, IFA_ADDRESS, htonl(address));
    add_number(h, IFA_BROADCAST, htonl(address | ((1U << (32 - LINK_PREFIX)) - 1)));
    end(b, h);
}

static struct nlmsghdr *begin_queue(struct link_batch *b, uint16_t type, uint16_t flags,
                                    unsigned index)
{
    struct nlmsghdr *h = begin(b, type, flags);
    const struct tcmsg info = {
        .tcm_family = AF_UNSPEC, .tcm_ifindex = (int)index, .tcm_parent = TC_H_ROOT};
    add(h, &info, sizeof(info));
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
        end(b, begin_queue(b, RTM_DELQDISC, 0, index));
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
    add_text(h, TCA_KIND, "tbf");
    struct rtattr *nested = nest(h, TCA_OPTIONS);
    add_attribute(h, TCA_TBF_PARMS, &options, sizeof(options));
    add_number(h, TCA_TBF_BURST, (uint32_t)burst);
    add_attribute(h, TCA_TBF_RTAB, table, sizeof(table));
    close_nest(h, nested);
    end(b, h);
}

// Does this answer describe a port that passes packets on?
static bool is_forwarding(struct nlmsghdr *h)
{
    enum { FORWARDING = 3 }; // BR_STATE_FORWARDING of linux/if_bridge.h
    struct ifinfomsg *info = NLMSG_DATA(h);
    int left = (int)IFLA_PAYLOAD(h);

    for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if ((a->rta_type & NLA_TYPE_MASK) != IFLA_PROTINFO) {
            continue;
        }
        int inner = (int)RTA_PAYLOAD(a);
        for (struct rtattr *p = RTA_DATA(a); RTA_OK(p, inner); p = RTA_NEXT(p, inner)) {
            if (p->rta_type == IFLA_BRPORT_STATE) {
                return *(uint8_t *)RTA_DATA(p) == FORWARDING;
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
        unsigned left = (unsigned)n;
        for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; NLMSG_OK(h, left);
             h = NLMSG_NEXT(h, left)) {
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
