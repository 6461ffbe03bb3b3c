// SPDX-License-Identifier: MIT
// `pisdk cluster connect`: a TCP connection to a board on our standard streams. What ssh, and all
// that goes through ssh, reaches the boards by (ProxyCommand in ssh_config(5)).

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "cluster/cluster.h"
#include "pisdk/app.h"
#include "workspace/cluster_choice.h"

enum { CHUNK = 1 << 16, PORT_MAX = 65535, SSH_PORT = 22, CONNECT_MS = 60000 };

// Until the end of `from`, or until `to` is closed.
static void copy(int from, int to)
{
    _cleanup_free_ char *chunk = xmalloc(CHUNK);
    struct err ignored = ERR_INIT;
    for (;;) {
        ssize_t n = read(from, chunk, CHUNK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || fs_write_all(to, chunk, (size_t)n, &ignored) != 0) {
            return;
        }
    }
}

static void *send_input(void *user)
{
    const int *connection = user;
    copy(STDIN_FILENO, *connection);
    shutdown(*connection, SHUT_WR);
    return NULL;
}

// The supervisor hands it over as soon as it is being made.
static int wait_connected(int connection, const char *board, struct err *err)
{
    struct pollfd p = {.fd = connection, .events = POLLOUT};
    int error = 0;
    socklen_t n = sizeof(error);

    if (poll(&p, 1, CONNECT_MS) <= 0) {
        return err_set(err, ERR_NETWORK, "%s does not answer", board);
    }
    if (getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error) {
        errno = error ? error : errno;
        err_sys(err, "cannot connect to %s", board);
        err->code = ERR_NETWORK;
        return -1;
    }
    return fcntl(connection, F_SETFL, 0) == 0 ? 0 : err_sys(err, "cannot use the connection");
}

int cmd_cluster_connect(struct app *app, struct err *err)
{
    const struct strv *args = &app->input.args;
    const char *board = args->items[0];
    char *end = NULL;
    unsigned long port = args->n > 1 ? strtoul(args->items[1], &end, 10) : SSH_PORT;
    struct cluster c;
    pthread_t sender;

    if (port < 1 || port > PORT_MAX || (end && *end)) {
        return err_set(err, ERR_USAGE, "`%s` is not a port", args->items[1]);
    }
    if (cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) != 0) {
        return -1;
    }
    _cleanup_close_ int connection = cluster_connect(&c, board, (unsigned)port, err);
    cluster_release(&c);
    if (connection < 0 || wait_connected(connection, board, err) != 0) {
        return -1;
    }
    errno = pthread_create(&sender, NULL, send_input, &connection);
    if (errno) {
        return err_sys(err, "cannot start a thread");
    }
    copy(connection, STDOUT_FILENO);
    fflush(NULL);
    _exit(EXIT_OK); // the other thread may still wait for input
}
