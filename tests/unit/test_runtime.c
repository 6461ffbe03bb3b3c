// SPDX-License-Identifier: MIT
// What --with-runtime adds to a release, and how its programs are started then.

#include "deploy/abi.h"
#include "deploy/runtime.h"
#include "place.h"

#define LIBRARIES "root/usr/lib/" TRIPLE

static const char flavour[] = "[when]\nlibraries = libmpi.so.*\n"
                              "[scripts]\nssh = own-ssh\n"
                              "[programs]\nmpirun = usr/bin/orterun\n"
                              "[arguments]\nmpirun = --noprefix\n"
                              "[files]\nadd = usr/share/mpi/*.txt\n"
                              "plugins = usr/lib/*/plugins/*.so\nleave_out = *_ofi.so *-long.txt\n"
                              "[environment]\nPARTS = {runtime}/usr\nOWN = a \"b\" $c\n"
                              "AGENT = {from_home}/bin/orted\n";
static const char python[] = "[when]\nfiles = *.py\n[programs]\npython3 = usr/bin/python3\n"
                             "[called]\npython3 = usr/bin/python3\n"
                             "[links]\nusr/lib/" TRIPLE "/libc.so = libc.so.6\n"
                             "[files]\nadd = usr/lib/python3*\nleave_out = */tests\n";
// Says what it was called with.
static const char fake_loader[] = "#!/bin/sh\n# --argv0\n"
                                  "printf '<%s>' \"$@\"; echo \"($PARTS)($OWN)($AGENT)\"\n";

static void make_sysroot(const struct place *p)
{
    make_text(p, LIBRARIES "/ld-linux-armhf.so.3", fake_loader);
    make_elf(p, LIBRARIES "/libc.so.6", &(struct arm_elf){.needed = {"ld-linux-armhf.so.3"}});
    make_elf(p, LIBRARIES "/libmpi.so.40.1", &(struct arm_elf){.needed = {"libc.so.6"}});
    make_elf(p, LIBRARIES "/libnss_dns.so.2", &(struct arm_elf){.needed = {"libc.so.6"}});
    make_elf(p, LIBRARIES "/libnl.so.3", &(struct arm_elf){0});
    make_elf(p, LIBRARIES "/plugins/good.so", &(struct arm_elf){.needed = {"libnl.so.3"}});
    make_elf(p, LIBRARIES "/libonly.so.1", &(struct arm_elf){0});
    make_elf(p, LIBRARIES "/plugins/bad.so",
             &(struct arm_elf){.needed = {"libonly.so.1", "libgone.so.1"}});
    make_elf(p, LIBRARIES "/plugins/x_ofi.so", &(struct arm_elf){0});
    make_elf(p, LIBRARIES "/private/libdeep.so.1", &(struct arm_elf){0});
    make_elf(p, "root/usr/bin/orterun",
             &(struct arm_elf){.interpreter = LOADER,
                               .needed = {"libc.so.6", "libdeep.so.1"},
                               .runpath = "/usr/lib/" TRIPLE "/private"});
    make_text(p, "root/usr/share/mpi/help.txt", "help");
    make_text(p, "root/usr/share/mpi/help-long.txt", "help");
    make_text(p, "data/openmpi.ini", flavour);
    make_text(p, "data/libc.ini", "[files]\nlibraries = libnss_dns.so.2 libnss_gone.so.2\n");
    make_text(p, "data/own-ssh", "#!/bin/sh\n");
    make_text(p, "data/r.ini", "[when]\nfiles = *.R\n[programs]\nR = usr/bin/R\n");
    make_text(p, "data/python.ini", python);
    make_text(p, "work/x", "");
    _cleanup_free_ char *link = in(p, LIBRARIES "/libmpi.so.40");
    assert_int_equal(symlink("libmpi.so.40.1", link), 0);
}

