// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "base/fs.h"
#include "base/supervise.h"
#include "sandbox/environment.h"
#include "sandbox/internal.h"
#include "sandbox/native.h"
#include "sandbox/timeouts.h"
#include "sandbox/watch.h"

enum { INIT_FAILED = 125, FIRST_PID = 300, PIDS = 30000 };

static _Noreturn void fail(int report, const struct err *err)
{
    (void)!write(report, err, sizeof(*err));
    _exit(INIT_FAILED);
}

static int prepare(struct sandbox *s, struct err *err)
{
    s->fewer_cores = cores_usable() < s->o->board->cores;
    cores_restrict(s->o->board->cores);
    if (s->loses_timeouts && timeouts_refuse(err) != 0) {
        return -1;
    }
    if (s->mode == SANDBOX_NAMESPACE && s->native.n > 0 && native_ignore_limits(err) != 0) {
        return -1;
    }
    if (s->mode == SANDBOX_NAMESPACE) {
        return namespace_enter(s, err) == 0 ? environment_make(s, err) : -1;
    }
    return scratch_make(s, err) == 0 ? environment_make(s, err) : -1;
}

// QEMU writes a core file of the program that crashes into its working folder. It sees to it that
// the kernel adds none of QEMU itself; should that fail, there is no memory in it.
static void allow_core(const struct sandbox *s)
{
    struct rlimit limit = {0, 0};
    if (s->o->core_max > 0 && getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_max = limit.rlim_max < s->o->core_max ? limit.rlim_max : s->o->core_max;
        limit.rlim_cur = limit.rlim_max;
    }
    setrlimit(RLIMIT_CORE, &limit);
    fs_write_setting("/proc/self/coredump_filter", "0");
}

// Process numbers begin anywhere, as they do on a board: core files of runs side by side in one
// folder, whose names have nothing else that differs, then do not meet.
static void start_somewhere(void)
{
    char text[32];
    uint32_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) > 0) {
        snprintf(text, sizeof(text), "%u", (unsigned)(FIRST_PID + random % PIDS));
        fs_write_setting("/proc/sys/kernel/ns_last_pid", text);
    }
}

// Without a root of its own, /usr/bin is the desktop's: what mpirun is to start is the sysroot's.
static void add_arguments(const struct sandbox *s, struct strv *argv)
{
    for (char *const *arg = s->argv + 1; *arg; arg++) {
        _cleanup_free_ char *own =
            s->mode != SANDBOX_NAMESPACE && s->o->mpirun && str_starts(*arg, "/usr/bin/")
                ? xasprintf("%s%s", s->root, *arg)
                : NULL;
        strv_add(argv, own && fs_exists(own) ? own : *arg);
    }
}

static _Noreturn void exec_program(struct sandbox *s, const sigset_t *mask, int report)
{
    struct err err = ERR_INIT;
    const char *program = s->program;
    _cleanup_strv_ struct strv argv = {0};

    if (s->mode == SANDBOX_NAMESPACE && namespace_become_pi(&err) != 0) {
        fail(report, &err);
    }
    allow_core(s);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (s->mode == SANDBOX_PREFIX) {
        strv_add_list(&argv, s->qemu, "-0", s->argv[0], s->program, NULL);
        program = s->qemu;
    } else {
        strv_add(&argv, s->argv[0]);
    }
    add_arguments(s, &argv);
    if (chdir(s->o->cwd) != 0 && chdir("/") != 0) {
        err_sys(&err, "cannot enter folder %s", s->o->cwd);
        fail(report, &err);
    }
    sigset_t own = *mask;
    if (watch_interrupts(s)) {
        sigaddset(&own, SIGINT);
    }
    if (s->o->mpirun) {
        sigaddset(&own, SIGPIPE); // see ranks_output_is_closed
    }
    pthread_sigmask(SIG_SETMASK, &own, NULL);
    execve(program, argv.items, s->env.items);
    err_sys(&err, "cannot run %s", s->program);
    if (err.sys == ENOEXEC) {
        err_set(&err, ERR_FAILED, "%s is not a program that can be run", s->program);
    } else if (err.sys == ENOENT && !s->in_sysroot && fs_exists(s->program)) {
        err_set(&err, ERR_FAILED, "%s: its loader is not in the sysroot", s->program);
    }
    fail(report, &err);
}

_Noreturn void init_main(struct sandbox *s, const sigset_t *program_mask, int report, int life)
{
    struct err err = ERR_INIT;
    struct watch watch;
    bool stopped;
    bool namespace = s->mode == SANDBOX_NAMESPACE;
    pid_t group = getpgrp();

    // In a PID namespace the kernel kills all of it when we, its process 1, end.
    if (!namespace) {
        supervise_begin();
    }
    supervise_watch_parent(namespace ? SIGKILL : SIGRTMIN, life);
    if (prepare(s, &err) != 0) {
        scratch_remove(s);
        fail(report, &err);
    }
    if (namespace) {
        start_somewhere();
    }
    pid_t program = fork();
    if (program == 0) {
        if (!namespace) {
            supervise_join_group(group);
        } else if (!s->on_terminal && !s->o->mpirun) {
            setpgid(0, 0); // leads a group, as a shell's or sshd's child does
        }
        exec_program(s, program_mask, report);
    }
    if (program < 0) {
        err_sys(&err, "cannot start a process");
        scratch_remove(s);
        fail(report, &err);
    }
    close(report);
    watch_begin(&watch, s, program);
    int status = supervise_wait(program, &watch.looks, &stopped);
    if (namespace) {
        lost_look(&s->lost, s->outcome);
    } else {
        supervise_kill_rest();
        scratch_remove(s);
    }
    _exit(status);
}
