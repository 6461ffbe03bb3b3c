// SPDX-License-Identifier: MIT
#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "sandbox/sandbox.h"
#include "sandbox/tiny.h"

// So a probe tries everything, QEMU included, with no sysroot.
static const uint32_t exit_with_0[] = {
    0xe3a00000, // mov r0, #0
    0xe3a07001, // mov r7, #1 (exit)
    0xef000000, // svc 0
};

static int make_sysroot(const char *dir, struct err *err)
{
    static const char *const folders[] = {"root/bin",  "root/dev",  "root/etc",
                                          "root/home", "root/proc", "root/sys",
                                          "root/tmp",  "folders",   "mnt"};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_free_ char *path = fs_join(dir, folders[i]);
        if (fs_mkdir_all(path, 0755, err) != 0) {
            return -1;
        }
    }
    _cleanup_free_ char *program = fs_join(dir, "root/bin/probe");
    _cleanup_strbuf_ struct strbuf elf = {0};
    tiny_add_program(&elf, EM_ARM, exit_with_0, ARRAY_SIZE(exit_with_0));
    return fs_write_file(program, elf.data, elf.len, 0755, err);
}

static int run_smallest(const char *dir, enum sandbox_mode mode, const char *runtime,
                        struct err *err)
{
    char hostname[] = "probe";
    char cpu[] = "max";
    char name[] = "probe";
    char *argv[] = {name, NULL};
    const struct board board = {.hostname = hostname, .cpu = cpu, .cores = 1};
    const struct strv none = {0};
    const struct sandbox_options options = {
        .mode = mode,
        .sysroot_dir = dir,
        .triple = "arm-linux-gnueabihf",
        .environment = &none,
        .rootless = &none,
        .board = &board,
        .visible = &none,
        .cwd = "/",
        .runtime = runtime,
    };
    int status = 0;
    if (sandbox_run(&options, "/bin/probe", true, argv, &status, err) != 0) {
        return -1;
    }
    return status == 0 ? 0 : err_set(err, ERR_UNSUPPORTED, "QEMU ended with status %d", status);
}

int sandbox_probe(enum sandbox_mode mode, const char *runtime, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    _cleanup_free_ char *dir = xasprintf("%s/pisdk-probe-XXXXXX", tmp && *tmp ? tmp : "/tmp");

    if (!mkdtemp(dir)) {
        return err_sys(err, "cannot make a folder %s", dir);
    }
    int r = make_sysroot(dir, err) == 0 ? run_smallest(dir, mode, runtime, err) : -1;
    struct err ignored = ERR_INIT;
    (void)!fs_remove_tree(dir, &ignored);
    return r;
}
