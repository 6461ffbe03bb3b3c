// SPDX-License-Identifier: MIT
// Building blocks for whoever makes namespaces: `pisdk run` and the emulated cluster.
#ifndef PISDK_SANDBOX_NAMESPACE_H
#define PISDK_SANDBOX_NAMESPACE_H

#include <sys/types.h>

#include "base/err.h"

enum { NAMESPACE_PI = 1000 }; // uid and gid of user `pi` inside

// The kernel or its settings refuse it: ERR_UNSUPPORTED with `what` and errno, and, where it is
// known, how to allow it. Returns -1.
int namespace_unsupported(struct err *err, const char *what);

// What an administrator does to allow namespaces here, as far as the system's settings say; or
// NULL.
const char *namespace_mend(void);

// In a new user namespace: the only user there is `uid`, whom its parent knows as `outer_uid`.
int namespace_map_user(uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid,
                       struct err *err) ERR_MUST_CHECK;

// From root of the namespace to user `pi`, in a namespace below it.
int namespace_become_pi(struct err *err) ERR_MUST_CHECK;

// In a mount namespace of our own: `root`, a mount, becomes the root file system, and the old one
// is gone.
int namespace_enter_root(const char *root, struct err *err) ERR_MUST_CHECK;

// In a new PID namespace: mounts its /proc at `place`, and sees to it that programs for ARM run by
// `qemu` (absolute), through a binfmt_misc of our own or the host's.
int namespace_mount_proc(const char *place, const char *qemu, struct err *err) ERR_MUST_CHECK;

// Where the interpreter is opened in advance for any root, it must need no other file.
// ERR_UNSUPPORTED when it does.
int namespace_check_qemu(const char *qemu, struct err *err) ERR_MUST_CHECK;

#endif
