// SPDX-License-Identifier: MIT
#include "cluster/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cluster/wire.h"

#define LOCK       "lock"
#define CONTROL    "control"
#define SUPERVISOR "supervisor"

char *cluster_folder_path(const char *runtime, const char *name)
{
    return xasprintf("%s/cluster/%s", runtime, name);
}

int cluster_folder_check_runtime(const char *runtime, struct err *err)
{
    struct stat st;
    struct stat link;

    // Whoever made a link could make it lead elsewhere meanwhile.
    if (lstat(runtime, &link) != 0 || stat(runtime, &st) != 0) {
        if (errno == ENOENT && lstat(runtime, &link) != 0) {
            return 0;
        }
        return err_sys(err, "cannot look into the runtime folder %s", runtime);
    }
    // Whoever can write there could put a socket of his own in our place.
    if (link.st_uid != geteuid() && link.st_uid != 0 && S_ISLNK(link.st_mode)) {
        err_set(err, ERR_FAILED, "the runtime folder %s is another user's link", runtime);
    } else if (st.st_uid != geteuid()) {
        err_set(err, ERR_FAILED, "the runtime folder %s belongs to another user", runtime);
    } else if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        err_set(err, ERR_FAILED, "other users may write to the runtime folder %s", runtime);
    } else {
        return 0;
    }
    return err_hint(err, "set PISDK_RUNTIME_DIR to a folder of your own, with mode 700");
}

// The lock's descriptor; -1 with errno. EWOULDBLOCK: somebody has it.
static int try_lock(const char *dir, int flags)
{
    _cleanup_free_ char *path = fs_join(dir, LOCK);
    _cleanup_close_ int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
    struct stat st;

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0) {
        return -1;
    }
    if (st.st_nlink == 0) { // removed while we took it, together with the cluster
        errno = ENOENT;
        return -1;
    }
    return TAKE_FD(fd);
}

void cluster_folder_remove(const char *dir)
{
    _cleanup_free_ char *clusters = fs_parent(dir);
    _cleanup_free_ char *runtime = fs_parent(clusters);
    _cleanup_free_ char *lock = fs_join(dir, LOCK);
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    // The lock goes last: whoever finds a lock that nobody holds goes on where we were killed.
    bool removed = fs_list_dir(dir, &names, &ignored) == 0;
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(dir, names.items[i]);
        bool is_lock = strcmp(names.items[i], LOCK) == 0;
        removed = (is_lock || fs_remove_tree(path, &ignored) == 0) && removed;
    }
    if (removed) {
        unlink(lock);
        rmdir(dir);
    }
    (void)!(rmdir(clusters) == 0 && rmdir(runtime) == 0); // when nothing else is there
}

bool cluster_folder_is_alive(const char *dir)
{
    _cleanup_close_ int lock = try_lock(dir, 0);
    if (lock < 0) {
        return errno == EWOULDBLOCK;
    }
    cluster_folder_remove(dir);
    return false;
}

int cluster_folder_note_supervisor(const struct cluster_folder *p, pid_t pid, struct err *err)
{
    _cleanup_free_ char *path = fs_join(p->dir, SUPERVISOR);
    _cleanup_free_ char *text = xasprintf("%d %llu\n", (int)pid, proc_started(pid));
    return fs_write_file(path, text, strlen(text), 0600, err);
}

void cluster_folder_kill_supervisor(const char *dir)
{
    enum { TEXT_MAX = 64 };
    _cleanup_free_ char *path = fs_join(dir, SUPERVISOR);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(path, TEXT_MAX, &text, &ignored) == 0) {
        char *end = text.data;
        long pid = strtol(text.data, &end, 10);
        proc_kill_exactly((pid_t)pid, strtoull(end, NULL, 10));
    }
}

bool cluster_folder_wait_gone(const char *dir, double seconds)
{
    const struct timespec tick = {.tv_nsec = 1000000}; // 1 ms
    for (double end = clock_seconds() + seconds; clock_seconds() < end;) {
        if (!cluster_folder_is_alive(dir)) {
            return true;
        }
        nanosleep(&tick, NULL);
    }
    return false;
}

int cluster_folder_claim(const char *runtime, const char *name, struct cluster_folder *out,
                         struct err *err)
{
    enum { ATTEMPTS = 10 };
    *out = (struct cluster_folder){.dir = cluster_folder_path(runtime, name), .fd = -1, .lock = -1};

    if (cluster_folder_check_runtime(runtime, err) != 0) {
        cluster_folder_release(out);
        return -1;
    }
    for (int i = 0; i < ATTEMPTS && out->lock < 0; i++) {
        if (cluster_folder_is_alive(out->dir)) {
            err_set(err, ERR_USAGE, "cluster `%s` already exists", name);
            err_hint(err, "`pisdk cluster status` shows it; use --name for another one");
            break;
        }
        if (fs_mkdir_all(out->dir, 0700, err) != 0) {
            err_hint(err, "set PISDK_RUNTIME_DIR to another folder");
            break;
        }
        if (cluster_folder_check_runtime(runtime, err) !=
            0) { // somebody may have made it just before us
            break;
        }
        out->lock = try_lock(out->dir, O_CREAT);
        err_sys(err, "cannot take the lock of %s", out->dir);
    }
    if (out->lock >= 0) {
        out->fd = open(out->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (out->fd < 0) {
        cluster_folder_release(out);
        return -1;
    }
    return 0;
}

void cluster_folder_release(struct cluster_folder *p)
{
    if (p->lock >= 0) {
        close(p->lock);
    }
    if (p->fd >= 0) {
        close(p->fd);
    }
    free(p->dir);
    *p = (struct cluster_folder){.fd = -1, .lock = -1};
}

// The address of a socket is at most 108 bytes long, a path is not: through the descriptor of its
// folder it is short.
static struct sockaddr_un socket_address(int dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" CONTROL, dir);
    return a;
}

int cluster_folder_listen(const struct cluster_folder *p, struct err *err)
{
    enum { BACKLOG = 128 };
    const struct sockaddr_un address = socket_address(p->fd);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0) {
        return err_sys(err, "cannot make a socket in %s", p->dir);
    }
    return TAKE_FD(fd);
}

int cluster_folder_connect(const char *dir, int seconds, struct err *err)
{
    const struct timeval patience = {.tv_sec = seconds};
    _cleanup_close_ int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct sockaddr_un address = socket_address(folder);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    if (folder < 0 || fd < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno == EAGAIN ? wire_no_answer(err)
                               : err_sys(err, "cannot reach the cluster in %s", dir);
    }
    return TAKE_FD(fd);
}

int cluster_folder_ask(const char *dir, const struct strv *words, int seconds, struct err *err)
{
    _cleanup_close_ int fd = cluster_folder_connect(dir, seconds, err);
    if (fd < 0 || wire_send(fd, words, NULL, 0, err) != 0) {
        return -1;
    }
    return TAKE_FD(fd);
}
