// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/str.h"
#include "deb/aptconf.h"
#include "deb/deb822.h"
#include "deb/release.h"
#include "unit.h"

static void test_deb822(void **state)
{
    static const char text[] = "# comment\n\nA: 1\nb:  two\n three\n#inside\n\n\nC:\n x\n y\n";
    struct deb822_reader r;
    struct deb822 p = {0};
    (void)state;

    deb822_reader_init(&r, text, strlen(text));
    assert_true(deb822_next(&r, &p));
    assert_int_equal(p.n, 2);
    assert_true(slice_is(deb822_get(&p, "a"), "1"));
    assert_true(slice_is(deb822_get(&p, "B"), "two\n three"));
    assert_null(deb822_get(&p, "missing").p);
    assert_true(deb822_next(&r, &p));
    assert_true(slice_is(slice_trim(deb822_get(&p, "C")), "x\n y"));
    assert_false(deb822_next(&r, &p));
    assert_false(r.bad);
    deb822_release(&p);
}

static void test_deb822_malformed(void **state)
{
    static const char *const texts[] = {"A: 1\nnonsense\n", " continuation first\n", ": no name\n"};
    static const int lines[] = {2, 1, 1};
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct deb822_reader r;
        struct deb822 p = {0};
        deb822_reader_init(&r, texts[i], strlen(texts[i]));
        assert_false(deb822_next(&r, &p));
        assert_true(r.bad);
        assert_int_equal(r.line, lines[i]);
        deb822_release(&p);
    }
}

static void check_list(const char *text, const char *expected)
{
    _cleanup_strv_ struct strv mirrors = {0};
    aptconf_parse_list(text, strlen(text), "", &mirrors);
    _cleanup_free_ char *joined = strv_join(&mirrors, " ");
    assert_string_equal(joined, expected);
}

static void test_apt_lists(void **state)
{
    (void)state;
    check_list("deb http://a/debian bookworm main\n", "http://a/debian");
    check_list("deb  [ arch=amd64 ]  https://a/debian/  trixie  contrib main # c\n",
               "https://a/debian");
    check_list("deb http://a/d stable main\ndeb http://a/d/ sid main\n", "http://a/d");
    check_list("# deb http://a/d stable main\n", "");
    check_list("deb-src http://a/d stable main\n", "");
    check_list("deb http://a/d stable contrib\n", "");
    check_list("deb http://a/d bookworm-security main\n", "");
    check_list("deb http://a/ubuntu noble main\n", "");
    check_list("deb cdrom:[x]/ bookworm main\n", "");
    check_list("deb [unclosed http://a/d bookworm main\n", "");
    check_list("deb\ndeb http://a\ndeb http://a bookworm\n", "");
}

static void test_apt_sources(void **state)
{
    static const char text[] =
        "Types: deb deb-src\nURIs: http://a/d/ http://b/d\nSuites: bookworm bookworm-updates\n"
        "Components: main\n\n"
        "Types: deb\nURIs: http://c\nSuites: bookworm\nComponents: main\nEnabled: No\n\n"
        "Types: deb\nURIs: http://s\nSuites: bookworm-security\nComponents: main\n\n"
        "Types: deb-src\nURIs: http://d\nSuites: trixie\nComponents: main\n";
    _cleanup_strv_ struct strv mirrors = {0};
    (void)state;

    aptconf_parse_sources(text, strlen(text), "", &mirrors);
    _cleanup_free_ char *joined = strv_join(&mirrors, " ");
    assert_string_equal(joined, "http://a/d http://b/d");
    _cleanup_strv_ struct strv security = {0};
    aptconf_parse_sources(text, strlen(text), "-security", &security);
    _cleanup_free_ char *secure = strv_join(&security, " ");
    assert_string_equal(secure, "http://s");
}

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_release(void **state)
{
    static const char text[] =
        "Origin: Debian\nSuite: oldstable\nCodename: bookworm\nAcquire-By-Hash: yes\n"
        "Date: Sat, 11 Jul 2026 10:16:37 UTC\nValid-Until: Sat, 18 Jul 2026 10:16:37 UTC\n"
        "SHA256:\n " SUM_A " 100 main/binary-armhf/Packages.gz\n " SUM_B
        " 99 main/binary-armhf/Packages.xz\n short 1 x\n " SUM_A " 12x y\n";
    struct release r;
    struct err err = ERR_INIT;
    (void)state;

    assert_int_equal(release_parse(text, strlen(text), &r, &err), 0);
    assert_int_equal(r.date, 1783764997); // date -d '2026-07-11 10:16:37 UTC' +%s
    assert_int_equal(r.valid_until, 1783764997 + 7 * 86400);
    assert_true(r.by_hash);
    assert_int_equal(r.n_files, 2);
    const struct release_file *f = release_find_index(&r, "main/binary-armhf/Packages");
    assert_string_equal(f->sha256, SUM_B); // xz before gz
    assert_int_equal(f->size, 99);
    assert_null(release_find_index(&r, "main/binary-amd64/Packages"));
    assert_int_equal(release_check(&r, "bookworm", r.valid_until, &err), 0);
    assert_int_equal(release_check(&r, "oldstable", r.valid_until, &err), 0);
    assert_int_equal(release_check(&r, "trixie", r.date, &err), -1);
    assert_int_equal(release_check(&r, "bookworm", r.valid_until + 1, &err), -1);
    assert_int_equal(err.code, ERR_VERIFY);
    release_release(&r);
}

static void test_release_refused(void **state)
{
    static const char bad_date[] = "Suite: x\nValid-Until: tomorrow\nSHA256:\n " SUM_A " 1 x\n";
    const char *const texts[] = {"", "Suite: x\n", "Suite: x\nSHA256:\n", bad_date, "nonsense"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct release r;
        struct err err = ERR_INIT;
        assert_int_equal(release_parse(texts[i], strlen(texts[i]), &r, &err), -1);
        assert_int_equal(err.code, ERR_VERIFY);
        release_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deb822),    cmocka_unit_test(test_deb822_malformed),
        cmocka_unit_test(test_apt_lists), cmocka_unit_test(test_apt_sources),
        cmocka_unit_test(test_release),   cmocka_unit_test(test_release_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
