// SPDX-License-Identifier: MIT
// What all boards of a cluster share: the user namespace, a small root file system of the
// supervisor's own, QEMU registered in a private binfmt_misc, and the bridge.

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "cluster/identity.h"
#include "cluster/link.h"
#include "cluster/supervisor.h"
#include "sandbox/board_files.h"
#include "sandbox/namespace.h"
#include "sandbox/native.h"
#include "sandbox/timeouts.h"

// The supervisor's root is made here, in the first image's empty folder for mounts.
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
    static const char *const folders[] = {"images", "common", "board", "dev", "proc", "shown"};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_free_ char *path = fs_join(WORLD, folders[i]);
        if (mkdir(path, 0755) != 0) {
            return err_sys(err, "cannot create folder %s", path);
        }
    }
    return 0;
}

// At /images/0, /images/1 and so on.
static int bind_images(const struct strv *images, struct err *err)
{
    for (size_t i = 0; i < images->n; i++) {
        _cleanup_free_ char *to = xasprintf(WORLD "/images/%zu", i);
        if (mkdir(to, 0755) != 0) {
            return err_sys(err, "cannot create folder %s", to);
        }
        if (bind_mount(images->items[i], to, 0, err) != 0) {
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

static int make_root(struct supervisor *s, struct err *err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return namespace_unsupported(err, "cannot make the mounts private");
    }
    if (chdir(s->o->images->items[0]) != 0) {
        return err_sys(err, "cannot enter %s", s->o->images->items[0]);
    }
    if (mount("tmpfs", WORLD, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
        return namespace_unsupported(err, "cannot mount a tmpfs in a user namespace");
    }
    if (make_folders(err) != 0 || bind_images(s->o->images, err) != 0 ||
        board_files_bind_devices(WORLD "/dev", err) != 0 || bind_shown(s->o->visible, err) != 0 ||
        namespace_mount_proc(WORLD "/proc", s->qemu, err) != 0 ||
        identity_write_boards(s->o, s->place.fd, &s->env, WORLD "/common", err) != 0) {
        return -1;
    }
    return namespace_enter_root(WORLD, err);
}

static int make_bridge(struct supervisor *s, struct err *err)
{
    enum { LOOPBACK = 1 };
    struct link_batch batch;

    // The kernel would send packets of its own on each new link, and wait for answers.
    fs_write_setting("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    fs_write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
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
    if (make_root(s, err) != 0 || (s->loses_timeouts && timeouts_refuse(err) != 0) ||
        (s->is_native && native_ignore_limits(err) != 0)) {
        return -1;
    }
    if (sethostname(name, strlen(name)) != 0) {
        return namespace_unsupported(err, "cannot set a host name");
    }
    return make_bridge(s, err);
}
