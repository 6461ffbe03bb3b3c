# SPDX-License-Identifier: MIT
"""What the emulation tells about a board and what not: programs with a known fault or a known
dependence, and what becomes of them here. docs/fidelity.md has a row for each; class Page holds the
two together. A test of something that is not caught asserts that it is not.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, main, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
SIGILL, SIGFPE, SIGSEGV = (128 + n for n in (signal.SIGILL, signal.SIGFPE, signal.SIGSEGV))

PROGRAMS = Path(__file__).parent / "fidelity"


def source(body):
    """The text of a program: of a file in fidelity/, or statements, or functions and main()."""
    if re.fullmatch(r"\w+\.c", body):
        return f'#include "{PROGRAMS}/{body}"\n'
    if not re.search(r"^\s*int main\(", body, re.MULTILINE):
        body = f"int main(int argc, char **argv)\n{{\n{body}\n}}\n"
    return f'#include "{PROGRAMS}/common.h"\n' + body


class Fidelity(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.assertTrue(Path(DATA, "sysroots/bookworm").is_dir(), "run tests/emulator/setup first")

    def build(self, body, *flags, board="armv7", fpu="neon"):
        program = write(self.dir / "p.c", source(body)).with_suffix("")
        return program, self.ok(
            "exec", "--board", board, "--", "arm-linux-gnueabihf-clang", "-O1", f"-mfpu={fpu}",
            "-pthread", *flags, program.with_suffix(".c"), "-lm", "-o", program)

    def run_on(self, body, *flags, board="armv7", status=0, args=(), fpu="neon", **options):
        program, _ = self.build(body, *flags, board=board, fpu=fpu)
        result = self.pisdk("run", "--board", board, program, *args, **options)
        self.assertEqual(result.status, status, str(result))
        return result

    def prints(self, expected, body, *flags, **options):
        self.assertEqual(self.run_on(body, *flags, **options).out.split(), expected.split())

    def sanitizer_says(self, words, body, board="armv7"):
        """UndefinedBehaviorSanitizer, as by `pisdk run --sanitize`, finds it."""
        folder = self.dir / "sanitized"
        write(folder / "pisdk.ini", "[project]\nname = p\n")
        write(folder / "Makefile", "p: p.c\n\t$(CC) p.c -o p\nclean:\n\trm -f p\n")
        write(folder / "p.c", source(body))
        result = self.pisdk("run", "--board", board, "--sanitize=undefined", cwd=folder)
        self.assertNotEqual(result.status, 0)
        self.assertIn(words, result.err)

    def trapping(self, fpu, assembly, boards):
        """On which of the boards this instruction is an illegal one."""
        found = {}
        for board in boards:
            program, _ = self.build(f'__asm__ volatile("{assembly}" ::: "r0", "q0");', board=board,
                                    fpu=fpu)
            found[board] = self.pisdk("run", "--board", board, program).status
        self.assertLessEqual(set(found.values()), {0, SIGILL})
        return {board for board in boards if found[board]}


class Instructions(Fidelity):
    def test_integer_divide(self):
        code = ".arch_extension idiv\\n mov r0, #42\\n sdiv r0, r0, r0"
        self.assertEqual(self.trapping("neon", code, ("armv7", "beaglebone", "pi2", "pi3")),
                         {"armv7", "beaglebone"})

    def test_fused_multiply_add(self):
        self.assertEqual(self.trapping("neon-vfpv4", "vfma.f32 s0, s1, s2",
                                       ("armv7", "beaglebone", "pi2")), {"armv7", "beaglebone"})

    def test_armv8_rounding(self):
        self.assertEqual(self.trapping("fp-armv8", "vrintz.f32 s0, s1", ("armv7", "pi2", "pi3")),
                         {"armv7", "pi2"})

    def test_neon_is_not_caught_on_armv7(self):
        program, built = self.build('__asm__ volatile("vmov.i32 d0, #7" ::: "d0");')
        self.assertIn("NEON", built.err)  # the linker's check says so
        self.assertEqual(self.pisdk("run", program).status, 0)

    def test_cryptography_is_not_caught_on_pi3(self):
        self.assertEqual(self.trapping("neon", ".arch armv8-a\\n .fpu crypto-neon-fp-armv8\\n"
                                       "aese.8 q0, q1", ("pi2", "pi3", "pi4", "pi5")), {"pi2"})

    def test_armv82_is_not_caught_on_pi4(self):
        dot_product = ".inst 0xfe200d42"
        self.assertEqual(self.trapping("neon", dot_product, ("pi2", "pi3", "pi4")), {"pi2"})

    def test_timer_of_the_processor(self):
        self.prints("4 4", """
            unsigned a, b;
            TRAPS(__asm__ volatile("mrrc p15, 1, %0, %1, c14" : "=r"(a), "=r"(b))); /* CNTVCT */
            TRAPS(__asm__ volatile("mrc p15, 0, %0, c9, c13, 0" : "=r"(a))); /* PMCCNTR */
            """, board="pi2")

    def test_retired_instructions(self):
        self.prints("0 6 0", """
            int memory = 5;
            TRAPS(__asm__ volatile("mov r1, %0\\n mov r2, #6\\n .inst 0xe1010092" /* SWP */
                                   :: "r"(&memory) : "r0", "r1", "r2", "memory"));
            printf("%d ", memory);
            TRAPS(__asm__ volatile(".inst 0xf1010200\\n .inst 0xf1010000")); /* SETEND */
            """, board="pi2")

    def test_hardware_capabilities(self):
        for board, expected in (("armv7", "0 0"), ("pi2", "1 0"), ("pi3", "1 1")):
            self.prints(expected, """
                printf("%d %d", !!(getauxval(AT_HWCAP) & HWCAP_IDIVA),
                       !!(getauxval(AT_HWCAP2) & HWCAP2_CRC32));
                """, "-include", "sys/auxv.h", "-include", "asm/hwcap.h", board=board)

    def test_code_that_is_rewritten(self):
        self.prints("7 8", """
            unsigned *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            int (*f)(void) = (int (*)(void))code;
            code[0] = 0xe3a00007, code[1] = 0xe12fff1e; /* mov r0, #7; bx lr */
            printf("%d ", f());
            code[0] = 0xe3a00008; /* and no __builtin___clear_cache */
            printf("%d", f());
            """)


ACCESS = """
static _Alignas(64) char bytes[128];
#define AT(instruction, offset) \\
    TRAPS(__asm__ volatile(instruction :: "r"(bytes + (offset)) \\
                           : "r2", "r3", "q0", "q1", "memory"))
