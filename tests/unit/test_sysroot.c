// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "sysroot/native.h"
#include "sysroot/path.h"
#include "sysroot/store.h"
#include "sysroot/tree.h"
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

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define LOCK_TEXT                                                                                  \
    "Format: 1\nSysroot: test\nTitle: Debian 12\nArchitecture: armhf\n"                            \
    "Triple: arm-linux-gnueabihf\nLinks:\n usr/bin/x y\nEnvironment:\n A=1\n B=two words\n"        \
    "Tree-Size: 99\nTree-SHA256: " SUM_A "\n\n"                                                    \
    "Package: libc6\nVersion: 2.36-9\nArchitecture: armhf\nOrigin: debian\nSuite: bookworm\n"      \
    "Source: glibc (2.36-9)\nInstalled-Size: 34\nSize: 12\nSHA256: " SUM_A                         \
    "\nFilename: pool/main/x.deb\n"

static void test_store(void **state)
{
    _cleanup_free_ char *data = xstrdup("/tmp/pisdk-unit-XXXXXX");
    struct err err = ERR_INIT;
    struct lock lock;
    struct sysroot s;
    (void)state;

    assert_non_null(mkdtemp(data));
    _cleanup_free_ char *dir = fs_join(data, "sysroots/test");
    _cleanup_free_ char *root = fs_join(dir, "root");
    _cleanup_free_ char *file = fs_join(dir, LOCK_FILE);
    assert_int_equal(fs_mkdir_all(root, 0755, &err), 0);
    assert_int_equal(lock_parse("x", LOCK_TEXT, strlen(LOCK_TEXT), &lock, &err), 0);
    assert_int_equal(lock_write(file, &lock, &err), 0);
    assert_int_equal(sysroot_open(data, "test", &s, &err), 0);
    assert_string_equal(s.lock.title, "Debian 12");
    assert_int_equal(s.lock.tree_size, 99);
    assert_int_equal(s.lock.environment.n, 2);
    assert_string_equal(s.lock.environment.items[1], "B=two words");
    assert_int_equal(s.lock.packages.n, 1);
    assert_string_equal(s.lock.packages.items[0].version, "2.36-9");
    assert_string_equal(s.lock.packages.items[0].files[0].sha256, SUM_A);
    assert_int_equal(s.lock.packages.items[0].installed_size, 34);
    sysroot_release(&s);
    assert_int_equal(sysroot_open(data, root, &s, &err), 0); // by its path
    assert_string_equal(s.name, "test");
    sysroot_release(&s);
    assert_int_equal(sysroot_open_locked(data, &lock, &s, &err), 0);
    sysroot_release(&s);
    lock.tree_sha256[0] = 'b'; // the same packages, another tree
    assert_int_equal(sysroot_open_locked(data, &lock, &s, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(sysroot_open(data, "../x", &s, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(fs_write_file(file, "Format: 99\n", 11, 0644, &err), 0);
    assert_int_equal(sysroot_open(data, "test", &s, &err), -1);
    lock_release(&lock);
    assert_int_equal(fs_remove_tree(data, &err), 0);
}

static void test_lock_text(void **state)
{
    struct lock lock;
    struct err err = ERR_INIT;
    _cleanup_strbuf_ struct strbuf text = {0};
    (void)state;

    assert_int_equal(lock_parse("x", LOCK_TEXT, strlen(LOCK_TEXT), &lock, &err), 0);
    lock_format(&lock, true, &text);
    assert_string_equal(text.data, LOCK_TEXT);
    lock_release(&lock);
}

// Packages of another architecture, which have the same names.
static void test_native_lock(void **state)
{
    static const char head[] =
        "Format: 2\nSysroot: test\nArchitecture: armhf\n"
        "Triple: arm-linux-gnueabihf\nNative:\n"
        " amd64 x86_64-linux-gnu usr/bin/a usr/lib/x/*\n i386 i386-linux-gnu "
        "usr/bin/b\n";
    static const char *const archs[] = {"armhf", "amd64", "amd64", "i386"};
    static const char *const names[] = {"libc6", "dash", "libc6", "libc6"};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf again = {0};
    struct err err = ERR_INIT;
    struct lock lock;
    const char *inner;
    (void)state;

    strbuf_adds(&text, head);
    for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
        strbuf_addf(&text,
                    "\nPackage: %s\nVersion: 1\nArchitecture: %s\nSize: 1\nSHA256: " SUM_A
                    "\nFilename: pool/x.deb\n",
                    names[i], archs[i]);
    }
    assert_int_equal(lock_parse("x", text.data, text.len, &lock, &err), 0);
    assert_int_equal(lock.packages.n, 1);
    assert_int_equal(lock.n_natives, 2);
    assert_int_equal(lock.natives[0].packages.n, 2);
    assert_string_equal(lock.natives[0].triple, "x86_64-linux-gnu");
    assert_string_equal(lock.natives[0].files.items[1], "usr/lib/x/*");
    assert_int_equal(lock.natives[1].packages.n, 1);
    lock_format(&lock, true, &again);
    assert_string_equal(again.data, text.data);

    assert_ptr_equal(native_of_path(&lock, "usr/lib/pisdk/native/i386/usr/bin/b", &inner),
                     &lock.natives[1]);
    assert_string_equal(inner, "usr/bin/b");
    assert_null(native_of_path(&lock, "usr/lib/pisdk/native/i386", &inner));
    assert_null(native_of_path(&lock, "usr/lib/pisdk/native/i3867/x", &inner));
    assert_null(native_of_path(&lock, "usr/bin/b", &inner));
    lock_release(&lock);
}

static void test_same_versions(void **state)
{
    (void)state;
    assert_true(native_is_same_version("1.2-3", "1.2-3"));
    assert_true(native_is_same_version("1.2-3+b1", "1.2-3"));
    assert_true(native_is_same_version("1.2-3+b1", "1.2-3+b12"));
    assert_false(native_is_same_version("1.2-3", "1.2-3+deb12u1"));
    assert_false(native_is_same_version("1.2-3b1", "1.2-3"));
    assert_false(native_is_same_version("1.2-3+b", "1.2-3"));
    assert_false(native_is_same_version("+b1", "1"));
}

// A line of a good lock, what somebody makes of it, and words of the error.
static void test_bad_locks(void **state)
{
    static const struct {
        const char *from, *to, *says;
        enum err_code code;
    } cases[] = {
        {"Format: 1", "Format: 3", "format 3 is newer", ERR_FAILED},
        {"Format: 1", "Fromat: 1", "not a lock file", ERR_VERIFY},
        {"Sysroot: test", "Sysroot: ../test", "`Sysroot`", ERR_VERIFY},
        {"Sysroot: test", "Sysroot: a/b", "`Sysroot`", ERR_VERIFY},
        {"Triple: arm-linux-gnueabihf", "Triple: ../x", "`Triple`", ERR_VERIFY},
        {"Package: libc6", "Package: ../libc6", "not a valid package name", ERR_VERIFY},
        {"Package: libc6", "Package: lib/c6", "not a valid package name", ERR_VERIFY},
        {"Version: 2.36-9", "Version: 2.36/../9", "`Version`", ERR_VERIFY},
        {"Architecture: armhf\nOrigin", "Architecture: amd64\nOrigin", "neither armhf nor all",
         ERR_VERIFY},
        {"Filename: pool/main/x.deb", "Filename: /etc/x.deb", "its size is invalid", ERR_VERIFY},
        {"Filename: pool/main/x.deb", "Filename: pool/../../x", "its size is invalid", ERR_VERIFY},
        {"\nSize: 12", "\nSize: 0", "its size is invalid", ERR_VERIFY},
        {"\nSize: 12", "\nSize: -1", "`Size`", ERR_VERIFY},
        {"\nSize: 12", "\nSize: 12345678901234567890", "`Size`", ERR_VERIFY},
        {"\nSHA256: aa", "\nSHA256: AA", "not a SHA-256", ERR_VERIFY},
        {"Tree-SHA256: aa", "Tree-SHA256: a", "`Tree-SHA256`", ERR_VERIFY},
        {" usr/bin/x y", " /usr/bin/x y", "a link is", ERR_VERIFY},
        {" usr/bin/x y", " usr/bin/x", "without a target", ERR_VERIFY},
        {" usr/bin/x y", " usr/bin/x ../../../etc", "a link is", ERR_VERIFY},
        {"Links:", "Native:\n amd64\nLinks:", "`Native`", ERR_VERIFY},
        {"Links:", "Native:\n ../x y\nLinks:", "`Native`", ERR_VERIFY},
        {"Links:", "Native:\n amd64 ../x\nLinks:", "`Native`", ERR_VERIFY},
        {"Links:", "Native:\n armhf x\nLinks:", "`Native`", ERR_VERIFY},
        {"Links:", "Native:\n amd64 x\n amd64 y\nLinks:", "`Native`", ERR_VERIFY},
        {"Triple: arm", "Flags: -DA=$(x)\nTriple: arm", "`Flags`", ERR_VERIFY},
        {"Triple: arm", "Flags: -fplugin=x\nTriple: arm", "`Flags`", ERR_VERIFY},
        {"Origin: debian", "Files:\n " SUM_A " 1 x\nOrigin: debian", "unexpected files",
         ERR_VERIFY},
        {"Origin: debian", "Script: ../x.ini\nScript-SHA256: " SUM_A "\nOrigin: debian", "`Script`",
         ERR_VERIFY},
        {"Suite: bookworm", "nonsense", "neither a field", ERR_VERIFY},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *at = strstr(LOCK_TEXT, cases[i].from);
        struct err err = ERR_INIT;
        struct lock lock;
        assert_non_null(at);
        _cleanup_free_ char *text = xasprintf("%.*s%s%s", (int)(at - LOCK_TEXT), LOCK_TEXT,
                                              cases[i].to, at + strlen(cases[i].from));
        assert_int_equal(lock_parse("pisdk.lock", text, strlen(text), &lock, &err), -1);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.msg, "pisdk.lock:"));
    }
}

static void on_change(void *user, enum tree_change change, const char *path, const char *how)
{
    static const char *const words[] = {"changed", "missing", "added"};
    strbuf_addf(user, "%s %s %s;", words[change], path, how);
}

static void test_trees(void **state)
{
    static const char text[] =
        "#mtree\n./a\\040b type=file mode=0444 time=5.0 size=3 sha256=" SUM_A " tags=elf\n"
        "./d type=dir mode=0755 time=315532800.0\n"
        "./d/l type=link mode=0777 time=7.0 link=../a\\040b\n";
    _cleanup_strbuf_ struct strbuf again = {0};
    _cleanup_strbuf_ struct strbuf changes = {0};
    _cleanup_(tree_release) struct tree a;
    _cleanup_(tree_release) struct tree b;
    struct err err = ERR_INIT;
    (void)state;

    assert_int_equal(tree_parse(text, strlen(text), &a, &err), 0);
    assert_int_equal(tree_parse(text, strlen(text), &b, &err), 0);
    assert_string_equal(a.items[0].path, "a b");
    assert_true(a.items[0].elf);
    assert_int_equal(tree_size(&a), 3);
    tree_format(&a, &again);
    assert_string_equal(again.data, text);
    assert_int_equal(tree_compare(&a, &b, on_change, &changes), 0);
    b.items[0].mode = 0666;
    b.items[1].time = 1; // of a folder: not compared
    b.items[2].target[0] = 'x';
    tree_add(&b, TREE_FOLDER, "e");
    tree_add(&a, TREE_FILE, "f");
    assert_int_equal(tree_compare(&a, &b, on_change, &changes), 4);
    assert_string_equal(changes.data,
                        "changed a b mode;changed d/l points elsewhere;added e ;missing f ;");
}

static void test_bad_trees(void **state)
{
    static const char *const texts[] = {
        "",
        "./a type=dir\n",
        "#mtree\n/a type=dir mode=0755 time=1.0\n",
        "#mtree\n./../a type=dir mode=0755 time=1.0\n",
        "#mtree\n./a/\\056\\056/b type=dir mode=0755 time=1.0\n",
        "#mtree\n./a type=file mode=0444 time=1.0 size=1\n",
        "#mtree\n./a type=link mode=0777 time=1.0\n",
        "#mtree\n./a type=fifo mode=0777 time=1.0\n",
        "#mtree\n./a type=dir mode=0999 time=1.0\n",
        "#mtree\n./a\\0 type=dir mode=0755 time=1.0\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct tree tree;
        struct err err = ERR_INIT;
        assert_int_equal(tree_parse(texts[i], strlen(texts[i]), &tree, &err), -1);
        assert_int_equal(err.code, ERR_VERIFY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),     cmocka_unit_test(test_links),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_store),
        cmocka_unit_test(test_lock_text),   cmocka_unit_test(test_bad_locks),
        cmocka_unit_test(test_native_lock), cmocka_unit_test(test_same_versions),
        cmocka_unit_test(test_trees),       cmocka_unit_test(test_bad_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
