// SPDX-License-Identifier: MIT
#include "cluster/node_make.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "cluster/link.h"
#include "cluster/wire.h"
#include "sandbox/board_files.h"

// Paths in the supervisor's root; see world.c.
#define BOARD    "/board"
#define UPPER    BOARD "/upper"
#define NEW_ROOT BOARD "/root"
#define TEXTS    "/run/pisdk" // on the board: what is shown in its /proc
#define NEW_PROC TEXTS "/proc"

static struct board_files board_files_of(const struct supervisor *s, const char *hostname)
{
    return (struct board_files){.board = s->o->board,
                                .hostname = hostname,
                                .memory = (uint64_t)s->o->board->memory_mb << 20};
}

// The board's own layer: what is different on each one.
static int write_own(const struct supervisor *s, const char *hostname, struct err *err)
{
    static const char *const folders[] = {
        UPPER,       BOARD "/work",  NEW_ROOT,     UPPER "/root", UPPER "/run", UPPER "/run/sshd",
        UPPER TEXTS, UPPER NEW_PROC, UPPER "/tmp",
    };
    const struct board_files files = board_files_of(s, hostname);

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (mkdir(folders[i], 0755) != 0) {
            return err_sys(err, "cannot create folder %s", folders[i]);
        }
    }
    if (board_files_write(&files, UPPER, UPPER TEXTS, err) != 0) {
        return -1;
    }
    return chmod(UPPER "/tmp", S_ISVTX | 0777) == 0 ? 0 : err_sys(err, "cannot change /tmp");
}

static int mount_proc(const char *place, struct err *err)
{
    return mount("proc", place, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0
               ? 0
               : namespace_unsupported(err, "cannot mount /proc on a board");
}

// The /proc of a new PID namespace in the place of an old one, which must be there until then: the
// kernel gives no new one to whoever cannot see one.
static int replace_proc(struct err *err)
{
    if (mount_proc(NEW_PROC, err) != 0) {
        return -1;
    }
    if (umount2("/proc", MNT_DETACH) != 0 || mount(NEW_PROC, "/proc", NULL, MS_MOVE, NULL) != 0) {
        return namespace_unsupported(err, "cannot replace /proc on a board");
    }
    return 0;
}

// What a board gets each time it is switched on.
static int mount_volatile(const struct supervisor *s, const char *root, struct err *err)
{
    const struct board_files files = board_files_of(s, NULL);
    _cleanup_free_ char *texts = xasprintf("%s" TEXTS, root);
    _cleanup_free_ char *pts = xasprintf("%s/dev/pts", root);
    _cleanup_free_ char *shm = xasprintf("%s/dev/shm", root);
    if (mount("devpts", pts, "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620") != 0) {
        return namespace_unsupported(err, "cannot mount devpts on a board");
    }
    if (board_files_mount_memory(&files, shm, err) != 0) {
        return -1;
    }
    return board_files_mount(&files, root, texts, err);
}

static int show_folders(const struct strv *visible, struct err *err)
{
    for (size_t i = 0; i < visible->n; i++) {
        _cleanup_free_ char *from = xasprintf("/shown%s", visible->items[i]);
        _cleanup_free_ char *to = xasprintf(NEW_ROOT "%s", visible->items[i]);
        if (fs_mkdir_all(to, 0755, err) != 0) {
            return -1;
        }
        if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0) {
            return err_sys(err, "cannot show %s to the board", visible->items[i]);
        }
    }
    return 0;
}

static int make_files(const struct supervisor *s, unsigned number, const char *hostname,
                      struct err *err)
{
    char size[64];
    size_t image = (number - 1) % s->o->images->n;
    // `folders`: see sandbox/namespace.c.
    _cleanup_free_ char *layers =
        xasprintf("lowerdir=/common:%s/images/%zu/root:/images/%zu/folders,upperdir=" UPPER
                  ",workdir=" BOARD "/work,userxattr",
                  s->native.items[image], image, image);
    snprintf(size, sizeof(size), "mode=0755,size=%llum", (unsigned long long)s->o->storage_mb);
    if (mount("tmpfs", BOARD, "tmpfs", MS_NOSUID | MS_NODEV, size) != 0) {
        return namespace_unsupported(err, "cannot mount a tmpfs in a user namespace");
    }
    if (write_own(s, hostname, err) != 0) {
        return -1;
    }
    if (mount("overlay", NEW_ROOT, "overlay", MS_NOSUID | MS_NODEV, layers) != 0) {
        return namespace_unsupported(err, "cannot mount an overlay in a user namespace");
    }
    if (board_files_mount_devices(NEW_ROOT, err) != 0 || mount_proc(NEW_ROOT "/proc", err) != 0 ||
        mount_volatile(s, NEW_ROOT, err) != 0) {
        return -1;
    }
    return show_folders(s->o->visible, err);
}

