// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/ini.h"
#include "base/printable.h"
#include "base/proc.h"
#include "base/str.h"
#include "unit.h"

static char *temporary_folder(void)
{
    char *dir = xstrdup("/tmp/pisdk-unit-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static void remove_folder(const char *dir)
{
    struct err err = ERR_INIT;
    assert_int_equal(fs_remove_tree(dir, &err), 0);
}

static void test_printable(void **state)
{
    static const struct {
        const char *text, *line, *shown, *utf8;
    } cases[] = {
        {"", "", "", ""},
        {"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
         "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
         "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
         "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\033[31mb\177", "a\\x1b[31mb\\x7f", "a\\x1b[31mb\\x7f", "a\033[31mb\177"},
        {"a\n\tb\r", "a\\x0a\\x09b\\x0d", "a\n\tb\\x0d", "a\n\tb\r"},
        {"\xc2\x9b"
         "1m",
         "\\xc2\\x9b"
         "1m",
         "\\xc2\\x9b"
         "1m",
         "\xc2\x9b"
         "1m"},
        {"\xe2\x80\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae", "\xe2\x80\xae"},
        // Cut short, overlong, a surrogate, too large, a tail alone.
        {"\xe2\x82", "\\xe2\\x82", "\\xe2\\x82", "\\xe2\\x82"},
        {"\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf", "\\xc0\\xaf"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80",
         "\\xf4\\x90\\x80\\x80"},
        {"x\xff"
         "y",
         "x\\xff"
         "y",
         "x\\xff"
         "y",
         "x\\xff"
         "y"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *line = printable(cases[i].text, PRINTABLE_LINE);
        _cleanup_free_ char *shown = printable(cases[i].text, PRINTABLE_TEXT);
        _cleanup_free_ char *utf8 = printable(cases[i].text, PRINTABLE_UTF8);
        assert_string_equal(line, cases[i].line);
        assert_string_equal(shown, cases[i].shown);
        assert_string_equal(utf8, cases[i].utf8);
    }
}

static void test_err(void **state)
{
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(err_set(&err, ERR_VERIFY, "bad %s", "hash"), -1);
    err_hint(&err, "try %d", 2);
    assert_int_equal(err_wrap(&err, "fetch %s", "x"), -1);
    assert_string_equal(err.msg, "fetch x: bad hash");
    assert_string_equal(err.hint, "try 2");
    assert_int_equal(err.code, ERR_VERIFY);
    errno = ENOSPC;
    err_sys(&err, "cannot write %s", "f");
    assert_string_equal(err.msg, "cannot write f: No space left on device");
    assert_int_equal(err.sys, ENOSPC);
    assert_true(strlen(err.hint) > 0);
    for (int i = 0; i < 100; i++) { // never beyond the buffer
        err_wrap(&err, "%0100d", i);
    }
    assert_true(strlen(err.msg) < ERR_MSG_MAX);
}

static void test_strbuf(void **state)
{
    struct strbuf b = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        strbuf_addf(&b, "%d,", i);
    }
    assert_int_equal(b.len, strlen(b.data));
    assert_true(str_ends(b.data, "998,999,"));
    strbuf_release(&b);
    char *empty = strbuf_take(&b);
    assert_string_equal(empty, "");
    free(empty);
}

static void test_strv(void **state)
{
    _cleanup_strv_ struct strv v = {0};
    (void)state;
    strv_add_words(&v, "  one two\n\tthree ");
    for (int i = 0; i < 100; i++) {
        strv_addf(&v, "%03d", i);
        assert_null(v.items[v.n]);
    }
    assert_int_equal(v.n, 103);
    assert_true(strv_has(&v, "two"));
    assert_false(strv_has(&v, "tw"));
    strv_sort(&v);
    assert_string_equal(v.items[0], "000");
    assert_string_equal(v.items[102], "two");
}

static void test_slices(void **state)
{
    struct slice rest = {"a::b", 4};
    struct slice part;
    (void)state;
    assert_true(slice_cut(&rest, ':', &part) && slice_is(part, "a"));
    assert_true(slice_cut(&rest, ':', &part) && slice_is(part, ""));
    assert_true(slice_cut(&rest, ':', &part) && slice_is(part, "b"));
    assert_false(slice_cut(&rest, ':', &part));
    assert_true(slice_is(slice_trim((struct slice){" \tx y\n", 6}), "x y"));
    assert_true(slice_is((struct slice){NULL, 0}, ""));
}

static void test_nearest(void **state)
{
    _cleanup_strv_ struct strv names = {0};
    (void)state;
    strv_add_words(&names, "build boards run sysroot");
    assert_string_equal(str_nearest("biuld", &names), "build"); // neighbours swapped
    assert_string_equal(str_nearest("sysrot", &names), "sysroot");
    assert_string_equal(str_nearest("ru", &names), "run");
    assert_null(str_nearest("xyzzy", &names));
    assert_null(str_nearest("", &names));
    char *long_name = xmalloc(1000);
    memset(long_name, 'b', 999);
    long_name[999] = '\0';
    assert_null(str_nearest(long_name, &names));
    free(long_name);
}

static void test_sizes_and_times(void **state)
{
    char out[32];
    (void)state;
    assert_string_equal(str_size(out, 999), "999 B");
    assert_string_equal(str_size(out, 1500), "1.5 kB");
    assert_string_equal(str_size(out, 137000000), "137 MB");
    assert_string_equal(str_size(out, 999999999), "1.0 GB");
    assert_string_equal(str_seconds(out, 0.5), "0.50 s");
    assert_string_equal(str_seconds(out, 192), "3 min 12 s");
}

static void test_paths(void **state)
{
    (void)state;
    struct {
        const char *path, *parent, *base;
    } cases[] = {{"a/b", "a", "b"}, {"a", ".", "a"}, {"/a", "/", "a"}, {"/a/b/c", "/a/b", "c"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *parent = fs_parent(cases[i].path);
        assert_string_equal(parent, cases[i].parent);
        assert_string_equal(fs_base(cases[i].path), cases[i].base);
    }
    assert_true(fs_is_below("/a/b", "/a"));
    assert_true(fs_is_below("/a", "/a/"));
    assert_true(fs_is_below("/x", "/"));
    assert_false(fs_is_below("/ab", "/a"));
    _cleanup_free_ char *absolute = fs_join("/a", "/b");
    assert_string_equal(absolute, "/b");
}

static void test_files(void **state)
{
    _cleanup_free_ char *dir = temporary_folder();
    _cleanup_free_ char *deep = fs_join(dir, "a/b/c");
    _cleanup_free_ char *file = fs_join(deep, "file");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err err = ERR_INIT;
    struct stat st;
    (void)state;

    assert_int_equal(fs_mkdir_all(deep, 0755, &err), 0);
    assert_int_equal(fs_mkdir_all(deep, 0755, &err), 0);
    assert_int_equal(fs_write_file(file, "hello", 5, 0600, &err), 0);
    assert_int_equal(fs_write_file(file, "world", 5, 0640, &err), 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(fs_read_file(file, 100, &text, &err), 0);
    assert_string_equal(text.data, "world");
    assert_int_equal(fs_read_file(file, 3, &text, &err), -1); // larger than allowed
    assert_int_equal(fs_read_file(dir, 3, &text, &err), -1);
    assert_int_equal(fs_read_file("/nowhere/x", 3, &text, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(fs_write_file("/nowhere/x", "", 0, 0644, &err), -1);

    _cleanup_strv_ struct strv names = {0};
    assert_int_equal(fs_list_dir(deep, &names, &err), 0);
    assert_int_equal(names.n, 1); // no temporary file is left
    remove_folder(dir);
    assert_false(fs_exists(dir));
    remove_folder(dir); // a missing one is fine
}

static void test_open_beneath(void **state)
{
    _cleanup_free_ char *dir = temporary_folder();
    _cleanup_free_ char *link = fs_join(dir, "link");
    _cleanup_close_ int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)state;

    assert_int_equal(symlink("/etc", link), 0);
    assert_int_equal(fs_open_beneath(root, "../etc", O_PATH, 0), -1);
    assert_int_equal(fs_open_beneath(root, "/etc", O_PATH, 0), -1);
    assert_int_equal(fs_open_beneath(root, "link/passwd", O_RDONLY, 0), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(fs_open_folder_beneath(root, "link/sub", 0755), -1);
    _cleanup_close_ int deep = fs_open_folder_beneath(root, "x/y/z", 0755);
    assert_true(deep >= 0);
    remove_folder(dir);
}

static void test_lock(void **state)
{
    _cleanup_free_ char *dir = temporary_folder();
    _cleanup_free_ char *path = fs_join(dir, "lock");
    struct err err = ERR_INIT;
    (void)state;

    int first = fs_lock(path, FS_LOCK_TRY, &err);
    assert_true(first >= 0);
    assert_int_equal(fs_lock(path, FS_LOCK_TRY, &err), -1);
    assert_int_equal(err.sys, EWOULDBLOCK);
    close(first);
    _cleanup_close_ int second = fs_lock(path, FS_LOCK_TRY, &err);
    assert_true(second >= 0);
    remove_folder(dir);
}

static void test_hash(void **state)
{
    char hex[HASH_HEX + 1];
    (void)state;
    hash_bytes("abc", 3, hex); // FIPS 180-2, example B.1
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(hash_is_hex(hex));
    hex[10] = 'G';
    assert_false(hash_is_hex(hex));
    assert_false(hash_is_hex("abc"));
}

static int run_shell(const char *script, struct strbuf *out, struct strbuf *three)
{
    _cleanup_strv_ struct strv argv = {0};
    struct err err = ERR_INIT;
    int status = -1;
    strv_add_list(&argv, "sh", "-c", script, NULL);
    const struct proc_capture capture = {.input = -1, .max = 1000, .out = out, .status_out = three};
    assert_int_equal(proc_capture(argv.items, &capture, &status, &err), 0);
    return status;
}

static void test_processes(void **state)
{
    _cleanup_strbuf_ struct strbuf out = {0};
    _cleanup_strbuf_ struct strbuf three = {0};
    (void)state;

    assert_int_equal(run_shell("echo one; echo two >&3; exit 7", &out, &three), 7);
    assert_string_equal(out.data, "one\n");
    assert_string_equal(three.data, "two\n");
    out.len = 0;
    assert_int_equal(run_shell("kill -TERM $$", &out, NULL), 128 + SIGTERM);
    // No descriptor of ours reaches a child but the standard ones.
    _cleanup_close_ int leak = open("/dev/null", O_RDONLY | O_CLOEXEC);
    out.len = 0;
    _cleanup_free_ char *script = xasprintf("test ! -e /proc/self/fd/%d", leak);
    assert_int_equal(run_shell(script, &out, NULL), 0);
    out.len = 0; // more than the limit: cut off, and the child still ends
    assert_int_equal(run_shell("head -c 100000 /dev/zero", &out, NULL), 0);
    assert_true(out.len <= 1000);

    char missing[] = "/nowhere/program";
    char *argv[] = {missing, NULL};
    struct err err = ERR_INIT;
    int status;
    assert_int_equal(proc_run(argv, &status, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static int collect(void *user, const char *section, const char *key, const char *value,
                   struct err *err)
{
    struct strbuf *b = user;
    if (strcmp(key, "bad") == 0) {
        return ini_unknown(section, key, "s.good s.kind", err);
    }
    strbuf_addf(b, "[%s]%s=%s;", section, key, value);
    return 0;
}

static void test_ini(void **state)
{
    _cleanup_strbuf_ struct strbuf b = {0};
    struct err err = ERR_INIT;
    long number;
    (void)state;

    assert_int_equal(
        ini_read_text("f", "; comment\n[s]\na = 1 ; why\nb = x\n  y\n", collect, &b, &err), 0);
    assert_string_equal(b.data, "[s]a=1;[s]b=x;[s]b=y;");
    assert_int_equal(ini_read_text("f", "[s]\n\nbad = 1\nworse\n", collect, &b, &err), -1);
    assert_string_equal(err.msg, "f:3: unknown key `bad` in section [s]");
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(ini_read_text("f", "[s]\nnonsense\n", collect, &b, &err), -1);
    assert_string_equal(err.msg, "f:2: neither [section] nor key = value");
    assert_int_equal(ini_number("k", "12", 1, 20, &number, &err), 0);
    assert_int_equal(number, 12);
    assert_int_equal(ini_number("k", "21", 1, 20, &number, &err), -1);
    assert_int_equal(ini_number("k", "", 0, 20, &number, &err), -1);
}

static void expect_sections(const char *text, const char *expected)
{
    _cleanup_(ini_sections_release) struct ini_sections found = {0};
    _cleanup_strbuf_ struct strbuf b = {0};
    struct err err = ERR_INIT;
    assert_int_equal(ini_find_sections("f", text, &found, &err), 0);
    strbuf_adds(&b, "");
    for (size_t i = 0; i < found.n; i++) {
        const struct ini_section *s = &found.items[i];
        strbuf_addf(&b, "%d %s <%.*s>", s->line, s->name, (int)(s->end - s->begin),
                    text + s->begin);
    }
    assert_string_equal(b.data, expected);
}

static void test_ini_sections(void **state)
{
    static const char *const bad[] = {
        "[s]x",
        "[s] x = 1",
        "[s]]",
        "[s[1-2]",
        "[s[1-2]x]",
        "[s[1-2]]]",
        "[s[1]-[2]]",
        "[s",
        "[[s[1]]",
        "[s[1-2]] x",
        "[a ;b]",
        "[a\t;b]",
        "[0123456789012345678901234567890123456789012345678901234567890]",
    };
    _cleanup_strbuf_ struct strbuf b = {0};
    struct err err = ERR_INIT;
    (void)state;

    expect_sections("", "");
    expect_sections("k = 1\n", "");
    expect_sections("; c\n[a]\nk = 1\n\n  two\n; d\n\n[b] ; x\n# e\n[a]\n",
                    "2 a <[a]\nk = 1\n\n  two\n>8 b <[b] ; x\n>10 a <[a]\n>");
    expect_sections("[a]\nk = 1\n [b]\n", "1 a <[a]\nk = 1\n [b]\n>"); // goes on with the value
    expect_sections(" [a]\n [b]\nk=1", "1 a < [a]\n>2 b < [b]\nk=1>");
    expect_sections("\xEF\xBB\xBF[a]\n", "1 a <[a]\n>");
    assert_int_equal(
        ini_read_text("f", "[n pi[1-4]] # c\nk = 1\n[b]\nl = [x]\n", collect, &b, &err), 0);
    assert_string_equal(b.data, "[n pi[1-4]]k=1;[b]l=[x];");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_free_ char *text = xasprintf("[a]\nk = 1\n%s\nk = 1\n", bad[i]);
        if (ini_read_text("f", text, collect, &b, &err) == 0) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_int_equal(err.code, ERR_USAGE);
        assert_true(str_starts(err.msg, "f:3: "));
    }
}

static void test_words_of_shells(void **state)
{
    char one[STR_UNIQUE + 1];
    char other[STR_UNIQUE + 1];
    _cleanup_strbuf_ struct strbuf b = {0};
    _cleanup_strv_ struct strv words = {0};
    (void)state;
    strv_add_list(&words, "a b", "it's", "", NULL);
    strbuf_adds(&b, "echo");
    strbuf_add_quoted(&b, words.items);
    assert_string_equal(b.data, "echo 'a b' 'it'\\''s' ''");
    strbuf_add_quoted(&b, NULL);
    assert_string_equal(b.data, "echo 'a b' 'it'\\''s' ''");

    _cleanup_free_ char *last = str_last_line("first\n  last \r\n \n\n");
    _cleanup_free_ char *none = str_last_line("\n \n");
    assert_string_equal(last, "last");
    assert_string_equal(none, "");

    str_unique(one);
    str_unique(other);
    assert_int_equal(strspn(one, "0123456789abcdef"), STR_UNIQUE);
    assert_string_not_equal(one, other);
}

static void test_expand(void **state)
{
    (void)state;
    const struct str_pair pairs[] = {{"{a}", "{b}"}, {"{b}", "B"}, {"'", ""}};
    const struct {
        const char *text, *expanded;
    } cases[] = {{"", ""}, {"{a}{b}", "{b}B"}, {"x{a", "x{a"}, {"'{b}'", "B"}, {"{c}", "{c}"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = str_expand(cases[i].text, pairs, ARRAY_SIZE(pairs));
        assert_string_equal(text, cases[i].expanded);
    }
    _cleanup_free_ char *quoted = str_quoted("it's");
    assert_string_equal(quoted, "'it'\\''s'");
    _cleanup_free_ char *empty = str_quoted("");
    assert_string_equal(empty, "''");
}

static void test_html(void **state)
{
    (void)state;
    char *text = str_html("a <b> & c");
    assert_string_equal(text, "a &lt;b> &amp; c");
    free(text);
}

static void test_field(void **state)
{
    char path[] = "/tmp/pisdk-field-XXXXXX";
    static const char text[] = "other: 1\nmodel\t: A B: C \nmodel\t: D\nlast:\n";
    int fd = mkstemp(path);
    (void)state;
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    char *value = fs_read_field(path, "model");
    assert_string_equal(value, "A B: C");
    free(value);
    value = fs_read_field(path, "last");
    assert_string_equal(value, "");
    free(value);
    assert_null(fs_read_field(path, "mod"));
    close(fd);
    unlink(path);
    assert_null(fs_read_field(path, "model"));
}

static void test_succeed(void **state)
{
    _cleanup_strv_ struct strv good = {0};
    _cleanup_strv_ struct strv bad = {0};
    struct strbuf out = {0};
    struct err err = ERR_INIT;
    (void)state;
    strv_add_list(&good, "sh", "-c", "echo yes", NULL);
    strv_add_list(&bad, "sh", "-c", "echo first >&2; echo last >&2; exit 3", NULL);
    assert_int_equal(proc_succeed(good.items, NULL, &out, &err), 0);
    assert_string_equal(out.data, "yes\n");
    assert_int_equal(proc_succeed(good.items, NULL, NULL, &err), 0);
    assert_int_equal(proc_succeed(bad.items, NULL, NULL, &err), -1);
    assert_string_equal(err.msg, "sh: last");
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_succeed),
        cmocka_unit_test(test_words_of_shells),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_strbuf),
        cmocka_unit_test(test_strv),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_sizes_and_times),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_open_beneath),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_ini),
        cmocka_unit_test(test_ini_sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
