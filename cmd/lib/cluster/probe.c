// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cluster/cluster.h"
#include "cluster/link.h"
#include "sandbox/namespace.h"

// A bridge, a pair of devices and a limited rate, in namespaces that end with this process.
static int try_network(uid_t uid, gid_t gid, struct err *err)
{
    struct link_batch batch;

    if (namespace_map_user(0, uid, 0, gid, err) != 0) {
        return -1;
    }
    _cleanup_close_ int link = link_open(err);
    if (link < 0) {
        return -1;
    }
    link_begin(&batch, link, err);
    link_add_bridge(&batch, 0);
    if (link_end(&batch) != 0) {
        return -1;
    }
    link_begin(&batch, link, err);
    link_add_pair(&batch, "pi1", if_nametoindex(LINK_BRIDGE), getpid(), 1);
    if (link_end(&batch) != 0) {
        return -1;
    }
    link_begin(&batch, link, err);
    link_set_rate(&batch, if_nametoindex("pi1"), 1000);
    return link_end(&batch);
}

int cluster_probe(struct err *err)
{
    int report[2];
    struct err failure;
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (pipe2(report, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    long flags = CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD;
    pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
    if (pid == 0) {
        struct err own = ERR_INIT;
        if (try_network(uid, gid, &own) != 0) {
            (void)!write(report[1], &own, sizeof(own));
        }
        _exit(0);
    }
    if (pid < 0) {
        namespace_unsupported(err, "cannot make the namespaces of a cluster");
    }
    close(report[1]);
    bool failed = read(report[0], &failure, sizeof(failure)) == (ssize_t)sizeof(failure);
    close(report[0]);
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    if (failed) {
        *err = failure;
    }
    return failed || pid < 0 ? -1 : 0;
}
