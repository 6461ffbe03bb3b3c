#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "sandbox/sandbox.h"

// The smallest program: exit(0). So a probe tries everything, QEMU included, with no sysroot.
struct tiny_program {
    Elf32_Ehdr header;
    Elf32_Phdr segment;
    uint32_t code[3];
};

enum { LOAD_ADDRESS = 0x10000 };

static const struct tiny_program tiny_program = {
    .header =
        {
            .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_EXEC,
            .e_machine = EM_ARM,
            .e_version = EV_CURRENT,
            .e_entry = LOAD_ADDRESS + offsetof(struct tiny_program, code),
            .e_phoff = offsetof(struct tiny_program, segment),
            .e_flags = EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_HARD,
            .e_ehsize = sizeof(Elf32_Ehdr),
            .e_phentsize = sizeof(Elf32_Phdr),
            .e_phnum = 1,
        },
    .segment =
        {
            .p_type = PT_LOAD,
            .p_vaddr = LOAD_ADDRESS,
            .p_paddr = LOAD_ADDRESS,
            .p_filesz = sizeof(struct tiny_program),
            .p_memsz = sizeof(struct tiny_program),
            .p_flags = PF_R | PF_X,
            .p_align = 0x1000,
        },
    .code =
        {
            0xe3a00000, // mov r0, #0
            0xe3a07001, // mov r7, #1 (exit)
            0xef000000, // svc 0
        },
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
    return fs_write_file(program, &tiny_program, sizeof(tiny_program), 0755, err);
}

static int run(const char *dir, enum sandbox_mode mode, const char *runtime, struct err *err)
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
    int r = make_sysroot(dir, err) == 0 ? run(dir, mode, runtime, err) : -1;
    struct err ignored = ERR_INIT;
    (void)!fs_remove_tree(dir, &ignored);
    return r;
}