int main(void) { %s }
"""


class Memory(Fidelity):
    def accesses(self, code, expected):
        for board in ("armv7", "pi3"):
            self.prints(expected, ACCESS % code, board=board)

    def test_unaligned_single_access(self):
        self.accesses("""AT("ldr r2, [%0]", 1); AT("ldrh r2, [%0]", 1); AT("str r2, [%0]", 3);
                         AT("ldr r2, [%0]", 63); AT("vld1.8 {d0, d1}, [%0]", 1);
                         AT("vld1.32 {d0, d1}, [%0]", 1);""", "0 0 0 0 0 0")

    def test_unaligned_double_and_multiple_access(self):
        self.accesses("""AT("ldrd r2, r3, [%0]", 2); AT("strd r2, r3, [%0]", 2);
                         AT("ldm %0, {r2, r3}", 2); AT("stm %0, {r2, r3}", 2);
                         AT("vldr d0, [%0]", 2); AT("vldm %0, {d0, d1}", 2);
                         AT("ldrd r2, r3, [%0]", 4); AT("vldr d0, [%0]", 4);""",
                      "7 7 7 7 7 7 0 0")

    def test_alignment_hints(self):
        self.accesses("""AT("vld1.64 {d0}, [%0:64]", 4); AT("vst1.8 {d0}, [%0:64]", 4);
                         AT("vld1.64 {d0, d1}, [%0:128]", 8);
                         AT("vld1.64 {d0, d1}, [%0:128]", 16);""", "7 7 7 0")

    def test_unaligned_atomics(self):
        self.accesses("""AT("ldrex r2, [%0]", 2); AT("ldrexh r2, [%0]", 1);
                         AT("ldrexd r2, r3, [%0]", 4); AT("ldrexd r2, r3, [%0]", 8);""", "7 7 7 0")

    def test_unaligned_pointer_in_c(self):
        body = """
            char text[] = "0123456789abcdef";
            double *volatile d = (double *)(text + 1);
            int *volatile i = (int *)(text + 1);
            printf("%d ", *i == 0x34333231);
            fflush(stdout);
            return *d < 0;"""
        self.assertEqual(self.run_on(body, status=128 + signal.SIGBUS).out, "1 ")
        self.sanitizer_says("misaligned address", body)

    def test_atomics_of_64_bits(self):
        self.prints("800000", "atomics.c")

    def test_exclusive_store_after_a_change_and_back(self):
        """The other thread's writes 1 -> 2 -> 1 do not make strex fail, as they must on a board."""
        self.prints("0 9", "exclusive.c")

    def test_message_passing_without_barriers(self):
        self.prints("0", "passing.c")

    def test_store_buffering(self):
        if os.cpu_count() < 2:
            self.skipTest("it needs two cores")
        body = "buffering.c"
        relaxed = [self.run_on(body, "-DORDER=memory_order_relaxed").out for _ in range(3)]
        self.assertIn("1", relaxed)
        self.prints("0", body, "-DORDER=memory_order_seq_cst")

    def test_flag_that_the_compiler_read_once(self):
        self.run_on("flag.c", status=128 + signal.SIGALRM)

    def test_races_are_found_on_the_desktop(self):
        refused = self.pisdk("exec", "--", "arm-linux-gnueabihf-clang", "-fsanitize=thread", "-xc",
                             "/dev/null")
        self.assertIn("unsupported option '-fsanitize=thread'", refused.err)
        file = write(self.dir / "race.c", source("race.c"))
        program = file.with_suffix("")
        for compiler in filter(shutil.which, ("clang", "gcc", "cc")):
            if not subprocess.run([compiler, "-w", "-O1", "-pthread", "-fsanitize=thread", file,
                                   "-o", program], capture_output=True).returncode:
                break
        else:
            self.skipTest("no compiler of the desktop has ThreadSanitizer")
        done = subprocess.run(["setarch", "-R", program], capture_output=True, text=True, timeout=60)
        self.assertIn("data race", done.stderr)

    def test_address_space(self):
        """A 32-bit kernel gives 3 GB at most."""
        megabytes = int(self.run_on("""
            int n = 0;
            while (n < 256 && mmap(0, 16 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS
                                   | MAP_NORESERVE, -1, 0) != MAP_FAILED) n++;
            printf("%d", n * 16);""").out)
        self.assertGreater(megabytes, 3072)
        self.assertLess(megabytes, 4096)

    def test_limits_of_memory_are_not_kept(self):
        self.prints("0 1", """
            struct rlimit limit = {64 << 20, 64 << 20};
            printf("%d ", setrlimit(RLIMIT_AS, &limit));
            void *volatile p = malloc(200 << 20);
            printf("%d", p != NULL);""", "-include", "sys/resource.h")

    def test_memory_of_the_board(self):
        if "--memory" not in self.ok("help", "run").out:
            self.skipTest("pisdk run has no --memory")
        program, _ = self.build("""
            for (int i = 0; i < 256; i++) memset(malloc(1 << 20), 1, 1 << 20);""", "-O0")
        result = self.pisdk("run", "--memory", "64M", program)
        self.assertEqual(result.status, 128 + signal.SIGKILL, str(result))
        self.assertRegex(result.err, "(?m)^.*out of memory")

    def test_stacks(self):
        self.prints("8192 8192", """
            pthread_attr_t a;
            size_t size;
            pthread_getattr_np(pthread_self(), &a);
            pthread_attr_getstacksize(&a, &size);
            printf("%zu ", size >> 10);
            pthread_attr_init(&a);
            pthread_attr_getstacksize(&a, &size);
            printf("%zu", size >> 10);""", prefix=["sh", "-c", 'ulimit -s 8192; exec "$@"', "sh"])

    def test_stack_overflow(self):
        for body in ("\nint main(void) { return f(0); }", """
                static void *start(void *unused) { return (void *)(intptr_t)f(0); }
                int main(void)
                {
                    pthread_t t;
                    pthread_create(&t, 0, start, 0);
                    return pthread_join(t, 0);
                }"""):
            self.run_on("""static int f(int n)
                {
                    volatile char a[4096];
                    a[0] = n;
                    return f(n + 1) + a[0];
                }""" + body, "-O0", "-w", status=SIGSEGV)

    def test_forbidden_memory(self):
        self.prints("11 11 11 11", """
            static unsigned code[] = {0xe3a00007, 0xe12fff1e};
            TRAPS(*(volatile int *)0);
            TRAPS(*(volatile int *)4096);
            TRAPS(*(volatile char *)"abc" = 1);
            TRAPS(((int (*)(void))code)());""", "-w")


