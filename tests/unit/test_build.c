// SPDX-License-Identifier: MIT
// What builds go by: build attributes, versions of the C library, makefiles' tools, toolsets.

#include <string.h>

#include "base/fs.h"
#include "project/makefile.h"
#include "project/project.h"
#include "target/arm.h"
#include "target/elf_link.h"
#include "target/toolset.h"
#include "target/variant.h"
#include "unit.h"

// A section .ARM.attributes with these bytes of attributes in it.
static size_t make_attributes(const unsigned char *attributes, size_t n, unsigned char *out)
{
    unsigned char block[] = {'A', 0, 0, 0, 0, 'a', 'e', 'a', 'b', 'i', 0, 1, 0, 0, 0, 0};
    block[1] = (unsigned char)(sizeof(block) - 1 + n);
    block[12] = (unsigned char)(5 + n);
    memcpy(out, block, sizeof(block));
    memcpy(out + sizeof(block), attributes, n);
    return sizeof(block) + n;
}

static const unsigned char cortex_a53[] = {5,  'c', 'o', 'r', 't', 'e', 'x', '-', 'a', '5', '3',
                                           0,  67,  '2', '.', '0', '9', 0,   6,   14,  7,   'A',
                                           10, 7,   12,  3,   36,  1,   42,  1,   44,  2};

static void test_attributes(void **state)
{
    unsigned char section[128];
    struct arm_needs needs;
    struct err err = ERR_INIT;
    (void)state;
    size_t n = make_attributes(cortex_a53, sizeof(cortex_a53), section);
    assert_int_equal(arm_parse_needs(section, n, &needs, &err), 0);
    assert_int_equal(needs.arch, 14);
    assert_int_equal(needs.fp, 7);
    assert_int_equal(needs.simd, 3);
    assert_int_equal(needs.half, 1);
    assert_int_equal(needs.div, 2);
    assert_int_equal(arm_parse_needs(section, 0, &needs, &err), 0);
    assert_int_equal(needs.arch, 0);
    // Cut anywhere, it is refused, and never read beyond its end.
    for (size_t i = 1; i < n; i++) {
        unsigned char *exact = xmalloc(i);
        memcpy(exact, section, i);
        if (arm_parse_needs(exact, i, &needs, &err) == 0) {
            assert_int_equal(i, 1); // "A" alone says nothing
        } else {
            assert_int_equal(err.code, ERR_VERIFY);
        }
        free(exact);
    }
}

static void expect_more(struct arm_needs needs, struct arm_needs limit, const char *expected)
{
    _cleanup_strbuf_ struct strbuf what = {0};
    bool more = arm_needs_more(&needs, &limit, &what);
    assert_string_equal(what.data ? what.data : "", expected);
    assert_int_equal(more, *expected != '\0');
}

static void test_processors(void **state)
{
    const struct arm_needs v7 = {.arch = 10, .fp = 4};
    const struct arm_needs a7 = {.arch = 10, .fp = 5, .simd = 2, .div = 2, .half = 1};
    const struct arm_needs a53 = {.arch = 14, .fp = 7, .simd = 3, .half = 1};
    const struct arm_needs a76 = {.arch = 14, .fp = 7, .simd = 4, .half = 1};
    (void)state;
    expect_more(v7, v7, "");
    expect_more(v7, a7, "");
    expect_more(a7, a53, ""); // ARMv8 divides without saying so
    expect_more(a7, v7,
                "VFPv4, NEON with fused multiply-add, integer division, half-precision "
                "floating point");
    expect_more(a53, a7, "ARMv8, floating point of ARMv8, NEON of ARMv8");
    expect_more(a76, a53, "NEON of ARMv8.1");
    expect_more((struct arm_needs){.arch = 10, .fp = 3}, v7, "32 floating-point registers");
    expect_more((struct arm_needs){.arch = 10, .fp = 6}, a7, "");
    expect_more((struct arm_needs){0}, v7, "");
}

static void test_glibc_versions(void **state)
{
    (void)state;
    assert_true(elf_version_exceeds("GLIBC_2.34", "2.31"));
    assert_true(elf_version_exceeds("GLIBC_2.4", "2.3"));
    assert_true(elf_version_exceeds("GLIBC_2.100", "2.36"));
    assert_true(elf_version_exceeds("GLIBC_2.3.4", "2.2"));
    assert_true(elf_version_exceeds("GLIBC_ABI_DT_RELR", "2.35"));
    assert_false(elf_version_exceeds("GLIBC_ABI_DT_RELR", "2.36"));
    assert_false(elf_version_exceeds("GLIBC_2.31", "2.31"));
    assert_false(elf_version_exceeds("GLIBC_2.4", "2.31"));
    assert_false(elf_version_exceeds("GLIBC_PRIVATE", "2.31"));
    assert_false(elf_version_exceeds("GLIBCXX_3.4.30", "2.31"));
    assert_true(elf_is_glibc_version("2.31"));
    assert_false(elf_is_glibc_version("2"));
    assert_false(elf_is_glibc_version("2.x"));
    assert_false(elf_is_glibc_version("2.31 "));
    assert_false(elf_is_glibc_version("new"));
    assert_false(elf_is_glibc_version(""));
}

