// What all boards of a cluster share: the user namespace, a small root file system of the
// supervisor's own, QEMU registered in a private binfmt_misc, and the bridge.

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fs.h"
#include "cluster/identity.h"
#include "cluster/link.h"
#include "cluster/supervisor.h"
#include "sandbox/namespace.h"

// The supervisor's root is made here, in the image's empty folder for mounts.
#define WORLD "mnt"

int supervisor_flags(void)
{
    return CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
}

static int bind_mount(const char *from, const char *to, unsigned long flags, struct err *err)
{
    return mount(from, to, NULL, MS_BIND | flags, NULL) == 0
               ? 0
               : namespace_unsupported(err, "cannot bind a folder in a user namespace");
}

static int make_folders(struct err *err)
{
    static const char *const folders[] = {"image", "common", "board", "dev", "proc", "shown"};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_free_ char *path = fs_join(WORLD, folders[i]);
        if (mkdir(path, 0755) != 0) {
            return err_sys(err, "cannot create folder %s", path);
        }
    }
    return 0;
}

static int bind_devices(struct err *err)
{
    static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        _cleanup_free_ char *from = fs_join("/dev", devices[i]);
        _cleanup_free_ char *to = fs_join(WORLD "/dev", devices[i]);
        _cleanup_close_ int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) {
            return err_sys(err, "cannot create %s", to);
        }
        if (bind_mount(from, to, 0, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// The desktop's folders, at /shown and their own paths.
static int bind_shown(const struct strv *visible, struct err *err)
{
    for (size_t i = 0; i < visible->n; i++) {
        _cleanup_free_ char *to = xasprintf(WORLD "/shown%s", visible->items[i]);
        if (fs_mkdir_all(to, 0755, err) != 0 ||
            bind_mount(visible->items[i], to, MS_REC, err) != 0) {
            return err_wrap(err, "cannot show %s to the boards", visible->items[i]);
        }
    }
    return 0;
}

static int enter_world(struct err *err)
{
    if (chdir(WORLD) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return namespace_unsupported(err, "cannot enter a root file system of the cluster's own");
    }
    return 0;
}

static int make_root(struct supervisor *s, struct err *err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return namespace_unsupported(err, "cannot make the mounts private");
    }
    if (chdir(s->o->image) != 0) {
        return err_sys(err, "cannot enter %s", s->o->image);
    }
    if (mount("tmpfs", WORLD, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
        return namespace_unsupported(err, "cannot mount a tmpfs in a user namespace");
    }
    if (make_folders(err) != 0 || bind_mount(".", WORLD "/image", 0, err) != 0 ||
        bind_devices(err) != 0 || bind_shown(s->o->visible, err) != 0 ||
        namespace_mount_proc(WORLD "/proc", s->qemu, err) != 0 ||
        identity_write_boards(s->o, s->place.fd, &s->env, WORLD "/common", err) != 0) {
        return -1;
    }
    return enter_world(err);
}

// The kernel would send packets of its own on each new link, and wait for answers.
static void switch_off_ipv6(void)
{
    static const char *const files[] = {"/proc/sys/net/ipv6/conf/all/disable_ipv6",
                                        "/proc/sys/net/ipv6/conf/default/disable_ipv6"};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        _cleanup_close_ int fd = open(files[i], O_WRONLY | O_CLOEXEC);
        (void)!write(fd, "1", 1); // not there in a kernel without it
    }
}

static int make_bridge(struct supervisor *s, struct err *err)
{
    enum { LOOPBACK = 1 };
    struct link_batch batch;

    switch_off_ipv6();
    s->link = link_open(err);
    if (s->link < 0) {
        return -1;
    }
    link_begin(&batch, s->link, err);
    link_set_up(&batch, LOOPBACK, true);
    link_add_bridge(&batch, CLUSTER_ADDRESS(CLUSTER_DESKTOP));
    if (link_end(&batch) != 0) {
        return -1;
    }
    s->bridge = if_nametoindex(LINK_BRIDGE);
    link_begin(&batch, s->link, err);
    link_add_address(&batch, s->bridge, CLUSTER_ADDRESS(CLUSTER_DESKTOP));
    return link_end(&batch);
}

int supervisor_make_world(struct supervisor *s, struct err *err)
{
    static const char name[] = "desktop";

    umask(022);
    if (make_root(s, err) != 0) {
        return -1;
    }
    if (sethostname(name, strlen(name)) != 0) {
        return namespace_unsupported(err, "cannot set a host name");
    }
    s->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->proc < 0) {
        return err_sys(err, "cannot open /proc");
    }
    return make_bridge(s, err);
}
