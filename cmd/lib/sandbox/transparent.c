// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

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

int sandbox_try_transparent(const char *interpreter, struct err *err)
{
    int ends[2];
    int status = 1;
    struct err why = ERR_INIT;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot create a pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        status = sandbox_make_transparent(interpreter, &why) == 0 ? 0 : 1;
        (void)!write(ends[1], &why, sizeof(why)); // the parent has a reason of its own
        _exit(status);
    }
    close(ends[1]);
    bool told = pid > 0 && read(ends[0], &why, sizeof(why)) == (ssize_t)sizeof(why);
    close(ends[0]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) {
        return 0;
    }
    if (told) {
        *err = why;
        return -1;
    }
    return err_set(err, ERR_UNSUPPORTED, "cannot start a process to try it");
}
