// What a release needs of boards, what they have, and what --with-runtime adds.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/proc.h"
#include "deploy/abi.h"
#include "deploy/payload.h"
#include "deploy/runtime.h"
#include "unit.h"

#include "arm_elf.h"

#define TRIPLE    "arm-linux-gnueabihf"
#define LIBRARIES "root/usr/lib/" TRIPLE

// A folder with a sysroot, a project and places for what is made of them.
struct place {
    char dir[32];
    struct payload release;
};

static char *in(const struct place *p, const char *path)
{
    return xasprintf("%s/%s", p->dir, path);
}

static void make_text(const struct place *p, const char *path, const char *text)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *file = in(p, path);
    _cleanup_free_ char *folder = fs_parent(file);
    assert_int_equal(fs_mkdir_all(folder, 0755, &err), 0);
    assert_int_equal(fs_write_file(file, text, strlen(text), 0755, &err), 0);
}

static void make_elf(const struct place *p, const char *path, const struct arm_elf *elf)
{
    _cleanup_free_ char *file = in(p, path);
    arm_elf_write(file, elf);
}

// A file of the project, and of the release.
static void add_elf(struct place *p, const char *path, const struct arm_elf *elf)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *source = in(p, "project/");
    _cleanup_free_ char *file = fs_join(source, path);
    arm_elf_write(file, elf);
    assert_int_equal(payload_add(&p->release, p->dir, file, path, &err), 0);
}

static int set_up(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/pisdk-unit-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    payload_release(&p->release);
    assert_int_equal(fs_remove_tree(p->dir, &err), 0);
    free(p);
    return 0;
}

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
    assert_int_equal(abi_needs_read(&p->release, &n, &err), 0);

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
    assert_int_equal(abi_needs_read(&p->release, &n, &err), -1);
    assert_int_equal(err.code, ERR_VERIFY);
    assert_non_null(strstr(err.msg, message));
}

static void test_damaged_name(void **state)
{
    struct place *p = *state;
    add_elf(p, "bin/heat", &(struct arm_elf){.needed = {"libx.so' `reboot`"}});
    expect_damaged(p, "bin/heat needs a library with an impossible name");
}

static void test_damaged_interpreter(void **state)
{
    struct place *p = *state;
    add_elf(p, "bin/heat", &(struct arm_elf){.interpreter = "/lib/ld *"});
    expect_damaged(p, "bin/heat needs a library with an impossible name");
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
    assert_int_equal(abi_needs_read(&p->release, n, &err), 0);
}

static int compare(const struct abi_needs *n, const char *answer, struct abi_report *report,
                   struct err *err)
{
    char names[2][16] = {"libfoo-bar2-3", "libz1t64"};
    struct package packages[] = {{.name = names[0]}, {.name = names[1]}};
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
        xasprintf("system other 1 ../bullseye\ninterpreter " LOADER "\n" PI3 MPI "%s", old);
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
    expect(&n, thirteen, "libz.so.1 with a 32-bit time_t", "a 64-bit time_t", "sysroot = trixie");
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
    assert_non_null(strstr(err.msg, "kitchen did not say"));
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

// Runs a script of the shell, with `text` as its input.
static void run_shell(const struct place *p, const char *script, const char *text,
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

// The question, as the shell of a board reads it; here it is the desktop that answers.
static void test_question(void **state)
{
    struct place *p = *state;
    struct abi_needs n;
    struct err err = ERR_INIT;
    _cleanup_strbuf_ struct strbuf question = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    read_program(p,
                 &(struct arm_elf){.interpreter = "/bin/sh",
                                   .needed = {"libc.so.6"},
                                   .wants = {{"libc.so.6", "GLIBC_2.34", NULL}}},
                 &n);
    assert_int_equal(abi_question(&n, REMOTE, &question, &err), 0);
    strbuf_adds(&question, "echo and more\n");
    run_shell(p, "while IFS= read -r line; do eval \"$line\"; done", question.data, &said);
    assert_non_null(strstr(said.data, ":answer interpreter /bin/sh\n"));
    assert_non_null(strstr(said.data, ":answer shell 2 1 1 "));
    assert_non_null(strstr(said.data, ":answer end\n:answered\nand more\n"));
    abi_needs_release(&n);
}

// --- With the runtime ----------------------------------------------------------------------------

static const char flavour[] = "[when]\nlibraries = libmpi.so.*\n"
                              "[programs]\nmpirun = usr/bin/orterun\n"
                              "[arguments]\nmpirun = --noprefix\n"
                              "[files]\nadd = usr/share/mpi/*.txt\n"
                              "plugins = usr/lib/*/plugins/*.so\nleave_out = *_ofi.so *-long.txt\n"
                              "[environment]\nPARTS = {runtime}/usr\nOWN = a \"b\" $c\n"
                              "AGENT = {from_home}/bin/orted\n";
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
    make_elf(p, LIBRARIES "/plugins/bad.so", &(struct arm_elf){.needed = {"libgone.so.1"}});
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
    make_text(p, "work/x", "");
    _cleanup_free_ char *link = in(p, LIBRARIES "/libmpi.so.40");
    assert_int_equal(symlink("libmpi.so.40.1", link), 0);
}

static int add_runtime(struct place *p, struct err *err)
{
    _cleanup_free_ char *root = in(p, "root");
    _cleanup_free_ char *data = in(p, "data");
    _cleanup_free_ char *work = in(p, "work");
    const struct runtime_source from = {
        .root = root, .triple = TRIPLE, .flavour = "openmpi", .data = data, .work = work};
    return runtime_add(&p->release, &from, err);
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
    assert_int_equal(abi_needs_read(&p->release, &n, &err), 0);
    assert_true(n.runtime);
    assert_int_equal(n.n_wants, 0);
    expect(&n, "shell 2 1 1 0 0 0 0 0 0 0 0 0 3 0 183 0\nend\n", NULL, NULL, NULL);
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

// Names with .. or / in them do not lead out of the sysroot.
static void test_runtime_foreign(void **state)
{
    struct place *p = *state;
    struct err err = ERR_INIT;
    make_sysroot(p);
    make_elf(p, "secret", &(struct arm_elf){0});
    add_elf(p, "bin/heat",
            &(struct arm_elf){.interpreter = LOADER, .needed = {"../../../../secret"}});
    assert_int_equal(add_runtime(p, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_needs),
        TEST(test_damaged_name),
        TEST(test_damaged_interpreter),
        TEST(test_damaged_file),
        TEST(test_libraries),
        TEST(test_packages),
        TEST(test_systems),
        TEST(test_processors),
        TEST(test_time),
        TEST(test_strange_answers),
        TEST(test_question),
        TEST(test_runtime),
        TEST(test_runtime_scripts),
        TEST(test_runtime_without_mpi),
        TEST(test_runtime_old_loader),
        TEST(test_runtime_missing),
        TEST(test_runtime_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
