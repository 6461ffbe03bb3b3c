// SPDX-License-Identifier: MIT
// What a release needs of boards, and what they have.

#include "deploy/abi.h"
#include "deploy/differences.h"
#include "place.h"

// --- Reading needs -------------------------------------------------------------------------------

static const struct abi_want *find_want(const struct abi_needs *n, const char *library,
                                        const char *version)
{
    for (size_t i = 0; i < n->n_wants; i++) {
        if (strcmp(n->wants[i].library, library) == 0 && str_eq(n->wants[i].version, version)) {
            return &n->wants[i];
        }
    }
    return NULL;
}

static void test_needs(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    struct err err = ERR_INIT;
    add_elf(p, "bin/heat",
            &(struct arm_elf){.interpreter = LOADER,
                              .runpath = "/home/me/heat:$ORIGIN/../lib",
                              .needed = {"libown.so", "libc.so.6", "libmpi.so.40"},
                              .wants = {{"libc.so.6", "GLIBC_2.34", "__clock_gettime64"},
                                        {"libc.so.6", "?GLIBC_2.99", NULL},
                                        {"libown.so", "OWN_1", NULL}},
                              .arch = 14});
    add_elf(p, "bin/tool",
            &(struct arm_elf){.interpreter = LOADER,
                              .needed = {"libc.so.6", "libother.so"},
                              .wants = {{"libc.so.6", "GLIBC_2.4", "__xstat64"},
                                        {"libc.so.6", "GLIBC_2.34", "localtime"}}});
    add_elf(p, "lib/libown.so", &(struct arm_elf){.needed = {"libz.so.1"}});
    add_elf(p, "plugins/libother.so", &(struct arm_elf){0});
    assert_int_equal(abi_needs_read(&p->release, NULL, &n, &err), 0);

    assert_null(find_want(&n, "libown.so", NULL));
    assert_null(find_want(&n, "libown.so", "OWN_1"));
    assert_null(find_want(&n, "libc.so.6", "GLIBC_2.99"));
    assert_string_equal(find_want(&n, "libz.so.1", NULL)->files.items[0], "lib/libown.so");
    assert_int_equal(find_want(&n, "libc.so.6", "GLIBC_2.34")->files.n, 2);
    assert_int_equal(find_want(&n, "libc.so.6", "GLIBC_2.4")->files.n, 1);
    assert_string_equal(find_want(&n, "libother.so", NULL)->inside, "plugins/libother.so");
    assert_null(find_want(&n, "libmpi.so.40", NULL)->inside);
    assert_int_equal(n.n_files, 4);
    assert_string_equal(n.files[0].interpreter, LOADER);
    assert_int_equal(n.files[0].needs.arch, 14);
    assert_true(n.files[0].time64);
    assert_false(n.files[0].time32);
    assert_false(n.files[1].time64); // __xstat64 is about the size of files
    assert_true(n.files[1].time32);
    assert_false(n.runtime);
    abi_needs_release(&n);
}

static void expect_damaged(struct place *p, const char *message)
{
    struct abi_needs n;
    struct err err = ERR_INIT;
    assert_int_equal(abi_needs_read(&p->release, NULL, &n, &err), -1);
    assert_int_equal(err.code, ERR_VERIFY);
    assert_non_null(strstr(err.msg, message));
}

static void test_damaged_name(void **state)
{
    struct place *p = *state;
    add_elf(p, "bin/heat", &(struct arm_elf){.needed = {"libx.so' `reboot`"}});
    expect_damaged(p, "bin/heat needs a library with an invalid name");
}

static void test_damaged_interpreter(void **state)
{
    struct place *p = *state;
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = "/lib/ld *"});
    expect_damaged(p, "bin/heat needs a library with an invalid name");
}

static void test_damaged_file(void **state)
{
    struct place *p = *state;
    _cleanup_free_ char *file = in(p, "project/bin/heat");
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = LOADER});
    assert_int_equal(truncate(file, 60), 0);
    expect_damaged(p, "damaged ELF file");
}

