// SPDX-License-Identifier: MIT
#include "sandbox/native.h"

#include <elf.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "sandbox/tiny.h"

// exit(0). Kernels can be built or booted without 32-bit programs (ia32_emulation=0).
static bool runs_i386(void)
{
    static const uint32_t code[] = {
        0xc031db31, // xor %ebx, %ebx; xor %eax, %eax
        0x9080cd40, // inc %eax; int $0x80
    };
    _cleanup_strbuf_ struct strbuf program = {0};
    _cleanup_close_ int fd = memfd_create("native", MFD_CLOEXEC);
    int status = 1;

    tiny_add_program(&program, EM_386, code, ARRAY_SIZE(code));
    if (fd < 0 || write(fd, program.data, program.len) != (ssize_t)program.len) {
        return false;
    }
    _cleanup_free_ char *path = xasprintf("/proc/self/fd/%d", fd);
    char *const argv[] = {path, NULL};
    pid_t pid;
    return posix_spawn(&pid, path, NULL, NULL, argv, argv + 1) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

bool native_can_run(const char *arch)
{
    struct utsname system;
    if (uname(&system) != 0 || strcmp(system.machine, "x86_64") != 0) {
        return false;
    }
    return strcmp(arch, "amd64") == 0 || (strcmp(arch, "i386") == 0 && runs_i386());
}

void native_find(const char *sysroot_dir, struct strv *archs)
{
    _cleanup_free_ char *folder = fs_join(sysroot_dir, "native");
    _cleanup_strv_ struct strv all = {0};
    struct err ignored = ERR_INIT;

    if (!fs_is_dir(folder) || fs_list_dir(folder, &all, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < all.n; i++) {
        if (native_can_run(all.items[i])) {
            strv_add(archs, all.items[i]);
        }
    }
}

char *native_layers(const char *folder, const struct strv *archs)
{
    struct strbuf text = {0};
    strbuf_adds(&text, "");
    for (size_t i = 0; i < archs->n; i++) {
        strbuf_addf(&text, "%s%snative/%s:", folder, *folder ? "/" : "", archs->items[i]);
    }
    return strbuf_take(&text);
}

// What Debian's bash for armhf has built in; it takes what is set already.
void native_add_variables(const struct strv *archs, struct strv *env)
{
    if (archs->n > 0) {
        strv_add_list(env, "HOSTTYPE=arm", "MACHTYPE=arm-unknown-linux-gnueabihf",
                      "OSTYPE=linux-gnueabihf", NULL);
    }
}

#ifdef __x86_64__

// Numbers of i386: arch/x86/entry/syscalls/syscall_32.tbl.
enum { PRLIMIT64 = 302, SETRLIMIT = 160, PRLIMIT64_I386 = 340, SETRLIMIT_I386 = 75 };

#define LOAD(what)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, what))
#define IS(value, to) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (to), 0)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))

int native_ignore_limits(struct err *err)
{
    // The halves of an argument are loaded by themselves. A prlimit(2) without new limits asks.
    static struct sock_filter filter[] = {
        LOAD(arch),
        IS(AUDIT_ARCH_X86_64, 2),
        IS(AUDIT_ARCH_I386, 5),
        RETURN(SECCOMP_RET_ALLOW),
        LOAD(nr),
        IS(PRLIMIT64, 6),
        IS(SETRLIMIT, 11),
        RETURN(SECCOMP_RET_ALLOW),
        LOAD(nr),
        IS(PRLIMIT64_I386, 2),
        IS(SETRLIMIT_I386, 7),
        RETURN(SECCOMP_RET_ALLOW),
        LOAD(args[2]), // prlimit
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[2]) + 4),
        IS(0, 6),
        LOAD(args[1]),
        BPF_STMT(BPF_JMP | BPF_JA, 1),
        LOAD(args[0]), // setrlimit
        IS(RLIMIT_AS, 3),
        IS(RLIMIT_DATA, 2),
        IS(RLIMIT_STACK, 1),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_ERRNO), // with errno 0: success
    };
    const struct sock_fprog program = {ARRAY_SIZE(filter), filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        return err_sys(err, "cannot set up a seccomp filter");
    }
    return 0;
}

#else

int native_ignore_limits(struct err *err)
{
    (void)err;
    return 0; // nothing is native here
}

#endif
