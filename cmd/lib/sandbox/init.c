#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/environment.h"
#include "sandbox/internal.h"

enum { INIT_FAILED = 125, CHILDREN_MAX = 1 << 16 };

static _Noreturn void fail(int report, const struct err *err)
{
    (void)!write(report, err, sizeof(*err));
    _exit(INIT_FAILED);
}

// pisdk's death ends us: SIGKILL where the kernel then kills all processes of the PID namespace,
// SIGRTMIN where we do that ourselves. The pipe tells whether pisdk died before this call.
static void watch_parent(const struct sandbox *s, int life)
{
    struct pollfd p = {.fd = life, .events = POLLIN};
    prctl(PR_SET_PDEATHSIG, s->mode == SANDBOX_NAMESPACE ? SIGKILL : SIGRTMIN);
    if (poll(&p, 1, 0) != 0) {
        _exit(INIT_FAILED);
    }
    close(life);
}

static int prepare(struct sandbox *s, struct err *err)
{
    if (s->mode == SANDBOX_NAMESPACE) {
        return namespace_enter(s, err) == 0 ? environment_make(s, err) : -1;
    }
    // Orphans of the program come to us, so that none survives.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return scratch_make(s, err) == 0 ? environment_make(s, err) : -1;
}

static _Noreturn void exec_program(struct sandbox *s, const sigset_t *mask, int report)
{
    struct err err = ERR_INIT;
    const struct rlimit no_core = {0, 0}; // QEMU would write one of its own into the folder
    const char *program = s->program;
    _cleanup_strv_ struct strv argv = {0};

    if (s->mode == SANDBOX_NAMESPACE && namespace_become_pi(&err) != 0) {
        fail(report, &err);
    }
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (s->mode == SANDBOX_PREFIX) {
        strv_add_list(&argv, s->qemu, "-0", s->argv[0], s->program, NULL);
        strv_add_all(&argv, s->argv + 1);
        program = s->qemu;
    } else {
        strv_add_all(&argv, s->argv);
    }
    if (chdir(s->o->cwd) != 0 && chdir("/") != 0) {
        err_sys(&err, "cannot enter folder %s", s->o->cwd);
        fail(report, &err);
    }
    pthread_sigmask(SIG_SETMASK, mask, NULL);
    execve(program, argv.items, s->env.items);
    err_sys(&err, "cannot run %s", s->program);
    if (err.sys == ENOEXEC) {
        err_set(&err, ERR_FAILED, "%s is not a program that can be run", s->program);
    } else if (err.sys == ENOENT && !s->in_sysroot && fs_exists(s->program)) {
        err_set(&err, ERR_FAILED, "%s: the loader that it names is not in the sysroot", s->program);
    }
    fail(report, &err);
}

// Kills what is left of the program. In a PID namespace that is every other process, otherwise all
// our descendants: the orphans among them become our children.
static void kill_rest(const struct sandbox *s)
{
    if (s->mode == SANDBOX_NAMESPACE) {
        return; // the kernel does it when we, its process 1, end
    }
    do {
        _cleanup_strbuf_ struct strbuf text = {0};
        _cleanup_strv_ struct strv pids = {0};
        struct err ignored = ERR_INIT;
        if (fs_read_file("/proc/thread-self/children", CHILDREN_MAX, &text, &ignored) == 0) {
            strv_add_words(&pids, text.data);
        }
        for (size_t i = 0; i < pids.n; i++) {
            kill((pid_t)strtol(pids.items[i], NULL, 10), SIGKILL);
        }
    } while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

// Reaps what has ended. True when the program itself is among it.
static bool reap(pid_t program, int *status)
{
    bool ended = false;
    for (;;) {
        int wait_status;
        pid_t pid = waitpid(-1, &wait_status, WNOHANG);
        if (pid <= 0) {
            return ended;
        }
        if (pid == program) {
            *status = proc_status(wait_status);
            ended = true;
        }
    }
}

static int supervise(pid_t program)
{
    sigset_t set;
    int status = PROC_SIGNALED + SIGKILL;

    proc_forwarded_signals(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGRTMIN);
    while (!reap(program, &status)) {
        siginfo_t info;
        int sig = sigwaitinfo(&set, &info);
        if (sig == SIGRTMIN) {
            break;
        }
        if (sig > 0 && sig != SIGCHLD && info.si_code <= 0) {
            kill(program, sig);
        }
    }
    return status;
}

_Noreturn void init_main(struct sandbox *s, const sigset_t *program_mask, int report, int life)
{
    struct err err = ERR_INIT;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    watch_parent(s, life);
    if (prepare(s, &err) != 0) {
        scratch_remove(s);
        fail(report, &err);
    }
    pid_t program = fork();
    if (program == 0) {
        exec_program(s, program_mask, report);
    }
    if (program < 0) {
        err_sys(&err, "cannot start a process");
        scratch_remove(s);
        fail(report, &err);
    }
    close(report);
    int status = supervise(program);
    kill_rest(s);
    scratch_remove(s);
    _exit(status);
}
