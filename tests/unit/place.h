// SPDX-License-Identifier: MIT
// A folder with a project, for tests of releases, and what fills it.
#ifndef PISDK_TESTS_PLACE_H
#define PISDK_TESTS_PLACE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/proc.h"
#include "deploy/payload.h"
#include "unit.h"

#include "arm_elf.h"

#define TRIPLE "arm-linux-gnueabihf"

// A folder for a test, and a release of the files in it.
struct place {
    char dir[32];
    struct payload release;
};

static inline char *in(const struct place *p, const char *path)
{
    return xasprintf("%s/%s", p->dir, path);
}

static inline void make_text(const struct place *p, const char *path, const char *text)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *file = in(p, path);
    _cleanup_free_ char *folder = fs_parent(file);
    assert_int_equal(fs_mkdir_all(folder, 0755, &err), 0);
    assert_int_equal(fs_write_file(file, text, strlen(text), 0755, &err), 0);
}

static inline void make_elf(const struct place *p, const char *path, const struct arm_elf *elf)
{
    _cleanup_free_ char *file = in(p, path);
    arm_elf_write(file, elf);
}

// A file of the project, and of the release.
static inline void add_elf(struct place *p, const char *path, const struct arm_elf *elf)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *source = in(p, "project/");
    _cleanup_free_ char *file = fs_join(source, path);
    arm_elf_write(file, elf);
    assert_int_equal(payload_add(&p->release, p->dir, file, path, &err), 0);
}

static inline int set_up(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/pisdk-unit-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    *state = p;
    return 0;
}

static inline int tear_down(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    payload_release(&p->release);
    assert_int_equal(fs_remove_tree(p->dir, &err), 0);
    free(p);
    return 0;
}

// Runs a script of the shell, with `text` as its input.
static inline void run_shell(const struct place *p, const char *script, const char *text,
                             struct strbuf *out)
{
    struct err err = ERR_INIT;
    int status;
    _cleanup_free_ char *file = in(p, "input");
    make_text(p, "input", text);
    _cleanup_close_ int input = open(file, O_RDONLY | O_CLOEXEC);
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, "sh", "-c", script, NULL);
    const struct proc_capture capture = {.input = input, .max = 1 << 20, .out = out};
    assert_int_equal(proc_capture(argv.items, &capture, &status, &err), 0);
    assert_int_equal(status, 0);
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
