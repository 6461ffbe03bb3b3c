// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fs.h"
#include "sandbox/board_files.h"
#include "sandbox/internal.h"
#include "sandbox/native.h"
#include "target/elf.h"

// Paths below are relative to the sysroot's folder (SYSROOT_DIR), so that no path needs escaping in
// mount options, and the layers stay reachable whatever is mounted over.
#define UPPER    "mnt/upper"
#define NEW_ROOT "mnt/root"

int namespace_flags(void)
{
    return CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
}

static int write_text(const char *path, const char *text, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(err, "cannot open %s", path);
    }
    return fs_write_all(fd, text, strlen(text), err) == 0 ? 0 : err_wrap(err, "%s", path);
}

int namespace_map_user(uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid, struct err *err)
{
    char uids[64];
    char gids[64];

    snprintf(uids, sizeof(uids), "%u %u 1", (unsigned)uid, (unsigned)outer_uid);
    snprintf(gids, sizeof(gids), "%u %u 1", (unsigned)gid, (unsigned)outer_gid);
    if (write_text("/proc/self/setgroups", "deny", err) != 0 ||
        write_text("/proc/self/uid_map", uids, err) != 0 ||
        write_text("/proc/self/gid_map", gids, err) != 0) {
        err->code = ERR_UNSUPPORTED;
        return -1;
    }
    return 0;
}

int namespace_become_pi(struct err *err)
{
    if (unshare(CLONE_NEWUSER) != 0) {
        return namespace_unsupported(err, "cannot make a user namespace in a user namespace");
    }
    return namespace_map_user(NAMESPACE_PI, 0, NAMESPACE_PI, 0, err);
}

int namespace_check_qemu(const char *qemu, struct err *err)
{
    struct elf_info info;
    if (elf_read(qemu, &info, err) != 0) {
        return -1;
    }
    bool is_static = !info.interpreter;
    elf_info_release(&info);
    if (is_static) {
        return 0;
    }
    err_set(err, ERR_UNSUPPORTED, "%s is not statically linked", qemu);
    return err_hint(err, "sudo apt install qemu-user-static");
}

int namespace_enter_root(const char *root, struct err *err)
{
    // pivot_root, since a process in a chroot may not make user namespaces of its own.
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return namespace_unsupported(err, "cannot enter a root file system of its own");
    }
    return 0;
}

static struct board_files board_files_of(const struct sandbox *s)
{
    return (struct board_files){
        .board = s->o->board, .hostname = s->o->board->hostname, .memory = s->o->memory};
}

