// SPDX-License-Identifier: MIT
#include "debug/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"

enum { CHUNK = 1 << 16, POLL_MS = 200, INTERRUPT = 0x03 };

// Where in gdb's words we are: "$DATA#XX" is a packet, in whose data any byte may be; outside of
// one, the byte 3 is Ctrl-C (gdb's manual, "Remote Protocol", Overview and Interrupts).
enum place { OUTSIDE, DATA, SUM_1, SUM_2 };

static enum place next_place(enum place at, char byte)
{
    switch (at) {
    case OUTSIDE:
        return byte == '$' ? DATA : OUTSIDE;
    case DATA:
        return byte == '#' ? SUM_1 : DATA;
    case SUM_1:
        return SUM_2;
    default:
        return OUTSIDE;
    }
}

// Takes Ctrl-C out of what the debugger said. Returns what is left of it.
static size_t take_interrupts(const struct relay *r, enum place *at, char *data, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (*at == OUTSIDE && data[i] == INTERRUPT) {
            r->interrupt(r->user);
            continue;
        }
        *at = next_place(*at, data[i]);
        data[kept++] = data[i];
    }
    return kept;
}

// One piece from here to there; false: the end.
static bool pass_on(const struct relay *r, int from, int to, enum place *at)
{
    char data[CHUNK];
    ssize_t n = read(from, data, sizeof(data));
    if (n <= 0) {
        return n < 0 && errno == EINTR;
    }
    size_t left = at ? take_interrupts(r, at, data, (size_t)n) : (size_t)n;
    struct err ignored = ERR_INIT;
    return fs_write_all(to, data, left, &ignored) == 0;
}

bool relay_run(const struct relay *r)
{
    struct pollfd ends[] = {{.fd = r->in, .events = POLLIN}, {.fd = r->stub, .events = POLLIN}};
    enum place at = OUTSIDE;

    while (!r->stopped(r->user)) {
        if (poll(ends, ARRAY_SIZE(ends), POLL_MS) < 0 && errno != EINTR) {
            return false;
        }
        // The stub first: what it said last is passed on, too.
        if (ends[1].revents && !pass_on(r, r->stub, r->out, NULL)) {
            return true;
        }
        if (ends[0].revents && !pass_on(r, r->in, r->stub, &at)) {
            return false;
        }
    }
    return false;
}

int relay_listen(long port, struct err *err)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    }
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 1) != 0) {
        err_sys(err, "cannot listen on port %ld of 127.0.0.1", port);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

int relay_accept(int listening, bool (*stopped)(void *user), void *user)
{
    struct pollfd waiting = {.fd = listening, .events = POLLIN};
    while (!stopped(user)) {
        if (poll(&waiting, 1, POLL_MS) > 0) {
            int yes = 1;
            int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
            if (fd >= 0) { // or each short answer waits for the debugger's next word
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
            }
            return fd;
        }
    }
    errno = 0;
    return -1;
}

int relay_connect(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && strlen(path) < sizeof(address.sun_path)) {
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
            return fd;
        }
    }
    err_sys(err, "cannot connect to %s", path);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}