// --- Boards --------------------------------------------------------------------------------------

#define PI3                                                                                        \
    "features half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 crc32\n"        \
    "implementer 0x41\narchitecture 7\npart 0xd03\n"
#define PI2                                                                                        \
    "features half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32\n"              \
    "implementer 0x41\narchitecture 7\npart 0xc07\n"
#define SYSTEM                                                                                     \
    "system debian 12 bookworm\nshell 1 1 1 0 0 0 0 0 0 0 0 0 3 0 40 0\n"                          \
    "interpreter " LOADER "\ntime 32\n"
#define LIBC                                                                                       \
    "library libc.so.6 /lib/libc.so.6\nversion /lib/libc.so.6:GLIBC_2.4\n"                         \
    "version /lib/libc.so.6:GLIBC_2.9\nversion /lib/libc.so.6:GLIBC_2.34\n"                        \
    "version /lib/libc.so.6:GLIBC_PRIVATE\n"
#define MPI "library libmpi.so.40 /lib/libmpi.so.40\n"

// The needs of a release with one program.
static void read_program(struct place *p, const struct arm_elf *elf, struct abi_needs *n)
{
    struct err err = ERR_INIT;
    add_elf(p, "bin/heat", elf);
    assert_int_equal(abi_needs_read(&p->release, NULL, n, &err), 0);
}

static int compare(const struct abi_needs *n, const char *answer, struct abi_report *report,
                   struct err *err)
{
    char names[2][16] = {"libfoo-bar2-3", "libz1t64"};
    char numpy[] = "python3-numpy";
    char version[] = "1:1.24.2-1+deb12u1";
    struct package packages[] = {
        {.name = names[0]}, {.name = names[1]}, {.name = numpy, .version = version}};
    const struct lock lock = {.packages = {packages, ARRAY_SIZE(packages)}};
    const struct abi_advice advice = {.boards = BOARDS, .recipes = RECIPES, .lock = &lock};
    return abi_compare(n, &advice, answer, "kitchen", "pi@10.0.0.7", report, err);
}

// What one row says; NULL: the board fits.
static void expect(const struct abi_needs *n, const char *answer, const char *needs,
                   const char *has, const char *solve)
{
    struct abi_report report = {0};
    struct err err = ERR_INIT;
    int rows = compare(n, answer, &report, &err);
    assert_int_equal(rows, needs ? 1 : 0);
    assert_int_equal(report.n, rows);
    if (needs) {
        assert_string_equal(report.rows[0].board, "kitchen");
        assert_string_equal(report.rows[0].file, "bin/heat");
        assert_string_equal(report.rows[0].needs, needs);
        assert_string_equal(report.rows[0].has, has);
        assert_non_null(strstr(report.rows[0].solve, solve));
    }
    abi_report_release(&report);
}