static int add_runtime_with(struct place *p, const struct strv *files, bool small, struct err *err)
{
    _cleanup_free_ char *root = in(p, "root");
    _cleanup_free_ char *data = in(p, "data");
    _cleanup_free_ char *work = in(p, "work");
    const struct runtime_source from = {.root = root,
                                        .triple = TRIPLE,
                                        .flavour = "openmpi",
                                        .data = data,
                                        .work = work,
                                        .files = files,
                                        .small = small};
    return runtime_add(&p->release, &from, err);
}

static int add_runtime(struct place *p, struct err *err)
{
    return add_runtime_with(p, NULL, false, err);
}

static bool has(const struct place *p, const char *path)
{
    return payload_find(&p->release, path) != NULL;
}

static void add_heat(struct place *p)
{
    add_elf(p, "bin/heat",
            &(struct arm_elf){.interpreter = LOADER,
                              .needed = {"libown.so", "libc.so.6", "libmpi.so.40"}});
    add_elf(p, "lib/libown.so", &(struct arm_elf){.needed = {"libc.so.6"}});
}

static void test_runtime(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    struct err err = ERR_INIT;
    static const char *const there[] = {
        "bin/heat",
        "runtime/bin/mpirun",
        "runtime/bin/ssh",
        "runtime/programs/bin/heat",
        "runtime/start",
        "runtime/usr/bin/orterun",
        "runtime/usr/lib/" TRIPLE "/ld-linux-armhf.so.3",
        "runtime/usr/lib/" TRIPLE "/libmpi.so.40",
        "runtime/usr/lib/" TRIPLE "/libnl.so.3",
        "runtime/usr/lib/" TRIPLE "/libnss_dns.so.2",
        "runtime/usr/lib/" TRIPLE "/plugins/good.so",
        "runtime/usr/lib/" TRIPLE "/private/libdeep.so.1",
        "runtime/usr/share/mpi/help.txt",
    };
    static const char *const not_there[] = {
        "runtime/programs/lib/libown.so",
        "runtime/usr/lib/" TRIPLE "/libmpi.so.40.1",
        "runtime/usr/lib/" TRIPLE "/libonly.so.1",
        "runtime/usr/lib/" TRIPLE "/libown.so",
        "runtime/usr/lib/" TRIPLE "/plugins/bad.so",
        "runtime/usr/lib/" TRIPLE "/plugins/x_ofi.so",
        "runtime/usr/share/mpi/help-long.txt",
    };
    make_sysroot(p);
    add_heat(p);
    assert_int_equal(add_runtime(p, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(there); i++) {
        assert_true(has(p, there[i]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(not_there); i++) {
        assert_false(has(p, not_there[i]));
    }
    // Then boards need nothing.
    assert_int_equal(abi_needs_read(&p->release, NULL, &n, &err), 0);
    assert_true(n.runtime);
    assert_int_equal(n.n_wants, 0);
    for (size_t i = 0; i < n.n_files; i++) {
        assert_null(n.files[i].interpreter);
    }
    abi_needs_release(&n);
}

// The scripts, wherever the release is and whatever link leads there.
static void test_runtime_scripts(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    _cleanup_strbuf_ struct strbuf out = {0};
    _cleanup_free_ char *releases = in(p, "home/a b");
    make_sysroot(p);
    add_heat(p);
    assert_int_equal(add_runtime(p, &err), 0);
    assert_int_equal(payload_finish(&p->release, &err), 0);
    assert_int_equal(payload_keep(&p->release, releases, &err), 0);
    _cleanup_free_ char *script = xasprintf("cd %s && ln -s 'home/a b/%s' current && "
                                            "HOME=$PWD/home OWN=mine current/bin/heat 1 '2 3' && "
                                            "HOME=/elsewhere current/runtime/bin/mpirun x",
                                            p->dir, p->release.id);
    run_shell(p, script, "", &out);
    _cleanup_free_ char *at = xasprintf("%s/home/a b/%s", p->dir, p->release.id);
    _cleanup_free_ char *libraries = xasprintf("<--library-path><%s/lib:%s/runtime/usr/lib/" TRIPLE
                                               ":%s/runtime/usr/lib/" TRIPLE "/private><--argv0>",
                                               at, at, at);
    _cleanup_free_ char *wanted =
        xasprintf("%s<current/bin/heat><%s/runtime/programs/bin/heat><1><2 3>"
                  "(%s/runtime/usr)(mine)(a b/%s/runtime/bin/orted)\n"
                  "%s<current/runtime/bin/mpirun><%s/runtime/usr/bin/orterun><--noprefix><x>"
                  "(%s/runtime/usr)(a \"b\" $c)(%s/runtime/bin/orted)\n",
                  libraries, at, at, p->release.id, libraries, at, at, at);
    assert_string_equal(out.data, wanted);
}

static void test_runtime_without_mpi(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    make_sysroot(p);
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = LOADER, .needed = {"libc.so.6"}});
    assert_int_equal(add_runtime(p, &err), 0);
    assert_true(has(p, "runtime/usr/lib/" TRIPLE "/libc.so.6"));
    assert_false(has(p, "runtime/bin/mpirun"));
    assert_false(has(p, "runtime/usr/lib/" TRIPLE "/plugins/good.so"));
}

// Before 2.33, glibc's loader could not call a program otherwise than its file.
static void test_runtime_old_loader(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    _cleanup_strbuf_ struct strbuf text = {0};
    make_sysroot(p);
    make_text(p, LIBRARIES "/ld-linux-armhf.so.3", "#!/bin/sh\n");
    add_heat(p);
    assert_int_equal(add_runtime(p, &err), 0);
    assert_int_equal(
        fs_read_file(payload_find(&p->release, "runtime/start")->source, 1 << 16, &text, &err), 0);
    assert_null(strstr(text.data, "--argv0"));
    assert_non_null(strstr(text.data, "    shift"));
}

static void test_runtime_missing(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    make_sysroot(p);
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = LOADER, .needed = {"libgone.so.1"}});
    assert_int_equal(add_runtime(p, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "bin/heat needs libgone.so.1"));
}

