// SPDX-License-Identifier: MIT
#include "common.h"

static char stack[65536];
static volatile int value, on_stack, code;
static void *volatile where;
static void fault(int n, siginfo_t *i, void *c)
{
    char here;
    on_stack = &here >= stack && &here < stack + sizeof(stack);
    code = i->si_code, where = i->si_addr;
    siglongjmp(back, n);
}
static void queued(int n, siginfo_t *i, void *c)
{
    value = i->si_value.sival_int;
}
int main(void)
{
    int status;
    stack_t s = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction a = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&s, NULL);
    sigaction(SIGSEGV, &a, NULL);
    int n = sigsetjmp(back, 1);
    if (n == 0)
        *(volatile int *)0x1230 = 1;
    printf("%d %d %d ", n, on_stack, where == (void *)0x1230 && code == SEGV_MAPERR);
    a.sa_sigaction = queued;
    sigaction(SIGRTMIN + 1, &a, NULL);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 42});
    printf("%d ", value);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    waitpid(child, &status, WUNTRACED);
    printf("%d ", WIFSTOPPED(status));
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    printf("%d", WIFEXITED(status));
}