class Language(Fidelity):
    def test_sizes(self):
        self.prints("4 4 4 4 4 8 8", """
            printf("%zu %zu %zu %zu %zu %zu %zu", sizeof(long), sizeof(void *), sizeof(size_t),
                   sizeof(time_t), sizeof(off_t), sizeof(long double), _Alignof(long long));""")

    def test_plain_char_has_no_sign(self):
        self.prints("255 endless", """
            char c = -1;
            printf("%d ", c);
            for (c = 3; c >= 0 && c != 200; c--) ;
            puts(c == 200 ? "endless" : "ends");""", "-w")

    def test_size_overflow(self):
        self.prints("0 1", """
            volatile size_t rows = 65536, columns = 65536;
            printf("%zu ", rows * columns);
            void *volatile p = calloc(rows, columns);
            printf("%d", p == NULL);""")

    def test_formats_of_64_bit_code(self):
        _, built = self.build("""
            int64_t n = 7;
            printf("%ld", n);
            return (int)sizeof(n);""", "-Wall")
        self.assertIn("-Wformat", built.err)

    def test_year_2038(self):
        body = """
            volatile time_t last = INT32_MAX;
            time_t next = (time_t)((uint32_t)last + 1u);
            printf("%zu %d", sizeof(time_t), next < 0);"""
        self.prints("4 1", body)
        self.prints("8 0", body, "-D_TIME_BITS=64", "-D_FILE_OFFSET_BITS=64")

    def test_big_files_without_large_file_support(self):
        with open(self.dir / "big", "wb") as file:
            file.truncate(3 << 30)
        body = """
            struct stat s;
            int fd = open("big", O_RDONLY);
            printf("%d ", fd >= 0);
            errno = 0;
            printf("%d %d ", stat("big", &s), errno == EOVERFLOW);
            printf("%d", lseek(fd, 0, SEEK_END) > 0);"""
        self.prints("1 -1 1 0", body)
        self.prints("1 0 0 1", body, "-D_FILE_OFFSET_BITS=64")

    def test_division_by_zero(self):
        body = """
            volatile int a = 5, b = 0;
            printf("%d ", a / b);
            fflush(stdout);
            volatile long long c = 5, d = 0;
            printf("%lld", c / d);"""
        self.assertEqual(self.run_on(body, status=SIGFPE).out, "")
        self.assertEqual(self.run_on(body, board="pi2", status=SIGFPE).out, "0 ")
        self.sanitizer_says("division by zero", body, board="pi2")