static void expect_not_found(struct place *p, const char *soname)
{
    struct err err = ERR_INIT;
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = LOADER, .needed = {soname}});
    assert_int_equal(add_runtime(p, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    payload_release(&p->release);
}

// Neither names of libraries nor links lead out of the sysroot.
static void test_runtime_foreign(void **state)
{
    struct place *p = *state;
    _cleanup_free_ char *link = in(p, LIBRARIES "/libout.so.1");
    make_sysroot(p);
    make_elf(p, "secret", &(struct arm_elf){0});
    assert_int_equal(symlink("../../../../secret", link), 0);
    expect_not_found(p, "../../../../secret");
    expect_not_found(p, "private/libdeep.so.1");
    expect_not_found(p, "libout.so.1");
}

// The interpreter of a release's scripts, called by a name from which it finds its library.
static void test_runtime_of_scripts(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    _cleanup_strbuf_ struct strbuf out = {0};
    _cleanup_free_ char *source = in(p, "project/main.py");
    _cleanup_free_ char *link = in(p, "root/usr/bin/python3");
    _cleanup_free_ char *releases = in(p, "releases");
    make_sysroot(p);
    make_elf(p, "root/usr/bin/python3.11",
             &(struct arm_elf){.interpreter = LOADER, .needed = {"libc.so.6"}});
    assert_int_equal(symlink("python3.11", link), 0);
    make_text(p, "root/usr/lib/python3.11/json/decoder.py", "");
    make_text(p, "root/usr/lib/python3.11/json/tests/t.py", "");
    make_elf(p, "root/usr/lib/python3/module.so", &(struct arm_elf){.needed = {"libmpi.so.40"}});
    make_text(p, "project/main.py", "");
    assert_int_equal(payload_add(&p->release, p->dir, source, "main.py", &err), 0);
    assert_int_equal(add_runtime(p, &err), 0);
    assert_true(has(p, "runtime/usr/bin/python3.11"));
    assert_true(has(p, "runtime/usr/lib/python3.11/json/decoder.py"));
    assert_false(has(p, "runtime/usr/lib/python3.11/json/tests/t.py"));
    assert_true(has(p, "runtime/usr/lib/python3/module.so"));
    assert_true(has(p, "runtime/bin/mpirun")); // which a module needs
    assert_string_equal(payload_find(&p->release, "runtime/usr/lib/" TRIPLE "/libc.so")->target,
                        "libc.so.6");
    assert_int_equal(payload_finish(&p->release, &err), 0);
    assert_int_equal(payload_keep(&p->release, releases, &err), 0);
    _cleanup_free_ char *at = xasprintf("%s/%s/runtime", releases, p->release.id);
    _cleanup_free_ char *script = xasprintf("%s/bin/python3 x; %s/usr/bin/python3 y", at, at);
    run_shell(p, script, "", &out);
    _cleanup_free_ char *wanted =
        xasprintf("<--argv0><%s/usr/bin/python3><%s/usr/bin/python3.11>", at, at);
    const char *first = strstr(out.data, wanted);
    assert_non_null(first);
    assert_non_null(strstr(first + 1, wanted));
}

// Without anything of the project's: what packages have, where it can be found and started.
static void test_runtime_of_packages(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    _cleanup_strv_ struct strv files = {0};
    static const char wanted[] = "usr/bin/tool usr/bin/script usr/bin/snake usr/include/tool.h "
                                 "usr/lib/" TRIPLE "/libonly.so.1 usr/lib/python3.11/slow.pyc "
                                 "usr/share/tool/data usr/share/gone";
    make_sysroot(p);
    make_elf(p, "root/usr/bin/python3",
             &(struct arm_elf){.interpreter = LOADER, .needed = {"libc.so.6"}});
    make_text(p, "root/usr/lib/python3.11/slow.pyc", "");
    make_elf(p, "root/usr/bin/tool",
             &(struct arm_elf){.interpreter = LOADER, .needed = {"libc.so.6"}});
    make_text(p, "root/usr/bin/script", "#!/bin/sh\n");
    make_text(p, "root/usr/bin/snake", "#!/usr/bin/python3 -s\n");
    make_text(p, "root/usr/include/tool.h", "");
    make_text(p, "root/usr/share/tool/data", "");
    make_text(p, "data/package.ini", "[files]\nleave_out = usr/include/* usr/lib/python3*\n");
    make_text(p, "data/own", "own");
    _cleanup_free_ char *ini = xasprintf("%s[texts]\nusr/lib/python3.*/own.py = own\n"
                                         "usr/lib/gone.*/own.py = own\n[bundle]\n"
                                         "leave_out = *.pyc\n[when]\nfiles = *.pyc\n",
                                         python);
    make_text(p, "data/python.ini", ini);
    strv_add_words(&files, wanted);
    assert_int_equal(add_runtime_with(p, &files, true, &err), 0);
    assert_true(has(p, "runtime/bin/tool") && has(p, "runtime/usr/bin/tool"));
    assert_string_equal(payload_find(&p->release, "runtime/bin/script")->target,
                        "../usr/bin/script");
    assert_true(has(p, "runtime/usr/bin/script") && has(p, "runtime/usr/bin/snake"));
    assert_int_equal(payload_find(&p->release, "runtime/bin/snake")->kind, PAYLOAD_FILE);
    assert_true(has(p, "runtime/usr/lib/" TRIPLE "/libonly.so.1"));
    assert_true(has(p, "runtime/usr/share/tool/data"));
    assert_true(has(p, "runtime/bin/python3") && has(p, "runtime/usr/lib/python3.11/own.py"));
    assert_false(has(p, "runtime/usr/lib/python3.11/slow.pyc"));
    assert_false(has(p, "runtime/usr/include/tool.h"));
    assert_int_equal(payload_finish(&p->release, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_runtime),
        PLACE_TEST(test_runtime_scripts),
        PLACE_TEST(test_runtime_without_mpi),
        PLACE_TEST(test_runtime_old_loader),
        PLACE_TEST(test_runtime_missing),
        PLACE_TEST(test_runtime_foreign),
        PLACE_TEST(test_runtime_of_packages),
        PLACE_TEST(test_runtime_of_scripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