static void test_libraries(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    read_program(p,
                 &(struct arm_elf){.interpreter = LOADER,
                                   .needed = {"libc.so.6", "libmpi.so.40"},
                                   .wants = {{"libc.so.6", "GLIBC_2.34", NULL},
                                             {"libc.so.6", "GLIBC_2.33", NULL},
                                             {"libc.so.6", "GLIBC_2.4", NULL}}},
                 &n);
    expect(&n, SYSTEM PI3 LIBC MPI "version /lib/libc.so.6:GLIBC_2.33\nend\n", NULL, NULL, NULL);
    // Of the versions that are missing, the newest counts; 2.9 is older than 2.33.
    const char *old = "library libc.so.6 /lib/libc.so.6\nversion /lib/libc.so.6:GLIBC_2.4\n"
                      "version /lib/libc.so.6:GLIBC_2.31\nversion /lib/libc.so.6:GLIBC_2.9\n"
                      "version /lib/libc.so.6:GLIBC_PRIVATE\nend\n";
    _cleanup_free_ char *bullseye =
        xasprintf("system debian 11 bullseye\ninterpreter " LOADER "\n" PI3 MPI "%s", old);
    expect(&n, bullseye, "GLIBC_2.34 of libc.so.6", "GLIBC_2.31",
           "`sysroot = bullseye` in pisdk.ini, or --with-runtime");
    _cleanup_free_ char *other =
        xasprintf("system other 1 common/../bullseye\ninterpreter " LOADER "\n" PI3 MPI "%s", old);
    expect(&n, other, "GLIBC_2.34 of libc.so.6", "GLIBC_2.31", "import pi@10.0.0.7`, or --with");
    expect(&n, SYSTEM PI3 LIBC "version /lib/libc.so.6:GLIBC_2.33\nend\n", "libmpi.so.40",
           "no libmpi", "`sudo apt install openmpi-bin` on the board, or --with-runtime");
    expect(&n,
           SYSTEM PI3 LIBC "version /lib/libc.so.6:GLIBC_2.33\nlibrary libmpi.so.20 /lib/l\nend\n",
           "libmpi.so.40", "libmpi.so.20", "openmpi-bin");
    abi_needs_release(&n);
}

static void test_packages(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .needed = {"libfoo_Bar2.so.3"}}, &n);
    expect(&n, SYSTEM PI3 "end\n", "libfoo_Bar2.so.3", "no libfoo_Bar2",
           "`sudo apt install libfoo-bar2-3` on the board");
    abi_needs_release(&n);
    payload_release(&p->release);
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .needed = {"libz.so.1"}}, &n);
    expect(&n, SYSTEM PI3 "end\n", "libz.so.1", "no libz", "`sudo apt install libz1` on");
    abi_needs_release(&n);
    payload_release(&p->release);
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .needed = {"libgone.so.1"}}, &n);
    expect(&n, SYSTEM PI3 "end\n", "libgone.so.1", "no libgone", "--with-runtime");
    abi_needs_release(&n);
}

static void test_systems(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .needed = {"libgone.so.1"}}, &n);
    expect(&n, "shell 2 1 1 0 0 0 0 0 0 0 0 0 3 0 183 0\nend\n", "a 32-bit system (" LOADER ")",
           "a 64-bit system (AArch64)", "dpkg --add-architecture armhf");
    expect(&n, "shell 1 1 1 0 0 0 0 0 0 0 0 0 3 0 40 0\nend\n", "a 32-bit system (" LOADER ")",
           "no " LOADER, "a 32-bit Raspberry Pi OS");
    abi_needs_release(&n);
}

static void test_processors(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .arch = 14}, &n);
    expect(&n, SYSTEM PI3 "end\n", NULL, NULL, NULL);
    expect(&n, SYSTEM PI2 "end\n", "ARMv8", "the processor of a Raspberry Pi 2 B",
           "`board = pi2` in pisdk.ini");
    expect(&n, SYSTEM "features half vfp neon vfpv3\narchitecture 7\npart 0x123\nend\n", "ARMv8",
           "an ARMv7 processor, half vfp neon vfpv3", "`board = armv7`");
    expect(&n, SYSTEM "features fp asimd\narchitecture 8\nend\n", NULL, NULL, NULL);
    abi_needs_release(&n);
    payload_release(&p->release);
    // The first Pis say that they are of architecture 7.
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .arch = 10}, &n);
    expect(&n, SYSTEM PI2 "end\n", NULL, NULL, NULL);
    expect(&n,
           SYSTEM "features half thumb fastmult vfp edsp java tls\nimplementer 0x41\n"
                  "architecture 7\npart 0xb76\nend\n",
           "instructions newer than its own",
           "an ARMv6 processor, half thumb fastmult vfp edsp java tls", "another board");
    abi_needs_release(&n);
}