class FloatingPoint(Fidelity):
    def test_nan(self):
        self.prints("7fc00000", """
            volatile float zero = 0;
            float nan = zero / zero;
            uint32_t bits;
            memcpy(&bits, &nan, 4);
            printf("%08x", bits);""")

    def test_conversion_to_integer(self):
        self.prints("2147483647 0 0 -2147483648", """
            volatile float big = 1e20f, minus = -1, zero = 0;
            printf("%d %u %d %d", (int)big, (unsigned)minus, (int)(zero / zero), (int)-big);""")

    def test_no_excess_precision(self):
        self.prints("inf 0", """
            volatile double huge = 0x1p1023, one = 1, tiny = 0x1p-53;
            printf("%g %g", huge * 2 / 2, one + tiny - one);""")

    def test_denormals(self):
        self.prints("1 0", """
            volatile float tiny = 1e-40f, one = 1;
            float32x2_t a = vdup_n_f32(tiny), b = vdup_n_f32(one), c;
            printf("%d ", tiny * one > 0);
            __asm__ volatile("vmul.f32 %P0, %P1, %P2" : "=w"(c) : "w"(a), "w"(b));
            printf("%d", vget_lane_f32(c, 0) > 0);""", "-include", "arm_neon.h")

    def test_exceptions(self):
        for board in ("armv7", "pi3"):
            self.prints("-1 1 0", """
                volatile double zero = 0, one = 1, r;
                printf("%d ", feenableexcept(FE_DIVBYZERO));
                r = one / zero;
                printf("%d %d", !!fetestexcept(FE_DIVBYZERO), !!fetestexcept(FE_INVALID));
                """, "-D_GNU_SOURCE", "-include", "fenv.h", board=board)


