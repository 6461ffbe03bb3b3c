// SPDX-License-Identifier: MIT
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/internal.h"
#include "sandbox/native.h"
#include "sandbox/timeouts.h"

static const char *const mode_names[] = {
    [SANDBOX_AUTO] = "auto",
    [SANDBOX_NAMESPACE] = "namespace",
    [SANDBOX_BINFMT] = "binfmt",
    [SANDBOX_PREFIX] = "prefix",
};

const char *sandbox_mode_name(enum sandbox_mode mode)
{
    return mode_names[mode];
}

int sandbox_mode_from_environment(enum sandbox_mode *mode, struct err *err)
{
    const char *value = getenv("PISDK_EMULATION");
    *mode = SANDBOX_AUTO;
    if (!value || !*value) {
        return 0;
    }
    for (size_t i = SANDBOX_NAMESPACE; i < ARRAY_SIZE(mode_names); i++) {
        if (strcmp(value, mode_names[i]) == 0) {
            *mode = (enum sandbox_mode)i;
            return 0;
        }
    }
    return err_set(err, ERR_USAGE, "PISDK_EMULATION is namespace, binfmt or prefix, not `%s`",
                   value);
}

char *sandbox_find_qemu(struct err *err)
{
    static const char *const names[] = {"qemu-arm-static", "qemu-arm"};
    _cleanup_strv_ struct strv found = {0};
    struct err ignored = ERR_INIT;
    fs_find_programs(names, ARRAY_SIZE(names), &found);
    for (size_t i = 0; i < found.n; i++) {
        if (namespace_check_qemu(found.items[i], &ignored) == 0) {
            return xstrdup(found.items[i]);
        }
    }
    if (found.n > 0) {
        return xstrdup(found.items[0]);
    }
    err_set(err, ERR_NOT_FOUND, "QEMU's user-mode emulator qemu-arm is not installed");
    err_hint(err, "sudo apt install qemu-user-static");
    return NULL;
}

static int check_mode(const struct sandbox *s, struct err *err)
{
    bool fixed;
    if (s->mode == SANDBOX_NAMESPACE) {
        return namespace_check_qemu(s->qemu, err);
    }
    if (s->mode == SANDBOX_BINFMT && !binfmt_host_has_arm(&fixed)) {
        err_set(err, ERR_UNSUPPORTED, "QEMU for ARM is not registered in the host's binfmt_misc");
        return err_hint(err, "sudo apt install qemu-user-static binfmt-support");
    }
    return 0;
}

static pid_t start_init(struct sandbox *s, const sigset_t *mask, int report[2], int life[2])
{
    long flags = s->mode == SANDBOX_NAMESPACE ? namespace_flags() : 0;
    pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0L);
    if (pid == 0) {
        close(report[0]);
        close(life[1]);
        init_main(s, mask, report[1], life[0]);
    }
    return pid;
}

// Reads what init has to report: nothing, when the program runs.
static int read_report(int fd, struct err *err)
{
    struct err report;
    ssize_t n;
    do {
        n = read(fd, &report, sizeof(report));
    } while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof(report)) {
        *err = report;
        return -1;
    }
    return 0;
}