// What it was built for counts, too, but not for what is the sysroot's.
static void test_built_for(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    struct err err = ERR_INIT;
    const struct arm_needs pi5 = {.arch = 14, .fp = 7, .simd = 4};
    const struct arm_needs pi2 = {.arch = 10, .fp = 5, .simd = 2, .div = 2, .half = 1};
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = LOADER, .arch = 10});
    assert_int_equal(abi_needs_read(&p->release, &pi5, &n, &err), 0);
    expect(&n, SYSTEM PI3 "end\n", "NEON of ARMv8.1", "the processor of a Raspberry Pi 3 B, B+, A+",
           "`board = pi3`");
    expect(&n, SYSTEM "features neon crc32\nimplementer 0x41\narchitecture 8\npart 0xd0b\nend\n",
           NULL, NULL, NULL);
    expect(&n, SYSTEM "features neon asimddp\narchitecture 8\nend\n", NULL, NULL, NULL);
    abi_needs_release(&n);
    assert_int_equal(abi_needs_read(&p->release, &pi2, &n, &err), 0);
    expect(&n, SYSTEM PI2 "end\n", NULL, NULL, NULL);
    expect(&n, SYSTEM "features vfp vfpv3 vfpv3d16\narchitecture 7\nend\n",
           "VFPv4, NEON with fused multiply-add, integer division",
           "an ARMv7 processor, vfp vfpv3 vfpv3d16", "`board = armv7`");
    abi_needs_release(&n);
    payload_release(&p->release);
    add_elf(p, "runtime/usr/lib/libc.so.6", &(struct arm_elf){.arch = 10});
    add_elf(p, "runtime/programs/bin/heat", &(struct arm_elf){.arch = 10});
    assert_int_equal(abi_needs_read(&p->release, &pi5, &n, &err), 0);
    assert_int_equal(n.files[0].needs.arch + n.files[1].needs.arch, 24);
    abi_needs_release(&n);
}

static void test_time(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    const char *libraries = "library libz.so.1 /lib/libz.so.1\n" LIBC;
    read_program(p,
                 &(struct arm_elf){.interpreter = LOADER,
                                   .needed = {"libc.so.6", "libz.so.1"},
                                   .wants = {{"libc.so.6", "GLIBC_2.34", "__time64"}}},
                 &n);
    _cleanup_free_ char *twelve = xasprintf(SYSTEM PI3 "%send\n", libraries);
    expect(&n, twelve, "libz.so.1 with a 64-bit time_t", "a 32-bit time_t", "sysroot = bookworm");
    _cleanup_free_ char *unpacked =
        xasprintf("system raspbian 13 trixie\ntime -\ninterpreter " LOADER "\n%send\n", libraries);
    expect(&n, unpacked, NULL, NULL, NULL);
    _cleanup_free_ char *older = xasprintf(
        "system raspbian 12 bookworm\ntime -\ninterpreter " LOADER "\n%send\n", libraries);
    expect(&n, older, "libz.so.1 with a 64-bit time_t", "a 32-bit time_t", "sysroot = bookworm");
    _cleanup_free_ char *unknown =
        xasprintf("system other 1 x\ntime -\ninterpreter " LOADER "\n%send\n", libraries);
    expect(&n, unknown, NULL, NULL, NULL);
    abi_needs_release(&n);
    payload_release(&p->release);

    read_program(p,
                 &(struct arm_elf){.interpreter = LOADER,
                                   .needed = {"libc.so.6", "libz.so.1"},
                                   .wants = {{"libc.so.6", "GLIBC_2.4", "localtime"}}},
                 &n);
    expect(&n, twelve, NULL, NULL, NULL);
    _cleanup_free_ char *thirteen =
        xasprintf("system debian 13 trixie\ntime 64\ninterpreter " LOADER "\n%send\n", libraries);
    _cleanup_free_ char *guessed =
        xasprintf("system raspbian 13 trixie\ntime -\ninterpreter " LOADER "\n%send\n", libraries);
    expect(&n, guessed, "libz.so.1 with a 32-bit time_t", "a 64-bit time_t", "sysroot = trixie");
    expect(&n, thirteen, "libz.so.1 with a 32-bit time_t", "a 64-bit time_t", "sysroot = trixie");
    abi_needs_release(&n);
    payload_release(&p->release);

    // Both: parts of it are from elsewhere, but what was built for this release is right.
    read_program(p,
                 &(struct arm_elf){.interpreter = LOADER,
                                   .needed = {"libc.so.6", "libz.so.1"},
                                   .wants = {{"libc.so.6", "GLIBC_2.4", "localtime"},
                                             {"libc.so.6", "GLIBC_2.34", "__time64"}}},
                 &n);
    expect(&n, guessed, NULL, NULL, NULL);
    abi_needs_release(&n);
    payload_release(&p->release);

    // Only libraries whose interfaces have it count.
    read_program(p,
                 &(struct arm_elf){.interpreter = LOADER,
                                   .needed = {"libc.so.6", "libmpi.so.40"},
                                   .wants = {{"libc.so.6", "GLIBC_2.34", "__time64"}}},
                 &n);
    expect(&n, SYSTEM PI3 LIBC MPI "end\n", NULL, NULL, NULL);
    abi_needs_release(&n);
}

