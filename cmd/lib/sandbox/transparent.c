#include <sched.h>
#include <sys/mount.h>

#include "sandbox/internal.h"

#define BINFMT_MISC "/proc/sys/fs/binfmt_misc"

// The host's registration would run a program without its sysroot, so it does not do.
static int mount_binfmt(struct err *err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return namespace_unsupported(err, "cannot make the mounts private");
    }
    if (mount("binfmt_misc", BINFMT_MISC, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) !=
        0) {
        return namespace_unsupported(err, "no private binfmt_misc (it needs Linux 6.7)");
    }
    return 0;
}

int sandbox_make_transparent(const char *interpreter, struct err *err)
{
    uid_t uid = getuid();
    gid_t gid = getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return namespace_unsupported(err, "cannot make a user namespace");
    }
    // Root at first: only root may register a program in binfmt_misc.
    if (namespace_map_user(0, uid, 0, gid, err) != 0 || mount_binfmt(err) != 0 ||
        binfmt_register(BINFMT_MISC, interpreter, err) != 0) {
        return -1;
    }
    if (unshare(CLONE_NEWUSER) != 0) {
        return namespace_unsupported(err, "cannot make a user namespace in a user namespace");
    }
    return namespace_map_user(uid, 0, gid, 0, err);
}
