// SPDX-License-Identifier: MIT
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "sandbox/sandbox.h"
#include "target/board.h"
#include "target/elf.h"
#include "unit.h"

static void test_this_program(void **state)
{
    struct elf_info info;
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(elf_read("/proc/self/exe", &info, &err), 0);
    assert_true(info.is_elf);
    assert_true(info.is_64);
    assert_false(elf_is_arm(&info));
    assert_string_equal(elf_machine_name(&info), "x86-64");
    assert_true(str_starts(info.interpreter, "/lib64/ld-linux"));
    assert_true(strv_has(&info.needed, "libc.so.6"));
    elf_info_release(&info);
}

static void test_not_elf(void **state)
{
    struct elf_info info;
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(elf_read("/etc/passwd", &info, &err), 0);
    assert_false(info.is_elf);
    elf_info_release(&info);
    assert_int_equal(elf_read("/nowhere", &info, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

enum { HEAD = 1 << 16 };

// This program, damaged at each place of its first bytes: refused or read, never a crash.
static void test_damaged(void **state)
{
    _cleanup_strbuf_ struct strbuf bytes = {0};
    _cleanup_free_ char *path = xstrdup("/tmp/pisdk-unit-XXXXXX");
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(fs_read_file("/proc/self/exe", 64 << 20, &bytes, &err), 0);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fs_write_all(fd, bytes.data, HEAD, &err), 0);
    for (long i = 0; i < 1024; i++) {
        struct elf_info info;
        char bad = (char)~bytes.data[i];
        assert_int_equal(pwrite(fd, &bad, 1, i), 1);
        if (elf_read_fd(fd, &info, &err) == 0) {
            elf_info_release(&info);
        }
        assert_int_equal(pwrite(fd, &bytes.data[i], 1, i), 1);
    }
    close(fd);
    unlink(path);
}

static void test_boards(void **state)
{
    _cleanup_strv_ struct strv names = {0};
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(board_names(BOARDS, &names, &err), 0);
    assert_true(names.n >= 9);
    for (size_t i = 0; i < names.n; i++) {
        struct board b;
        assert_int_equal(board_read(BOARDS, names.items[i], true, &b, &err), 0);
        board_release(&b);
    }
    struct board b;
    assert_int_equal(board_read(BOARDS, "zero", false, &b, &err), -1);
    assert_non_null(strstr(err.msg, "ARMv6"));
    assert_int_equal(board_read(BOARDS, "../boards/pi3", false, &b, &err), -1);
}

static void expect_board(const char *dir, const char *text, const char *says, const char *hint)
{
    _cleanup_free_ char *file = fs_join(dir, "mine.ini");
    struct board b;
    struct err err = ERR_INIT;
    assert_int_equal(fs_write_file(file, text, strlen(text), 0644, &err), 0);
    assert_int_equal(board_read(dir, "mine", false, &b, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.msg, says));
    assert_non_null(strstr(err.hint, hint));
}

static void test_bad_board_files(void **state)
{
    char dir[] = "/tmp/pisdk-unit-XXXXXX";
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(dir));
    expect_board(dir, "[board]\ntitle = x\n[compiler]\nflgas = -O2\n",
                 "mine.ini:4: unknown key `flgas`", "`flags`");
    expect_board(dir, "[emulator]\ncores = many\n", "mine.ini:2: `cores`", "");
    expect_board(dir, "[board]\ntitle = x\n", "level", "");
    assert_int_equal(fs_remove_tree(dir, &err), 0);
}

static void test_modes(void **state)
{
    enum sandbox_mode mode;
    struct err err = ERR_INIT;
    (void)state;
    unsetenv("PISDK_EMULATION");
    assert_int_equal(sandbox_mode_from_environment(&mode, &err), 0);
    assert_int_equal(mode, SANDBOX_AUTO);
    setenv("PISDK_EMULATION", "prefix", 1);
    assert_int_equal(sandbox_mode_from_environment(&mode, &err), 0);
    assert_int_equal(mode, SANDBOX_PREFIX);
    setenv("PISDK_EMULATION", "auto", 1);
    assert_int_equal(sandbox_mode_from_environment(&mode, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_program),    cmocka_unit_test(test_not_elf),
        cmocka_unit_test(test_damaged),         cmocka_unit_test(test_boards),
        cmocka_unit_test(test_bad_board_files), cmocka_unit_test(test_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