static void test_strange_answers(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    struct abi_report report = {0};
    struct err err = ERR_INIT;
    read_program(p, &(struct arm_elf){.interpreter = LOADER, .needed = {"libmpi.so.40"}}, &n);
    assert_int_equal(compare(&n, SYSTEM PI3 MPI, &report, &err), -1);
    assert_int_equal(err.code, ERR_VERIFY);
    assert_non_null(strstr(err.msg, "kitchen did not list"));
    // What would write to the user's terminal is not taken.
    expect(&n, SYSTEM PI3 "library libmpi.so.\033[2J /lib/x\nend\n", "libmpi.so.40", "no libmpi",
           "openmpi-bin");
    _cleanup_free_ char *endless = xmalloc(ABI_ANSWER_MAX + 6);
    memset(endless, '\n', ABI_ANSWER_MAX + 5);
    memcpy(endless, "end\n", 4);
    endless[ABI_ANSWER_MAX + 5] = '\0';
    assert_int_equal(compare(&n, endless, &report, &err), -1);
    assert_int_equal(report.n, 0);
    abi_needs_release(&n);
}

static void test_extension_modules(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    struct err err = ERR_INIT;
    add_elf(p, "python/k.cpython-311-arm-linux-gnueabihf.so", &(struct arm_elf){0});
    assert_int_equal(abi_needs_read(&p->release, NULL, &n, &err), 0);
    assert_string_equal(n.python.version, "3.11");
    assert_int_equal(n.python.numpy.n, 0);
    struct abi_report report = {0};
    assert_int_equal(compare(&n, SYSTEM PI3 "python 3.9\npython 3.11\nend\n", &report, &err), 0);
    assert_int_equal(compare(&n, SYSTEM PI3 "python 3.13\nend\n", &report, &err), 1);
    assert_string_equal(report.rows[0].needs, "Python 3.11");
    assert_string_equal(report.rows[0].has, "Python 3.13");
    assert_int_equal(compare(&n, SYSTEM PI3 "end\n", &report, &err), 1);
    assert_string_equal(report.rows[1].has, "no Python");
    abi_report_release(&report);

    static const struct {
        const char *answer, *has;
    } cases[] = {{"python 3.11\nnumpy 1.24.2\n", NULL},
                 {"python 3.11\nnumpy 1.26.0\n", NULL},
                 {"python 3.11\nnumpy 1.19.5\n", "numpy 1.19.5"},
                 {"python 3.11\nnumpy 2.2.4\n", "numpy 2.2.4"},
                 {"python 3.11\n", "no numpy"}};
    strv_add(&n.python.numpy, "python/k.cpython-311-arm-linux-gnueabihf.so");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *answer = xasprintf(SYSTEM PI3 "%send\n", cases[i].answer);
        assert_int_equal(compare(&n, answer, &report, &err), cases[i].has ? 1 : 0);
        if (cases[i].has) {
            assert_string_equal(report.rows[0].needs,
                                cases[i].has[1] == 'o' ? "numpy" : "numpy 1.24");
            assert_string_equal(report.rows[0].has, cases[i].has);
        }
        abi_report_release(&report);
    }
    abi_needs_release(&n);
}