static void test_no_object(void **state)
{
    struct elf_linked linked;
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(elf_read_linked("/nowhere", &linked, &err), -1);
    assert_int_equal(elf_read_linked("/proc/self/exe", &linked, &err), 0); // not for ARM
    assert_int_equal(linked.n_imports, 0);
    elf_linked_release(&linked);
}

static void expect_tool(const char *value, const char *expected)
{
    _cleanup_free_ char *now = makefile_replace_tool("T", value);
    if (expected) {
        assert_non_null(now);
        assert_string_equal(now, expected);
    } else {
        assert_null(now);
    }
}

static void test_makefile_tools(void **state)
{
    (void)state;
    expect_tool("gcc", "T-clang");
    expect_tool("gcc -std=c99 -m32", "T-clang -std=c99 -m32");
    expect_tool("/usr/bin/gcc-12", "T-clang");
    expect_tool("clang++-19", "T-clang++");
    expect_tool("mpicc", "T-mpicc");
    expect_tool("/opt/mpi/bin/mpicc -O3", "T-mpicc -O3");
    expect_tool("ar", "T-ar");
    expect_tool("ar rc", "T-ar rc");
    expect_tool("c99", "T-clang");
    expect_tool("ccache gcc -O2", "T-clang -O2");
    expect_tool("ccache", NULL);
    expect_tool("T-clang", NULL);
    expect_tool("nvcc", NULL);
    expect_tool("", NULL);
    expect_tool("$(MAKE)", NULL);
}

static void test_variants(void **state)
{
    struct variant v = {0};
    struct err err = ERR_INIT;
    (void)state;
    _cleanup_free_ char *plain = variant_name(&v);
    assert_string_equal(plain, "release");
    assert_int_equal(variant_read_sanitize("undefined,address", &v, &err), 0);
    v.debug = true;
    v.lto = true;
    _cleanup_free_ char *name = variant_name(&v);
    assert_string_equal(name, "debug-address-undefined-lto");
    struct variant again = {0};
    assert_true(variant_read_name(name, &again));
    _cleanup_free_ char *same = variant_name(&again);
    assert_string_equal(same, name);
    assert_false(variant_read_name("release-fast", &again));
    variant_release(&again);
    assert_int_equal(variant_read_sanitize("thread", &v, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(variant_read_sanitize("", &v, &err), 0); // what it has stays
    variant_release(&v);
    assert_int_equal(variant_read_sanitize("", &v, &err), -1);
}

static void test_toolset_file(void **state)
{
    char dir[] = "/tmp/pisdk-unit-XXXXXX";
    struct toolset t = {.triple = xstrdup("T"),
                        .root = xstrdup("/a folder/root"),
                        .clang = xstrdup("/c"),
                        .clangxx = xstrdup("/c++"),
                        .lld = xstrdup("/l")};
    struct toolset read;
    struct strbuf text = {0};
    struct err err = ERR_INIT;
    (void)state;
    strv_add_list(&t.flags, "-Done=two words", "-O2", NULL);
    toolset_format(&t, &text);
    assert_non_null(mkdtemp(dir));
    _cleanup_free_ char *file = fs_join(dir, TOOLSET_FILE);
    assert_int_equal(fs_write_file(file, text.data, text.len, 0644, &err), 0);
    assert_int_equal(toolset_read(dir, &read, &err), 0);
    assert_string_equal(read.root, "/a folder/root");
    assert_int_equal(read.flags.n, 2);
    assert_string_equal(read.flags.items[0], "-Done=two words");
    assert_null(read.ccache);
    toolset_release(&read);
    // Not complete, and of another pisdk.
    assert_int_equal(fs_write_file(file, "triple T\n", 9, 0644, &err), 0);
    assert_int_equal(toolset_read(dir, &read, &err), -1);
    assert_int_equal(fs_write_file(file, "what x\n", 7, 0644, &err), 0);
    assert_int_equal(toolset_read(dir, &read, &err), -1);
    assert_int_equal(fs_remove_tree(dir, &err), 0);
    toolset_release(&t);
    strbuf_release(&text);
}

static void test_quoting(void **state)
{
    (void)state;
    _cleanup_free_ char *plain = str_quoted("a b$c");
    _cleanup_free_ char *quote = str_quoted("it's");
    assert_string_equal(plain, "'a b$c'");
    assert_string_equal(quote, "'it'\\''s'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_processors),
        cmocka_unit_test(test_glibc_versions), cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_makefile_tools), cmocka_unit_test(test_variants),
        cmocka_unit_test(test_toolset_file),   cmocka_unit_test(test_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
