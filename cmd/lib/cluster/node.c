// SPDX-License-Identifier: MIT
#include "cluster/node.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "cluster/link.h"
#include "cluster/node_make.h"
#include "cluster/wire.h"

enum { NODE_FAILED = 125, NETWORK_SECONDS = 20, BOOT_SECONDS = 30 };

static _Noreturn void boot_main(struct supervisor *s, const struct node *node, int socket)
{
    struct err err = ERR_INIT;
    struct node_world world = {
        .env = &s->env, .hostname = node->name, .control = socket, .log = s->log};
    // The lock, so that it is free when the last of us is gone.
    const int keep[] = {socket, s->log, s->place.lock, node->mounts};

    fs_close_all_but(keep, ARRAY_SIZE(keep));
    if (node_make(s, node, &world, &err) != 0) {
        wire_send_error(socket, &err);
        _exit(NODE_FAILED);
    }
    node_serve(&world);
}

static int clone_board(struct supervisor *s, struct node *node, struct err *err)
{
    const struct timeval patience = {.tv_sec = BOOT_SECONDS};
    int sockets[2];
    long flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        return err_sys(err, "cannot make a socket");
    }
    flags |= node->mounts < 0 ? CLONE_NEWNS : 0;
    pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
    if (pid == 0) {
        boot_main(s, node, sockets[1]);
    }
    close(sockets[1]);
    // A board that hangs must not stop the supervisor.
    setsockopt(sockets[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    node->control = sockets[0];
    if (pid < 0) {
        return namespace_unsupported(err, "cannot make the namespaces of a board");
    }
    node->pid = pid;
    return 0;
}

ino_t node_namespace(pid_t pid)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

// A namespace of the board's process 1, as setns(2) takes it; -1 with errno.
static int open_namespace(const struct node *node, const char *kind)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)node->pid, kind);
    return open(path, O_RDONLY | O_CLOEXEC);
}

// A board that was on keeps its mounts and files by these.
static int keep_mounts(struct node *node, struct err *err)
{
    struct wire w;

    if (wire_expect(node->control, "storage", &w, err) != 0) {
        return -1;
    }
    if (node->mounts < 0) {
        node->storage = TAKE_FD(w.fds[0]);
        node->mounts = open_namespace(node, "mnt");
    }
    wire_release(&w);
    return node->mounts >= 0 ? 0 : err_sys(err, "cannot keep a board's mounts");
}

static int add_links(struct supervisor *s, struct node *const *nodes, size_t n, struct err *err)
{
    struct link_batch batch;

    link_begin(&batch, s->link, err);
    for (size_t i = 0; i < n; i++) {
        link_add_pair(&batch, nodes[i]->name, s->bridge, nodes[i]->pid,
                      CLUSTER_ADDRESS(nodes[i]->number));
    }
    if (link_end(&batch) != 0) {
        return -1;
    }
    link_begin(&batch, s->link, err);
    for (size_t i = 0; i < n; i++) {
        nodes[i]->port = if_nametoindex(nodes[i]->name);
        if (nodes[i]->rate_kbit) {
            link_set_rate(&batch, nodes[i]->port, nodes[i]->rate_kbit);
        }
        if (nodes[i]->cut) {
            link_set_up(&batch, nodes[i]->port, false);
        }
    }
    return link_end(&batch);
}

static int finish_boot(struct node *node, struct err *err)
{
    struct wire w;
    if (keep_mounts(node, err) != 0 || wire_expect(node->control, "ready", &w, err) != 0) {
        return err_wrap(err, "%s", node->name);
    }
    node->namespace = node_namespace(node->pid);
    node->device = w.words.n > 1 ? (unsigned)strtoul(w.words.items[1], NULL, 10) : 0;
    wire_release(&w);
    return 0;
}

// Boards that are on, and whose cable is in.
static size_t count_plugged(const struct supervisor *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->o->boards; i++) {
        n += s->nodes[i].pid && !s->nodes[i].cut ? 1 : 0;
    }
    return n;
}