// Tells the supervisor what the board writes to; it opens our mount namespace as well.
static int send_storage(int control, int storage, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    strv_add(&words, "storage");
    return wire_send(control, &words, &storage, storage >= 0 ? 1 : 0, err);
}

static int make_new(const struct supervisor *s, const struct node *node, const struct node_world *w,
                    struct err *err)
{
    if (make_files(s, node->number, w->hostname, err) != 0) {
        return -1;
    }
    _cleanup_close_ int storage = open(BOARD, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (storage < 0) {
        return err_sys(err, "cannot open the board's storage");
    }
    return namespace_enter_root(NEW_ROOT, err) == 0 ? send_storage(w->control, storage, err) : -1;
}

static int enter_old(const struct supervisor *s, const struct node *node,
                     const struct node_world *w, struct err *err)
{
    if (setns(node->mounts, CLONE_NEWNS) != 0 || chdir("/") != 0) {
        return err_sys(err, "cannot enter the board's file system");
    }
    // Those of the time before it was off, and what was in them.
    if (umount2("/dev/shm", MNT_DETACH) != 0 || umount2("/dev/pts", MNT_DETACH) != 0) {
        return err_sys(err, "cannot take away the board's old memory");
    }
    if (replace_proc(err) != 0) {
        return -1;
    }
    return mount_volatile(s, "", err) == 0 ? send_storage(w->control, -1, err) : -1;
}

// Writes the index of the board's device.
static int make_network(const struct node *node, unsigned *device, struct err *err)
{
    enum { LOOPBACK = 1 };
    struct link_batch batch;
    _cleanup_close_ int link = link_open(err);

    if (link < 0) {
        return -1;
    }
    // So that `ping` works without privilege: our group is the only one there is.
    fs_write_setting("/proc/sys/net/ipv4/ping_group_range", "0 0");
    fs_write_setting("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    *device = if_nametoindex(LINK_BOARD);
    link_begin(&batch, link, err);
    link_set_up(&batch, LOOPBACK, true);
    link_add_address(&batch, *device, CLUSTER_ADDRESS(node->number));
    link_set_up(&batch, *device, true);
    if (node->rate_kbit) {
        link_set_rate(&batch, *device, node->rate_kbit);
    }
    return link_end(&batch);
}

static int listen_for_ssh(struct err *err)
{
    enum { BACKLOG = 64 };
    const int one = 1;
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(CLUSTER_SSH_PORT)};
    _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, BACKLOG) != 0) {
        return err_sys(err, "cannot listen for ssh");
    }
    return TAKE_FD(fd);
}

static int become_pi(const struct supervisor *s, struct err *err)
{
    // None, unless somebody raises it for a rank (sandbox/ranks.h); and nothing of QEMU's memory.
    const struct rlimit no_core = {0, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &no_core);
    fs_write_setting("/proc/self/coredump_filter", "0");
    setrlimit(RLIMIT_NOFILE, &s->files); // the supervisor's own is higher
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return namespace_become_pi(err);
}

int node_make(struct supervisor *s, const struct node *node, struct node_world *w, struct err *err)
{
    struct wire go;
    unsigned device;

    if (sethostname(w->hostname, strlen(w->hostname)) != 0) {
        return namespace_unsupported(err, "cannot set a board's host name");
    }
    int r = node->mounts < 0 ? make_new(s, node, w, err) : enter_old(s, node, w, err);
    if (r != 0 || wire_expect(w->control, "go", &go, err) != 0) {
        return -1;
    }
    wire_release(&go);
    if (make_network(node, &device, err) != 0) {
        return -1;
    }
    w->listening = listen_for_ssh(err);
    if (w->listening < 0 || become_pi(s, err) != 0) {
        return -1;
    }
    return wire_send_number(w->control, "ready", device, err);
}
