// SPDX-License-Identifier: MIT
// Programs started by pisdk: argument vectors only, never a shell.
//
// Every descriptor of pisdk is close-on-exec, so a child gets standard streams and nothing else.
// The death of a child is always awaited. A status is as a shell gives it: the exit status, or 128
// plus the number of the signal that killed the program.
#ifndef PISDK_BASE_PROC_H
#define PISDK_BASE_PROC_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/signals.h"
#include "base/str.h"

// Where a program runs, when that is not where and as pisdk does.
struct proc_context {
    const char *dir;        // NULL: our working folder
    const struct strv *env; // the whole environment, NAME=VALUE each; NULL: ours
    // Called in the new process before the program; it runs in any case. Or NULL.
    void (*enter)(void *user);
    // Called for each of those signals, which the program is told as well. Or NULL.
    void (*on_signal)(void *user, int sig);
    void *user;
};

// Runs the program with our standard streams and waits for it. SIGINT, SIGTERM, SIGHUP, SIGQUIT,
// SIGUSR1 and SIGUSR2 that somebody sends to pisdk alone are passed on to it; those of the terminal
// it gets itself. When it is ended by a signal, or pisdk is, what it started ends as well
// (base/supervise.h). `argv[0]` is looked up in PATH. ERR_NOT_FOUND when there is no such program.
int proc_run(char *const argv[], int *status, struct err *err) ERR_MUST_CHECK;
// The same somewhere else; `place` may be NULL. PATH is that of the place's environment.
int proc_run_at(char *const argv[], const struct proc_context *place, int *status,
                struct err *err) ERR_MUST_CHECK;

// What proc_capture collects; a stream whose buffer is NULL is ours.
struct proc_capture {
    int input;  // standard input; -1: nothing
    size_t max; // bytes of each stream that are kept; the rest is dropped
    // Not NULL: gets all that comes, and the buffers (which still say what is collected) nothing.
    void (*on_data)(void *user, const char *data, size_t n);
    void *user;
    struct strbuf *out, *errors;
    struct strbuf *status_out;        // what the program writes to descriptor 3
    const struct proc_context *place; // NULL: here
};

// Runs the program like proc_run and collects what it writes. When the caller holds signals back
// (proc_stop_hold), the program is ended as soon as one is there.
int proc_capture(char *const argv[], const struct proc_capture *c, int *status,
                 struct err *err) ERR_MUST_CHECK;

// Runs a program that has to succeed, with nothing to read. What it writes to its standard output
// is added to `out`; NULL: dropped. ERR_FAILED with its name and what it said last when it ends
// with another status than 0.
int proc_succeed(char *const argv[], const struct proc_context *place, struct strbuf *out,
                 struct err *err) ERR_MUST_CHECK;

// A program that goes on beside us, with pipes to its standard streams; ours do not block. It is in
// a process group of its own, so that a terminal's Ctrl-C does not reach it, and gets SIGTERM when
// the thread that started it ends. The caller closes the pipes and awaits the child.
struct proc_child {
    pid_t pid;
    int in, out, errors;
};
int proc_start(char *const argv[], struct proc_child *out, struct err *err) ERR_MUST_CHECK;

// A program that goes on beside us with our own standard streams. It is deaf to SIGINT, SIGQUIT,
// SIGTERM and SIGHUP, which are the caller's business, and killed when the thread that started it
// ends. The caller awaits it. `errors`, when it is not NULL, gets the reading end of a pipe that is
// its standard error.
pid_t proc_start_deaf(char *const argv[], int *errors, struct err *err) ERR_MUST_CHECK;

// Bytes of a process that no file is behind: anonymous memory, shared by a fork or not
// (proc_pid_statm(5)). 0 when it is gone.
uint64_t proc_own_memory(pid_t pid);

// When the process began, in clock ticks since the boot (proc_pid_stat(5)): its number and this
// together mean no other one. 0 when it is gone.
unsigned long long proc_started(pid_t pid);
// Kills that process and no other, also one that is stopped. false: it is gone already.
bool proc_kill_exactly(pid_t pid, unsigned long long started);

// Signals that ask pisdk to stop, held back between these two calls, so that a long piece of work
// can ask `proc_stop_requested` and clean up; they arrive for real at `proc_stop_restore`.
void proc_stop_hold(sigset_t *saved);
bool proc_stop_requested(void);
void proc_stop_restore(const sigset_t *saved);

// Waits for `pid`, passing signals on to it as `proc_run` does; those signals and SIGCHLD are
// blocked by the caller. `asked`, when it is not NULL, gets the last of them that asks to stop. Two
// interrupts within one second send it `hard` (0: nothing special).
int proc_wait_forwarding(pid_t pid, int hard, int *asked);

#endif