int node_start(struct supervisor *s, struct node *const *nodes, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (clone_board(s, nodes[i], err) != 0) {
            return -1;
        }
    }
    // Meanwhile they make their file systems.
    if (add_links(s, nodes, n, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (wire_send_word(nodes[i]->control, "go", err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (finish_boot(nodes[i], err) != 0) {
            return -1;
        }
    }
    return link_wait_ports(s->link, count_plugged(s), NETWORK_SECONDS, err);
}

void node_ended(struct supervisor *s, struct node *node)
{
    struct link_batch batch;
    struct err ignored = ERR_INIT;

    node->pid = 0;
    close(node->control);
    node->control = -1;
    node->speed = 100;
    // Its end of the pair goes with its network namespace, some time; ours must be gone before a
    // new one gets the name.
    link_begin(&batch, s->link, &ignored);
    link_delete(&batch, node->name);
    (void)!link_end(&batch);
}

int node_stop(struct supervisor *s, struct node *node, struct err *err)
{
    if (node->pid == 0) {
        return 0;
    }
    if (kill(node->pid, SIGKILL) != 0) {
        return err_sys(err, "cannot end %s", node->name);
    }
    while (waitpid(node->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    node_ended(s, node);
    return 0;
}

// A netlink socket in the board's network.
static int open_board_link(const struct node *node, struct err *err)
{
    _cleanup_close_ int there = open_namespace(node, "net");
    _cleanup_close_ int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (there < 0 || here < 0 || setns(there, CLONE_NEWNET) != 0) {
        return err_sys(err, "cannot enter the network of %s", node->name);
    }
    int fd = link_open(err);
    if (setns(here, CLONE_NEWNET) != 0) { // all that follows would go wrong
        abort();
    }
    return fd;
}

int node_set_rate(struct supervisor *s, struct node *node, uint64_t kbit, struct err *err)
{
    struct link_batch batch;

    if (node->pid && node->rate_kbit != kbit) {
        _cleanup_close_ int board = open_board_link(node, err);
        if (board < 0) {
            return -1;
        }
        link_begin(&batch, board, err);
        link_set_rate(&batch, node->device, kbit);
        if (link_end(&batch) != 0) {
            return -1;
        }
        link_begin(&batch, s->link, err);
        link_set_rate(&batch, node->port, kbit);
        if (link_end(&batch) != 0) {
            return -1;
        }
    }
    node->rate_kbit = kbit;
    return 0;
}

int node_set_cable(struct supervisor *s, struct node *node, bool plugged, struct err *err)
{
    struct link_batch batch;

    node->cut = !plugged;
    if (!node->pid) {
        return 0;
    }
    link_begin(&batch, s->link, err);
    link_set_up(&batch, node->port, plugged);
    if (link_end(&batch) != 0) {
        return -1;
    }
    return link_wait_ports(s->link, count_plugged(s), NETWORK_SECONDS, err);
}

// Changes a mounted file system by its descriptor: fspick(2) and fsconfig(2), Linux 5.2. Not every
// C library has them.
static int set_option(int directory, const char *key, const char *value)
{
    enum { EMPTY_PATH = 8, SET_STRING = 1, RECONFIGURE = 7 }; // linux/mount.h
    _cleanup_close_ int fs = (int)syscall(SYS_fspick, directory, "", EMPTY_PATH);
    if (fs < 0 || syscall(SYS_fsconfig, fs, SET_STRING, key, value, 0) != 0) {
        return -1;
    }
    return (int)syscall(SYS_fsconfig, fs, RECONFIGURE, NULL, NULL, 0);
}

uint64_t node_storage_used(const struct node *node)
{
    struct statfs st;
    return fstatfs(node->storage, &st) == 0
               ? (uint64_t)(st.f_blocks - st.f_bfree) * (uint64_t)st.f_bsize
               : 0;
}

int node_set_storage(const struct node *node, uint64_t bytes, struct err *err)
{
    uint64_t used = node_storage_used(node);
    char size[32];

    snprintf(size, sizeof(size), "%llu", (unsigned long long)(bytes > used ? bytes : used));
    if (set_option(node->storage, "size", size) != 0) {
        return err_sys(err, "cannot change the storage of %s", node->name);
    }
    return 0;
}
