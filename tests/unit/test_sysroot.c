#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "sysroot/path.h"
#include "sysroot/store.h"
#include "unit.h"

static void test_members(void **state)
{
    static const char *const good[][2] = {
        {"./", ""},
        {"./usr/bin/x", "usr/bin/x"},
        {"usr//bin/./x", "usr/bin/x"},
        {"./bin/sh", "usr/bin/sh"},
        {"./lib/arm-linux-gnueabihf/libc.so.6", "usr/lib/arm-linux-gnueabihf/libc.so.6"},
        {"./lib", "usr/lib"},
        {"./library/x", "library/x"},
        {"./..x/y", "..x/y"},
    };
    static const char *const bad[] = {"/etc/passwd", "../x", "./usr/../../x", "a/..", ".."};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        _cleanup_free_ char *path = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(sysroot_path_of_member(good[i][0], &path, &err), 0);
        assert_string_equal(path, good[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *path;
        struct err err = ERR_INIT;
        assert_int_equal(sysroot_path_of_member(bad[i], &path, &err), -1);
        assert_int_equal(err.code, ERR_VERIFY);
    }
}

static void test_links(void **state)
{
    static const char *const good[][3] = {
        {"./usr/lib/a.so", "a.so.1", "a.so.1"},
        {"./usr/lib/x/a.so", "/usr/lib/y/a.so.1", "../y/a.so.1"},
        {"./usr/lib/x/a.so", "/lib/y/a.so.1", "../y/a.so.1"}, // /usr is merged
        {"./lib/ld.so.3", "arm/ld.so", "arm/ld.so"},
        {"./lib/ld.so.3", "../usr/lib/b", "b"}, // moved to usr/lib: the way there is another
        {"./usr/lib/x/up", "..", ".."},
        {"./usr/bin/all", "/", "../.."},
        {"./etc/mtab", "/proc/self/mounts", "../proc/self/mounts"},
        {"./usr/share/d", "../lib/d", "../lib/d"},
    };
    static const char *const bad[][2] = {
        {"./usr/lib/a", "../../../etc/passwd"}, {"./a", ".."}, {"./a", "/../etc"}, {"./a", ""}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        _cleanup_free_ char *target = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(sysroot_path_of_link(good[i][0], good[i][1], &target, &err), 0);
        assert_string_equal(target, good[i][2]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *target;
        struct err err = ERR_INIT;
        assert_int_equal(sysroot_path_of_link(bad[i][0], bad[i][1], &target, &err), -1);
        assert_int_equal(err.code, ERR_VERIFY);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_true(sysroot_name_is_valid("bookworm"));
    assert_true(sysroot_name_is_valid("lab_2.1-x"));
    assert_false(sysroot_name_is_valid(""));
    assert_false(sysroot_name_is_valid(".hidden"));
    assert_false(sysroot_name_is_valid("-x"));
    assert_false(sysroot_name_is_valid("a/b"));
    assert_false(sysroot_name_is_valid("a b"));
}

static void test_manifest(void **state)
{
    _cleanup_free_ char *data = xstrdup("/tmp/pisdk-unit-XXXXXX");
    char name[] = "libc6";
    char version[] = "2.36-9";
    char arch[] = "armhf";
    char file[] = "pool/main/x.deb";
    char title[] = "Debian 12";
    struct package package = {name, version, arch, file, "", 12, 34, 0};
    struct recipe recipe = {.title = title, .arch = arch, .triple = arch};
    const struct package_list list = {&package, 1};
    struct err err = ERR_INIT;
    struct sysroot s;
    (void)state;

    assert_non_null(mkdtemp(data));
    _cleanup_free_ char *dir = fs_join(data, "sysroots/test");
    _cleanup_free_ char *root = fs_join(dir, "root");
    memset(package.sha256, 'a', HASH_HEX);
    strv_add(&recipe.environment, "A=1");
    strv_add(&recipe.environment, "B=two words");
    assert_int_equal(fs_mkdir_all(root, 0755, &err), 0);
    assert_int_equal(sysroot_write_manifest(dir, &recipe, &list, 99, &err), 0);
    assert_int_equal(sysroot_open(data, "test", &s, &err), 0);
    assert_string_equal(s.title, "Debian 12");
    assert_int_equal(s.bytes, 99);
    assert_int_equal(s.environment.n, 2);
    assert_string_equal(s.environment.items[1], "B=two words");
    assert_int_equal(s.rootless.n, 0);
    assert_int_equal(s.packages.n, 1);
    assert_string_equal(s.packages.items[0].version, "2.36-9");
    assert_string_equal(s.packages.items[0].sha256, package.sha256);
    assert_int_equal(s.packages.items[0].installed_size, 34);
    sysroot_release(&s);
    assert_int_equal(sysroot_open(data, root, &s, &err), 0); // by its path
    assert_string_equal(s.name, "test");
    sysroot_release(&s);
    assert_int_equal(sysroot_open(data, "../x", &s, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);

    _cleanup_free_ char *manifest = fs_join(dir, "manifest");
    assert_int_equal(fs_write_file(manifest, "Format: 99\n", 11, 0644, &err), 0);
    assert_int_equal(sysroot_open(data, "test", &s, &err), -1);
    strv_release(&recipe.environment);
    assert_int_equal(fs_remove_tree(data, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
