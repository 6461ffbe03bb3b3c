// SPDX-License-Identifier: MIT
// Core files: one that is made here, and every damage of a byte or of the length that it can have.
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "target/core.h"
#include "unit.h"

enum { STACK = 0x40000000, NAME_AT = 64, STACK_SIZE = 256, PRSTATUS_SIZE = 148 };

struct note_status {
    Elf32_Nhdr header;
    char name[8];
    unsigned char desc[PRSTATUS_SIZE];
};

struct note_auxv {
    Elf32_Nhdr header;
    char name[8];
    Elf32_auxv_t desc[2];
};

struct small_core {
    Elf32_Ehdr header;
    Elf32_Phdr segments[2];
    struct note_status status;
    struct note_auxv auxv;
    char stack[STACK_SIZE];
};

static void make(struct small_core *c)
{
    const int16_t signal = 11;
    static const char strings[] = "/home/pi/heat\0PISDK_RUN=1-2-3\0OMPI_COMM_WORLD_RANK=7";

    *c = (struct small_core){
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
                               EV_CURRENT},
                   .e_type = ET_CORE,
                   .e_machine = EM_ARM,
                   .e_phoff = offsetof(struct small_core, segments),
                   .e_phentsize = sizeof(Elf32_Phdr),
                   .e_phnum = 2},
        .segments = {{.p_type = PT_NOTE,
                      .p_offset = offsetof(struct small_core, status),
                      .p_filesz = sizeof(struct note_status) + sizeof(struct note_auxv)},
                     {.p_type = PT_LOAD,
                      .p_offset = offsetof(struct small_core, stack),
                      .p_vaddr = STACK,
                      .p_filesz = STACK_SIZE,
                      .p_memsz = STACK_SIZE}},
        .status = {.header = {5, PRSTATUS_SIZE, NT_PRSTATUS}, .name = "CORE"},
        .auxv = {.header = {5, sizeof(c->auxv.desc), NT_AUXV},
                 .name = "CORE",
                 .desc = {{.a_type = AT_EXECFN, .a_un = {STACK + NAME_AT}}}},
    };
    memcpy(c->status.desc + 12, &signal, sizeof(signal));
    memcpy(c->stack + NAME_AT, strings, sizeof(strings));
}

static char *write_core(const char *dir, const void *data, size_t n)
{
    struct err err = ERR_INIT;
    char *path = fs_join(dir, "qemu_heat_20260101-000000_1.core");
    assert_int_equal(fs_write_file(path, data, n, 0600, &err), 0);
    return path;
}

static void test_read(void **state)
{
    char dir[] = "/tmp/pisdk-unit-XXXXXX";
    struct small_core made;
    struct core core;
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(dir));
    make(&made);
    _cleanup_free_ char *path = write_core(dir, &made, sizeof(made));
    assert_int_equal(core_read(path, &core, &err), 0);
    assert_int_equal(core.signal, 11);
    assert_string_equal(core.program, "/home/pi/heat");
    assert_string_equal(core.run, "1-2-3");
    assert_int_equal(core.rank, 7);
    core_release(&core);
    assert_true(core_is_name(fs_base(path)));
    assert_false(core_is_name("core"));
    assert_int_equal(fs_remove_tree(dir, &err), 0);
}

// Whatever it says, nothing outside of the file is looked at: the sanitizers would tell.
static void try_core(const char *dir, const void *data, size_t n)
{
    struct core core;
    struct err err = ERR_INIT;
    uint32_t calls[4];
    _cleanup_free_ char *path = write_core(dir, data, n);
    if (core_read(path, &core, &err) == 0) {
        core_release(&core);
    }
    assert_true(core_find_calls(path, path, calls, 4) <= 4);
}

static void test_damaged(void **state)
{
    char dir[] = "/tmp/pisdk-unit-XXXXXX";
    struct small_core made;
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(dir));
    make(&made);
    for (size_t n = 0; n < sizeof(made); n += 3) {
        try_core(dir, &made, n);
    }
    for (size_t i = 0; i < offsetof(struct small_core, stack); i++) {
        struct small_core bad = made;
        ((unsigned char *)&bad)[i] ^= 0xff;
        try_core(dir, &bad, sizeof(bad));
    }
    assert_int_equal(fs_remove_tree(dir, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