static int run_supervised(struct sandbox *s, const sigset_t *mask, int *status, struct err *err)
{
    int report[2];
    int life[2];

    if (pipe2(report, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    if (pipe2(life, O_CLOEXEC) != 0) {
        close(report[0]);
        close(report[1]);
        return err_sys(err, "cannot make a pipe");
    }
    pid_t pid = start_init(s, mask, report, life);
    int r = 0;
    if (pid < 0) {
        r = namespace_unsupported(err, "cannot make a user namespace");
    }
    close(report[1]);
    close(life[0]);
    if (r == 0) {
        r = read_report(report[0], err);
        int hard = s->mode == SANDBOX_NAMESPACE ? SIGKILL : SIGRTMIN;
        *status = proc_wait_forwarding(pid, hard, &s->outcome->signal);
    }
    close(report[0]);
    close(life[1]);
    return r;
}

// Without a root of its own, the program sees folders of the host where they are.
static int check_mounts(const struct sandbox *s, struct err *err)
{
    const struct strv *mounts = s->o->mounts;
    for (size_t i = 0; mounts && i + 1 < mounts->n; i += 2) {
        if (strcmp(mounts->items[i], mounts->items[i + 1]) != 0) {
            return err_set(err, ERR_UNSUPPORTED, "in %s mode, %s cannot be seen as %s",
                           sandbox_mode_name(s->mode), mounts->items[i], mounts->items[i + 1]);
        }
    }
    return 0;
}

static int run_mode(struct sandbox *s, int *status, struct err *err)
{
    sigset_t block;
    sigset_t saved;

    if (check_mode(s, err) != 0) {
        return -1;
    }
    if (s->mode == SANDBOX_PREFIX && s->o->needs_exec) {
        err_set(err, ERR_UNSUPPORTED,
                "this MPI starts its ranks in a way that prefix mode cannot emulate");
        return err_hint(
            err,
            "`pisdk doctor` shows what the other modes need here; or use the MPI openmpi-source");
    }
    if (s->mode != SANDBOX_NAMESPACE && check_mounts(s, err) != 0) {
        return -1;
    }
    signals_forwarded(&block);
    sigaddset(&block, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &block, &saved);
    int r = run_supervised(s, &saved, status, err);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return r;
}

int sandbox_run(const struct sandbox_options *o, const char *program, bool in_sysroot,
                char *const argv[], int *status, struct err *err)
{
    enum sandbox_mode first = o->mode == SANDBOX_AUTO ? SANDBOX_NAMESPACE : o->mode;
    enum sandbox_mode last = o->mode == SANDBOX_AUTO ? SANDBOX_PREFIX : o->mode;
    struct sandbox s = {
        .o = o, .argv = argv, .in_sysroot = in_sysroot, .uid = getuid(), .gid = getgid()};
    int r = -1;
    _cleanup_close_ int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);

    s.on_terminal = terminal >= 0;
    s.qemu = sandbox_find_qemu(err);
    if (!s.qemu) {
        return -1;
    }
    s.outcome =
        mmap(NULL, sizeof(*s.outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s.outcome == MAP_FAILED) {
        free(s.qemu);
        return err_sys(err, "no memory");
    }
    s.root = fs_join(o->sysroot_dir, "root");
    s.loses_timeouts = timeouts_are_lost(s.qemu);
    if (!o->pure) {
        native_find(o->sysroot_dir, &s.native);
    }
    for (enum sandbox_mode mode = first; mode <= last; mode++) {
        bool rootless_path = in_sysroot && mode != SANDBOX_NAMESPACE;
        _cleanup_free_ char *path =
            rootless_path ? xasprintf("%s%s", s.root, program) : xstrdup(program);
        s.mode = mode;
        s.outcome->mode = mode;
        s.program = path;
        log_debug(o->log, "emulation: %s mode, %s", mode_names[mode],
                  o->mode != SANDBOX_AUTO     ? "set by PISDK_EMULATION"
                  : mode == SANDBOX_NAMESPACE ? "the best one"
                                              : "the next best");
        err_clear(err);
        r = run_mode(&s, status, err);
        if (r == 0 || err->code != ERR_UNSUPPORTED) {
            break;
        }
        log_debug(o->log, "%s mode does not work here: %s%s%s", mode_names[mode], err->msg,
                  err->hint[0] ? "; hint: " : "", err->hint);
    }
    if (o->outcome) {
        *o->outcome = *s.outcome;
    }
    munmap(s.outcome, sizeof(*s.outcome));
    free(s.qemu);
    free(s.root);
    strv_release(&s.native);
    return r;
}
