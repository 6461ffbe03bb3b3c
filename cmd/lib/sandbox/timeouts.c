// SPDX-License-Identifier: MIT
#include "sandbox/timeouts.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/str.h"
#include "sandbox/tiny.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

enum { TIMEVAL_SIZE = 8 }; // of a 32-bit program

// socket(AF_UNIX, SOCK_STREAM, 0), its SO_RCVTIMEO into a struct timeval, exit(its length).
static const uint32_t question[] = {
    0xe3a00001, // mov r0, #1
    0xe3a01001, // mov r1, #1
    0xe3a02000, // mov r2, #0
    0xe3007119, // movw r7, #281 (socket)
    0xef000000, // svc 0
    0xe24dd010, // sub sp, sp, #16
    0xe3a01008, // mov r1, #8
    0xe58d1000, // str r1, [sp]
    0xe3a01001, // mov r1, #1 (SOL_SOCKET)
    0xe3a02014, // mov r2, #20 (SO_RCVTIMEO)
    0xe28d3008, // add r3, sp, #8
    0xe1a0400d, // mov r4, sp
    0xe3007127, // movw r7, #295 (getsockopt)
    0xef000000, // svc 0
    0xe59d0000, // ldr r0, [sp]
    0xe3a07001, // mov r7, #1 (exit)
    0xef000000, // svc 0
};

bool timeouts_are_lost(const char *qemu)
{
    _cleanup_strbuf_ struct strbuf program = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    _cleanup_strv_ struct strv argv = {0};
    struct err ignored = ERR_INIT;
    int status = TIMEVAL_SIZE;

    strv_add_list(&argv, qemu, "/proc/self/fd/0", NULL);
    tiny_add_program(&program, EM_ARM, question, ARRAY_SIZE(question));
    int fd = memfd_create("timeouts", MFD_CLOEXEC);
    const struct proc_capture capture = {.input = fd, .out = &said, .errors = &said};
    if (fd < 0) {
        return false;
    }
    bool known = write(fd, program.data, program.len) == (ssize_t)program.len &&
                 proc_capture(argv.items, &capture, &status, &ignored) == 0;
    close(fd);
    return known && status == 0;
}

int timeouts_refuse(struct err *err)
{
    // What is compared of an argument is its low half: both architectures are little-endian.
    static struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_RCVTIMEO, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_SNDTIMEO, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
    };
    const struct sock_fprog program = {ARRAY_SIZE(filter), filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        return err_sys(err, "cannot set up a seccomp filter");
    }
    return 0;
}