// The question, as the shell of a board answers it; here that is the desktop's.
static void test_question(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    _cleanup_strbuf_ struct strbuf question = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    read_program(p,
                 &(struct arm_elf){.interpreter = "/bin/sh",
                                   .needed = {"libc.so.6"},
                                   .wants = {{"libc.so.6", "GLIBC_2.34", NULL}}},
                 &n);
    abi_question(&n, &question);
    run_shell(p,
              "cat " REMOTE "/pieces.sh " REMOTE "/abi.sh " REMOTE "/deploy.sh >all; "
              "(cat; sleep 2) | HOME=$PWD setsid sh all p token me look",
              question.data, &said);
    assert_non_null(strstr(said.data, ":answer interpreter /bin/sh\n"));
    assert_non_null(strstr(said.data, ":answer shell 2 1 1 "));
    assert_non_null(strstr(said.data, ":answer end\n:answered\n"));
    abi_needs_release(&n);
}

static void test_differences(void **state)
{
    _cleanup_strv_ struct strv lines = {0};
    struct differences found;
    (void)state;
    strv_add_list(&lines, "c data/a b", "- f 755 bin/heat", "+ f 644 bin/heat", "- l 777 link a",
                  "+ l 777 link b", "- d 755 empty", "", "c ", "- f", "x f 644 y", "+ f 644 ",
                  "- ff 644 y", NULL);
    differences_read(&lines, &found);
    const char *const wanted[][2] = {{"data/a b", "has other content"},
                                     {"bin/heat", "has mode 644 instead of 755"},
                                     {"link a", "is missing: a link"},
                                     {"link b", "was added: a link"},
                                     {"empty", "is missing: a folder"}};
    assert_int_equal(found.n, ARRAY_SIZE(wanted));
    for (size_t i = 0; i < found.n; i++) {
        assert_string_equal(found.items[i].file, wanted[i][0]);
        assert_string_equal(found.items[i].what, wanted[i][1]);
    }
    differences_release(&found);
}

// A release that comes from a board is checked before it is kept under its name.
static void test_release_check(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    _cleanup_free_ char *cache = in(p, "cache");
    add_elf(p, "bin/heat", &(struct arm_elf){0});
    assert_int_equal(payload_finish(&p->release, &err), 0);
    assert_int_equal(fs_mkdir_all(cache, 0755, &err), 0);
    assert_int_equal(payload_keep(&p->release, cache, &err), 0);
    _cleanup_free_ char *kept = fs_join(cache, p->release.id);
    assert_int_equal(payload_check(kept, p->release.id, &err), 0);
    _cleanup_free_ char *file = fs_join(kept, "bin/heat");
    assert_int_equal(truncate(file, 10), 0);
    assert_int_equal(payload_check(kept, p->release.id, &err), -1);
    assert_int_equal(err.code, ERR_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_needs),
        PLACE_TEST(test_damaged_name),
        PLACE_TEST(test_damaged_interpreter),
        PLACE_TEST(test_damaged_file),
        PLACE_TEST(test_libraries),
        PLACE_TEST(test_packages),
        PLACE_TEST(test_systems),
        PLACE_TEST(test_processors),
        PLACE_TEST(test_built_for),
        PLACE_TEST(test_time),
        PLACE_TEST(test_strange_answers),
        PLACE_TEST(test_extension_modules),
        PLACE_TEST(test_question),
        PLACE_TEST(test_differences),
        PLACE_TEST(test_release_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