class Board(Fidelity):
    """What surrounds the program."""

    def host(self, *command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def test_cores(self):
        """sysconf(3) has the board's; the affinity mask never more, but the desktop may have less."""
        body = """
            cpu_set_t set;
            sched_getaffinity(0, sizeof(set), &set);
            printf("%ld %ld %d", sysconf(_SC_NPROCESSORS_ONLN), sysconf(_SC_NPROCESSORS_CONF),
                   CPU_COUNT(&set));"""
        desktop = len(os.sched_getaffinity(0))
        for board, cores in (("pi2", 4), ("beaglebone", 1)):
            self.prints(f"{cores} {cores} {min(cores, desktop)}", body, "-D_GNU_SOURCE", "-include", "sched.h",
                        board=board)

    def test_topology(self):
        for board, cores in (("pi4", 4), ("beaglebone", 1)):
            self.prints(str(cores), """
                typedef struct hwloc_topology *topology;
                int hwloc_topology_init(topology *), hwloc_topology_load(topology);
                int hwloc_get_type_depth(topology, int);
                unsigned hwloc_get_nbobjs_by_depth(topology, int);
                int main(void)
                {
                    topology t;
                    hwloc_topology_init(&t);
                    hwloc_topology_load(t);
                    printf("%u", hwloc_get_nbobjs_by_depth(t, hwloc_get_type_depth(t, 2 /* core */)));
                }""", "-l:libhwloc.so.15", board=board)

    def test_memory_that_is_reported(self):
        """sysinfo(2) has the lower 32 bits of the desktop's, /proc/meminfo the board's."""
        desktop = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        self.prints(f"1 {desktop % (1 << 32)} {1024 << 10}", """
            struct sysinfo s;
            unsigned long kilobytes;
            sysinfo(&s);
            fscanf(fopen("/proc/meminfo", "r"), "MemTotal: %lu", &kilobytes);
            printf("%u %lu %lu", s.mem_unit, s.totalram, kilobytes);""", "-include", "sys/sysinfo.h",
                    board="pi3")

    def test_kernel_and_processor_by_name(self):
        self.prints(f"armv7l {os.uname().release} 1 0 4096", """
            struct utsname u;
            static char text[1 << 20];
            uname(&u);
            fread(text, 1, sizeof(text) - 1, fopen("/proc/cpuinfo", "r"));
            printf("%s %s %d %d %ld", u.machine, u.release, strstr(text, "BCM2") != NULL,
                   strstr(text, "vendor_id") != NULL, sysconf(_SC_PAGESIZE));
            """, "-include", "sys/utsname.h", board="pi5")

    def test_no_devices(self):
        names = ("/dev/gpiochip0 /dev/gpiomem /dev/i2c-1 /dev/spidev0.0 /dev/ttyAMA0 /dev/vcio "
                 "/dev/mem /dev/fb0 /dev/video0 /dev/watchdog /sys/class/gpio /sys/class/thermal "
                 "/proc/device-tree/model /usr/bin/vcgencmd "
                 "/proc/cpu/alignment").split()
        self.prints("0", """
            int found = 0;
            for (int i = 1; i < argc; i++) found += access(argv[i], F_OK) == 0;
            printf("%d", found);""", args=names, board="pi4")

    def test_one_user(self):
        self.prints("1000 -1 -1 -1 -1 0", """
            printf("%d %d %d %d %d %d", (int)getuid(), setuid(0), setgid(0), chown("p.c", 0, 0),
                   nice(-5), access("/usr/bin/sudo", F_OK) == 0);""")

    def test_priorities_and_affinity(self):
        self.prints("-1 -1", """
            struct sched_param p = {.sched_priority = 1};
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(1000, &set);
            printf("%d %d", sched_setscheduler(0, SCHED_FIFO, &p),
                   sched_setaffinity(0, sizeof(set), &set));""",
                    "-D_GNU_SOURCE", "-include", "sched.h")

    def test_locales_and_time_zones(self):
        self.prints("1 0 0", """
            time_t noon = 43200;
            printf("%d %d ", setlocale(LC_ALL, "C.UTF-8") != NULL,
                   setlocale(LC_ALL, "de_DE.UTF-8") != NULL);
            setenv("TZ", "Europe/Berlin", 1);
            printf("%d", localtime(&noon)->tm_hour != 12);""", "-include", "locale.h")

    def test_network_is_the_desktops(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.prints("0", """
                struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
                printf("%d", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
                """, "-include", "netinet/in.h", args=[server.getsockname()[1]])

    def test_abstract_sockets_are_the_desktops(self):
        name = f"pisdk-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("\0" + name)
            server.listen()
            self.prints("0", """
                struct sockaddr_un a = {.sun_family = AF_UNIX};
                strcpy(a.sun_path + 1, argv[1]);
                printf("%d", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a,
                                     offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[1])));
                """, "-include", "sys/socket.h", "-include", "sys/un.h", "-include", "stddef.h",
                args=[name])

    def test_large_files_without_the_macro(self):
        self.prints("32", """
            int fd = open("large", O_CREAT | O_RDWR | O_TRUNC, 0600);
            lseek(fd, 0x7ffffff0, SEEK_SET);
            printf("%d", (int)write(fd, "0123456789abcdef0123456789abcdef", 32));
            unlink("large");""")

    def test_files_of_the_system(self):
        """They are forgotten; and some may be written that a board's user may not write."""
        body = """
            for (int i = 1; i < argc; i++) {
                printf("%d ", access(argv[i], F_OK) == 0);
                printf("%d ", open(argv[i], O_CREAT | O_WRONLY, 0600) >= 0);
            }"""
        lib = Path(DATA, "sysroots/bookworm/root/usr/lib")
        own = int(lib.stat().st_uid == os.getuid())  # who made the sysroot may write there, too
        for _ in range(2):
            self.prints(f"0 1 0 1 0 {own}", body, args=["/home/pi/kept", "/etc/kept", "/usr/lib/kept"])

    def test_names_of_files_have_case(self):
        self.prints("0 0", """
            close(open("Name", O_CREAT | O_WRONLY, 0600));
            close(open("/tmp/Name", O_CREAT | O_WRONLY, 0600));
            printf("%d %d", access("name", F_OK) == 0, access("/tmp/name", F_OK) == 0);""")

    def test_listing_without_large_file_support(self):
        """On ext4 of the desktop; tmpfs and the system's folders are well."""
        if self.host("stat", "-f", "-c", "%T", self.dir).strip() != "ext2/ext3":
            self.skipTest(f"{self.dir} is not on ext4")
        body = """
            int n = 0;
            for (int i = 1; i < argc; i++, n = 0) {
                DIR *d = opendir(argv[i]);
                while (readdir(d)) n++;
                printf("%d ", n > 2);
            }"""
        args = [".", "/usr/lib"]
        self.prints("0 1", body, "-include", "dirent.h", args=args)
        self.prints("1 1", body, "-include", "dirent.h", "-D_FILE_OFFSET_BITS=64", args=args)

    def test_direct_input_and_output(self):
        self.prints("0x10000 4096 22", """
            void *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            int fd = open("direct", O_CREAT | O_RDWR | O_DIRECT, 0600);
            if (fd < 0) { puts("0x10000 4096 22"); return 0; } /* the file system has it not */
            printf("%#x %d ", O_DIRECT, (int)write(fd, page, 4096));
            write(fd, (char *)page + 1, 4096);
            printf("%d", errno);""")


class Calls(Fidelity):
    """System calls."""

    def test_calls_that_qemu_has_not(self):
        """Each is -1 with ENOSYS."""
        self.prints("1 1 1 1 1 1 1 1 1", """
            #define LACKS(number) printf("%d ", syscall(number, 0, 0, 0, 0, 0) == -1 && errno == ENOSYS)
            LACKS(SYS_perf_event_open);
            LACKS(425); /* io_uring_setup */
            LACKS(435); /* clone3 */
            LACKS(437); /* openat2 */
            LACKS(386); /* bpf */
            LACKS(388); /* userfaultfd */
            LACKS(383); /* seccomp */
            LACKS(398); /* rseq */
            LACKS(SYS_process_vm_readv); /* cross-memory attach */""")

    def test_calls_that_qemu_has(self):
        self.prints("1 1 1 1", """
            #define HAS(...) printf("%d ", syscall(__VA_ARGS__) >= 0)
            HAS(385, "x", 0); /* memfd_create */
            HAS(389, 0, 0);   /* membarrier */
            HAS(434, getpid(), 0); /* pidfd_open */
            HAS(439, AT_FDCWD, "/", 0, 0); /* faccessat2 */""")

    def test_ptrace(self):
        self.prints("-1 1", """
            printf("%d ", (int)ptrace(PTRACE_TRACEME, 0, 0, 0));
            printf("%d", errno == ENOSYS);""", "-include", "sys/ptrace.h")

    def test_vfork_does_not_share_memory(self):
        self.prints("0", """
            static volatile int written;
            if (vfork() == 0) { written = 1; _exit(0); }
            printf("%d", written);""", "-w")

    def test_robust_mutexes(self):
        """The process that held it is gone, and nobody is told: it stays locked."""
        self.prints("1", "robust.c")

    def test_signals(self):
        """Fault addresses, alternate stacks, queued values, stopping."""
        self.prints("11 1 1 42 1 1", "signals.c")

    def test_process_group(self):
        """The program leads one of its own where pisdk has no terminal."""
        self.prints("1", """
            printf("%d", getpgrp() == getpid());""")

    def test_message_queue_notification(self):
        self.prints("1 1", """
            struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
            mqd_t queue = mq_open("/q", O_CREAT | O_RDWR, 0600, &attr);
            struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
            printf("%d ", queue != (mqd_t)-1);
            printf("%d", mq_notify(queue, &event) == -1 && errno == ENOSYS);
            mq_unlink("/q");""", "-include", "mqueue.h", "-include", "fcntl.h", "-include", "signal.h")

    def test_multicast_interface(self):
        self.prints("1 1", """
            int s = socket(AF_INET, SOCK_DGRAM, 0);
            struct in_addr address = {.s_addr = htonl(INADDR_LOOPBACK)};
            struct ip_mreq group = {.imr_multiaddr = {htonl(0xefff0001)}, .imr_interface = address};
            printf("%d ", setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address)) == -1 &&
                          errno == ENOPROTOOPT);
            printf("%d", setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) == 0);""",
                    "-include", "netinet/in.h")

    def test_clocks_are_the_desktops(self):
        self.prints("1 1", """
            struct timespec a, b;
            clock_getres(CLOCK_MONOTONIC, &a);
            printf("%d ", a.tv_sec == 0 && a.tv_nsec == 1);
            clock_gettime(CLOCK_MONOTONIC, &a);
            usleep(20000);
            clock_gettime(CLOCK_MONOTONIC, &b);
            long long took = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
            printf("%d", took >= 20000000);""")


class Page(unittest.TestCase):
    def test_page_and_tests_name_each_other(self):
        text = (Path(PISDK).resolve().parents[1] / "share/doc/pisdk/fidelity.md").read_text()
        known = {f"{case.__name__}.{name}" for case in Fidelity.__subclasses__()
                 for name in unittest.defaultTestLoader.getTestCaseNames(case)}
        self.assertEqual(set(re.findall(r"`([A-Z]\w+\.test_\w+)`", text)), known)



if __name__ == "__main__":
    main()