static int write_accounts(const struct sandbox *s, struct err *err)
{
    _cleanup_free_ char *hosts = xasprintf("127.0.0.1\tlocalhost %s\n", s->o->board->hostname);
    const struct {
        const char *path, *text;
    } files[] = {
        {UPPER "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n"
                              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
        {UPPER "/etc/group", "root:x:0:\npi:x:1000:\nnogroup:x:65534:\n"},
        {UPPER "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
        {UPPER "/etc/hosts", hosts},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (write_text(files[i].path, files[i].text, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// Folders that others are mounted upon are made before, since who may read a sysroot need not be
// able to write to it.
static int make_mount_points(const struct sandbox *s, struct err *err)
{
    const struct strv *mounts = s->o->mounts;
    for (size_t i = 0; mounts && i + 1 < mounts->n; i += 2) {
        _cleanup_free_ char *point = xasprintf(UPPER "%s", mounts->items[i + 1]);
        if (fs_mkdir_all(point, 0755, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int make_layers(const struct sandbox *s, struct err *err)
{
    static const char *const folders[] = {UPPER, "mnt/work", NEW_ROOT};
    const struct board_files files = board_files_of(s);

    if (mount("tmpfs", "mnt", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
        return namespace_unsupported(err, "cannot mount a tmpfs in a user namespace");
    }
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (mkdir(folders[i], 0755) != 0) {
            return err_sys(err, "cannot create folder %s", folders[i]);
        }
    }
    if (board_files_write(&files, UPPER, "mnt", err) != 0 || write_accounts(s, err) != 0 ||
        make_mount_points(s, err) != 0) {
        return -1;
    }
    // The second lower layer has every folder of the first, empty: the kernel numbers the entries
    // of a merged folder 1, 2, 3, and so 32-bit programs can list it (ext4's own numbers have 64
    // bits, at which readdir of a program without large-file support fails).
    _cleanup_free_ char *native = native_layers("", &s->native);
    _cleanup_free_ char *layers =
        xasprintf("lowerdir=%sroot:folders,upperdir=" UPPER ",workdir=mnt/work,userxattr", native);
    if (mount("overlay", NEW_ROOT, "overlay", MS_NOSUID | MS_NODEV, layers) != 0) {
        return namespace_unsupported(err, "cannot mount an overlay in a user namespace");
    }
    return 0;
}

static int mount_devices(struct err *err)
{
    if (board_files_mount_devices(NEW_ROOT, err) != 0) {
        return -1;
    }
    if (fs_is_dir("/dev/pts") && mount("/dev/pts", NEW_ROOT "/dev/pts", NULL, MS_BIND, NULL) != 0) {
        return namespace_unsupported(err, "cannot bind /dev/pts");
    }
    return 0;
}

int namespace_mount_proc(const char *place, const char *qemu, struct err *err)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    _cleanup_free_ char *binfmt = fs_join(place, "sys/fs/binfmt_misc");
    bool fixed = false;

    if (mount("proc", place, "proc", flags, NULL) != 0) {
        return namespace_unsupported(err, "cannot mount /proc in a user namespace");
    }
    if (mount("binfmt_misc", binfmt, "binfmt_misc", flags, NULL) == 0) {
        return binfmt_register(binfmt, qemu, err);
    }
    if (!binfmt_host_has_arm(&fixed) || !fixed) {
        return namespace_unsupported(err, "no private binfmt_misc (it needs Linux 6.7), and the "
                                          "host's QEMU is not registered with flag F");
    }
    return 0;
}

static int mount_system(const struct sandbox *s, struct err *err)
{
    const struct board_files files = board_files_of(s);

    if (board_files_mount_memory(&files, NEW_ROOT "/dev/shm", err) != 0 ||
        board_files_mount_memory(&files, NEW_ROOT "/tmp", err) != 0) {
        return -1;
    }
    return namespace_mount_proc(NEW_ROOT "/proc", s->qemu, err) == 0
               ? board_files_mount(&files, NEW_ROOT, "mnt", err)
               : -1;
}

// The host's folder at a path inside. Missing parents are made in the writable layer.
static int bind_folder(const char *path, const char *to, struct err *err)
{
    _cleanup_free_ char *inside = xasprintf(NEW_ROOT "%s", to);
    if (fs_mkdir_all(inside, 0755, err) != 0) {
        return err_set(err, ERR_FAILED, "cannot show %s to the program as %s: %s", path, to,
                       strerror(err->sys));
    }
    if (mount(path, inside, NULL, MS_BIND | MS_REC, NULL) != 0) {
        return err_sys(err, "cannot show %s to the program", path);
    }
    return 0;
}

static int bind_all(const struct sandbox *s, struct err *err)
{
    const struct strv *visible = s->o->visible;
    const struct strv *mounts = s->o->mounts;
    for (size_t i = 0; i < visible->n; i++) {
        if (bind_folder(visible->items[i], visible->items[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; mounts && i + 1 < mounts->n; i += 2) {
        if (bind_folder(mounts->items[i], mounts->items[i + 1], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int enter_root(const struct sandbox *s, struct err *err)
{
    const char *name = s->o->board->hostname;
    if (sethostname(name, strlen(name)) != 0) {
        return namespace_unsupported(err, "cannot set the board's host name");
    }
    return namespace_enter_root(NEW_ROOT, err);
}

int namespace_enter(struct sandbox *s, struct err *err)
{
    mode_t mask = umask(022);

    // Root at first: only root may register a program in binfmt_misc.
    if (namespace_map_user(0, s->uid, 0, s->gid, err) != 0) {
        return -1;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return namespace_unsupported(err, "cannot make the mounts private");
    }
    if (chdir(s->o->sysroot_dir) != 0) {
        return err_sys(err, "cannot enter %s", s->o->sysroot_dir);
    }
    if (make_layers(s, err) != 0 || mount_devices(err) != 0 || mount_system(s, err) != 0) {
        return -1;
    }
    if (bind_all(s, err) != 0) {
        return -1;
    }
    umask(mask);
    int upper = open(UPPER, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (enter_root(s, err) != 0) {
        return -1;
    }
    bool tmp = true;
    for (size_t i = 0; i < s->o->visible->n; i++) {
        tmp = tmp && !fs_is_below("/tmp", s->o->visible->items[i]);
    }
    lost_begin(&s->lost, upper, tmp);
    return 0;
}
