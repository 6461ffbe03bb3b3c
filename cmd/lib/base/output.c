// SPDX-License-Identifier: MIT
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

enum {
    LOOK_MS = 100,
    CHUNK = 4096, // when a pipe can be written to, so much of it does not wait (PIPE_BUF)
};

static const double hurry_seconds = 1;

struct output {
    int fd;
    bool given_up;
};

static struct output out = {.fd = STDOUT_FILENO};
static struct output errors = {.fd = STDERR_FILENO};
static atomic_bool hurried;

static bool wait_for_room(const struct output *o)
{
    double begun = clock_seconds();
    for (;;) {
        struct pollfd polled = {.fd = o->fd, .events = POLLOUT};
        if (poll(&polled, 1, LOOK_MS) > 0) {
            return true;
        }
        if (proc_stop_requested() || (hurried && clock_seconds() - begun > hurry_seconds)) {
            return false;
        }
    }
}

// As fopencookie(3) wants it: how much was written, 0 for an error.
static ssize_t write_output(void *user, const char *data, size_t n)
{
    struct output *o = user;
    size_t done = 0;
    while (done < n) {
        if (o->given_up || !wait_for_room(o)) {
            o->given_up = true;
            errno = EINTR;
            return 0;
        }
        size_t chunk = n - done < CHUNK ? n - done : CHUNK;
        ssize_t written = write(o->fd, data + done, chunk);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return 0;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return (ssize_t)done;
}

// A terminal that has any room says so, and a longer write waits for the rest. Opened again, it has
// flags of its own: those of the descriptor are our parent's as well.
static void open_terminal(struct output *o)
{
    char path[32];
    if (isatty(o->fd)) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
        int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        o->fd = fd >= 0 ? fd : o->fd;
    }
}

bool output_is_given_up(void)
{
    return out.given_up || errors.given_up;
}

void output_begin(void)
{
    open_terminal(&out);
    open_terminal(&errors);
    const cookie_io_functions_t functions = {.write = write_output};
    FILE *new_out = fopencookie(&out, "w", functions);
    FILE *new_errors = fopencookie(&errors, "w", functions);
    if (!new_out || !new_errors) {
        return; // no memory: the usual ones do as well
    }
    setvbuf(new_out, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    setvbuf(new_errors, NULL, _IONBF, 0);
    stdout = new_out;
    stderr = new_errors;
}

void output_hurry(void)
{
    hurried = true;
}
