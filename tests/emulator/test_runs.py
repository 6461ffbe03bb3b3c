# SPDX-License-Identifier: MIT
"""What a run may use, what MPI can do in it, and how it behaves in a terminal.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, main  # noqa: E402
from test_emulator import HOST_BINFMT, Emulator  # noqa: E402

MODES = {"namespace": (), "binfmt": HOST_BINFMT, "prefix": ()}

HANG = """
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}
"""

FILL = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    long megabytes = atol(argv[1]);
    for (long i = 0; i < megabytes; i++) memset(malloc(1 << 20), 1, 1 << 20);
    if (argc > 2 && fork() == 0) { sleep(1); return 0; }
    sleep(1);
    puts("fits");
    return 0;
}
"""


class Runs(Emulator):
    @staticmethod
    def modes():
        for mode, prefix in MODES.items():
            print(f"{mode}:", end=" ", flush=True)  # where a test fails
            yield {"env": {"PISDK_EMULATION": mode}, "prefix": prefix}


class Limits(Runs):
    """--timeout, --memory, and the board's cores."""

    def test_the_time_is_up(self):
        program = self.compile("hang", HANG, mpi=True)
        for options in self.modes():
            for words in ((), ("-n", 2)):
                start = time.monotonic()
                result = self.pisdk("run", "--timeout", 1.5, *words, program, **options)
                self.assertEqual(result.status, 124, str(result))
                self.assertEqual(len(re.findall(r"warning: timed out after 1\.5 s", result.err)), 1)
                self.assertLess(time.monotonic() - start, 30)
                self.tearDown()

    def test_a_program_that_will_not_end(self):
        program = self.compile("stubborn", """
            #include <signal.h>
            #include <unistd.h>
            int main(void) { signal(SIGTERM, SIG_IGN); for (;;) pause(); }""")
        for options in self.modes():
            self.assertEqual(self.pisdk("run", "--timeout", "0.5", program, **options).status, 124)

    def test_a_program_that_ends_in_time(self):
        program = self.compile("p", "int main(void) { return 7; }")
        for options in self.modes():
            result = self.pisdk("run", "--timeout", 60, program, **options)
            self.assertEqual((result.status, result.err), (7, ""))

    def test_told_to_end_it_may_clean_up(self):
        program = self.compile("tidy", """
            #include <signal.h>
            #include <unistd.h>
            static void end(int sig) { (void)sig; write(1, "tidied\\n", 7); _exit(3); }
            int main(void) { signal(SIGTERM, end); for (;;) pause(); }""")
        for options in self.modes():
            result = self.pisdk("run", "--timeout", "0.5", program, **options)
            self.assertEqual((result.status, result.out), (124, "tidied\n"))

    def test_words_that_are_no_limit(self):
        for word in ("0", "-1", "soon", "1e3", "1 s", ""):
            self.fails(2, "run", "--timeout", word, "true", says="--timeout", hint="--timeout 30")
        for word in ("0", "much", "-1M", "1T", "5MM", "99999999999G", ""):
            self.fails(2, "run", "--memory", word, "true", says="--memory", hint="512M")

    def test_more_memory_than_the_board_has(self):
        program = self.compile("fill", FILL)
        for options in self.modes():
            result = self.pisdk("run", "--memory", "64M", program, 200, **options)
            self.assertEqual((result.status, result.out), (137, ""), str(result))
            self.assertRegex(result.err, r"warning: the board ran out of memory: `fill` "
                                         r"\((6[4-9]|[7-9]\d|1\d\d|200) MB\) was killed; with --memory "
                                         r"it has 64 MB\nhint: --memory 1G\n")
            self.assertEqual(self.ok("run", "--memory", "300m", program, 200, **options).out, "fits\n")
            self.ok("run", "--memory", "unlimited", program, 200, **options)

    def test_each_board_has_its_memory(self):
        program = self.compile("fill", FILL)
        result = self.pisdk("run", "--board", "zero2w", program, 600)
        self.assertEqual(result.status, 137)
        self.assertIn("Raspberry Pi Zero 2 W has 512 MB", result.err)
        self.ok("run", "--board", "pi3", program, 600)

    def test_what_ranks_use_counts_together(self):
        program = self.compile("fill", FILL)
        for options in self.modes():
            result = self.pisdk("run", "--memory", "250M", "-n", 3, program, 100, **options)
            self.assertNotEqual(result.status, 0)
            self.assertRegex(result.err, r"`fill` \(rank [012], \d+ MB\) was killed")

    def test_memory_that_a_child_shares_counts_once(self):
        program = self.compile("fill", FILL)
        for options in self.modes():
            self.assertIn("fits", self.ok("run", "--memory", "200M", program, 120, "fork", **options).out)

    def test_files_in_memory_count(self):
        program = self.compile("file", """
            #include <fcntl.h>
            #include <stdlib.h>
            #include <string.h>
            #include <unistd.h>
            int main(int argc, char **argv)
            {
                static char block[1 << 20];
                int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
                for (int i = 0; i < atoi(argv[2]); i++)
                    if (write(fd, block, sizeof(block)) != sizeof(block)) return 28;
                sleep(1);
                return 0;
            }""")
        fill = self.compile("fill", FILL)
        for place in ("/dev/shm/x", "/tmp/x"):
            # each is half as large as the memory
            self.ok("run", "--memory", "64M", "sh", "-c", f"exec {program} {place} 31")
            result = self.pisdk("run", "--memory", "64M", "sh", "-c", f"exec {program} {place} 33")
            self.assertEqual(result.status, 28, str(result))
        both = f"exec 2>&1; {program} /dev/shm/x 25 & {fill} 40 & wait"
        self.ok("run", "--memory", "80M", "sh", "-c", both)
        self.assertIn("`fill` (", self.pisdk("run", "--memory", "60M", "sh", "-c", both).err)

    def test_cores(self):
        program = self.compile("cores", """
            #define _GNU_SOURCE
            #include <sched.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            int main(void)
            {
                cpu_set_t set;
                sched_getaffinity(0, sizeof(set), &set);
                const char *threads = getenv("OMP_NUM_THREADS");
                printf("%ld %d %s\\n", sysconf(_SC_NPROCESSORS_ONLN), CPU_COUNT(&set), threads ? threads : "-");
            }""")
        here = len(os.sched_getaffinity(0))
        for board, cores in (("beaglebone", 1), ("pi4", 4)):
            usable = min(here, cores)
            threads = "-" if here >= cores else cores
            self.assertEqual(self.ok("run", "-b", board, program).out, f"{cores} {usable} {threads}\n")
        self.assertIn(" 3\n", self.ok("run", program, env={"OMP_NUM_THREADS": "3"}).out)
        for options in self.modes():
            options["prefix"] = [*options["prefix"], "taskset", "-c", "0"]
            self.assertIn(" 1 4\n", self.ok("run", "-b", "pi4", program, **options).out)

    def test_open_mp(self):
        # libgomp by its own names: Clang makes calls of LLVM's library only.
        program = self.compile("gomp", """
            #include <stdio.h>
            void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
            int omp_get_num_threads(void), omp_get_max_threads(void);
            static int seen;
            static void work(void *data)
            {
                (void)data;
                __sync_fetch_and_add(&seen, 1);
            }
            int main(void) { GOMP_parallel(work, NULL, 0, 0); printf("%d %d\\n", seen, omp_get_max_threads()); }
            """, "-l:libgomp.so.1")
        for options in self.modes():
            self.assertEqual(self.ok("run", "-b", "pi4", program, **options).out, "4 4\n")


class Board(Runs):
    """What describes the board."""

    def read(self, board, path):
        return self.ok("run", "-b", board, "cat", path).out

    def test_memory(self):
        values = dict(re.findall(r"(\w+): +(\d+) kB\n", self.read("pi3", "/proc/meminfo")))
        self.assertEqual(values["MemTotal"], "1048576")
        self.assertEqual(values["SwapTotal"], "0")
        for name in ("MemFree", "MemAvailable", "Buffers", "Cached"):
            self.assertLess(0, int(values[name]))
            self.assertLess(int(values[name]), 1048576)
        self.assertIn("MemTotal:        2097152 kB",
                      self.ok("run", "--memory", "2G", "cat", "/proc/meminfo").out)
        desktop = re.search(r"MemTotal.*", Path("/proc/meminfo").read_text())[0]
        self.assertIn(desktop, self.ok("run", "--memory", "unlimited", "cat", "/proc/meminfo").out)

    def test_processor(self):
        for board, cores, part, hardware in (("pi2", 4, "0xc07", "BCM2835"), ("pi4", 4, "0xd08", "BCM2711"),
                                             ("pi5", 4, "0xd0b", "BCM2712"), ("zero2w", 4, "0xd03", "BCM2835"),
                                             ("beaglebone", 1, "0xc08", "AM33XX"), ("armv7", 4, "0xc09", "Generic")):
            text = self.read(board, "/proc/cpuinfo")
            self.assertEqual(re.findall(r"^processor\t: (\d)$", text, re.M), [str(n) for n in range(cores)])
            self.assertEqual(text.count(f"CPU part\t: {part}\n"), cores)
            self.assertRegex(text, rf"\nHardware\t: .*{hardware}")
            # 32-bit programs look here for what they may use
            features = re.search(r"Features\t: (.*)", text)[1].split()
            self.assertEqual("crc32" in features, board in ("pi4", "pi5", "zero2w"))
            self.assertEqual("vfpv4" in features, board not in ("beaglebone", "armv7"))

    def test_model(self):
        self.assertEqual(self.read("pi4", "/sys/firmware/devicetree/base/model"),
                         "Raspberry Pi 4 Model B Rev 1.2\0")

    def test_the_desktops_time_zone_does_not_count(self):
        program = self.compile("zone", """
            #include <stdio.h>
            #include <time.h>
            int main(void) { time_t t = 0; puts(ctime(&t)); }""")
        for options in self.modes():
            options["env"]["TZ"] = "XYZ-5"
            self.assertIn("Thu Jan  1 00:00:00 1970", self.ok("run", program, **options).out)


SPAWN = """
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    MPI_Comm parent, children;
    int rank, x = 41, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_get_parent(&parent);
    if (parent == MPI_COMM_NULL) {
        MPI_Comm_spawn(argv[0], MPI_ARGV_NULL, 2, MPI_INFO_NULL, 0, MPI_COMM_SELF, &children, MPI_ERRCODES_IGNORE);
        MPI_Bcast(&x, 1, MPI_INT, MPI_ROOT, children);
        MPI_Reduce(NULL, &sum, 1, MPI_INT, MPI_SUM, MPI_ROOT, children);
        printf("sum %d\\n", sum);
        MPI_Comm_disconnect(&children);
    } else {
        MPI_Bcast(&x, 1, MPI_INT, 0, parent);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        x += rank;
        MPI_Reduce(&x, NULL, 1, MPI_INT, MPI_SUM, 0, parent);
        MPI_Comm_disconnect(&parent);
    }
    MPI_Finalize();
    return 0;
}
"""

FILES = """
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int rank, ranks, y = -1, good, all;
    MPI_File f;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (MPI_File_open(MPI_COMM_WORLD, "out.bin", MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &f)) return 1;
    int x[4] = {rank, rank, rank, rank};
    MPI_File_write_at_all(f, rank * 16, x, 4, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_sync(f);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_File_read_at(f, (rank + 1) % ranks * 16, &y, 1, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_close(&f);
    good = y == (rank + 1) % ranks;
    MPI_Reduce(&good, &all, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("good on %d\\n", all);
    MPI_Finalize();
    return 0;
}
"""

WINDOWS = """
#include <mpi.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    int rank, ranks, got, good, all, one = 1, memory, *p = &memory;
    MPI_Win w;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (!strcmp(argv[1], "create")) MPI_Win_create(p, 4, 4, MPI_INFO_NULL, MPI_COMM_WORLD, &w);
    else if (!strcmp(argv[1], "allocate")) MPI_Win_allocate(4, 4, MPI_INFO_NULL, MPI_COMM_WORLD, &p, &w);
    else MPI_Win_allocate_shared(4, 4, MPI_INFO_NULL, MPI_COMM_WORLD, &p, &w);
    *p = -1;
    MPI_Win_fence(0, w);
    MPI_Put(&rank, 1, MPI_INT, (rank + 1) % ranks, 0, 1, MPI_INT, w);
    MPI_Win_fence(0, w);
    got = *p;
    good = got == (rank + ranks - 1) % ranks;
    MPI_Win_fence(0, w);
    MPI_Accumulate(&one, 1, MPI_INT, 0, 0, 1, MPI_INT, MPI_SUM, w);
    MPI_Win_fence(0, w);
    if (rank == 0) good = good && *p == got + ranks;
    MPI_Reduce(&good, &all, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("good on %d\\n", all);
    MPI_Win_free(&w);
    MPI_Finalize();
    return 0;
}
"""

THREADS = """
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
static int rank, ranks;
static void *talk(void *arg)
{
    int thread = *(int *)arg, x = rank * 10 + thread, y = -1;
    for (int i = 0; i < 20; i++)
        MPI_Sendrecv(&x, 1, MPI_INT, (rank + 1) % ranks, thread, &y, 1, MPI_INT, (rank + ranks - 1) % ranks,
                     thread, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    *(int *)arg = y == (rank + ranks - 1) % ranks * 10 + thread;
    return NULL;
}
int main(int argc, char **argv)
{
    int provided, all, a[3] = {0, 1, 2};
    pthread_t t[3];
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int good = provided == MPI_THREAD_MULTIPLE;
    for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, talk, &a[i]);
    for (int i = 0; i < 3; i++) { pthread_join(t[i], NULL); good = good && a[i]; }
    MPI_Reduce(&good, &all, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("good on %d\\n", all);
    MPI_Finalize();
    return 0;
}
"""


class Mpi(Runs):
    """Less usual parts of MPI, in each mode."""

    def test_spawn(self):
        program = self.compile("spawn", SPAWN, mpi=True)
        for options in self.modes():
            for words in (("-n", 1), ("-n", 2)):
                result = self.ok("run", "--timeout", 60, *words, program, **options)
                self.assertEqual(result.out, "sum 83\n" * words[1])

    def test_spawn_from_a_program_without_mpirun(self):
        program = self.compile("spawn", SPAWN, mpi=True)
        for options in self.modes():
            result = self.pisdk("run", "--timeout", 240, program, **options)  # takes 60 s when others compile
            if options["env"]["PISDK_EMULATION"] == "prefix":
                self.assertNotEqual(result.status, 0)
                self.assertIn("hint: in prefix mode, MPI_Comm_spawn works only with -n: try -n 1", result.err)
            else:
                self.assertEqual((result.status, result.out), (0, "sum 83\n"), str(result))

    def test_files(self):
        program = self.compile("files", FILES, mpi=True)
        for options in self.modes():
            self.assertEqual(self.ok("run", "-n", 3, program, **options).out, "good on 3\n")
            self.assertEqual((self.dir / "out.bin").read_bytes(), struct.pack("<12i", *[0] * 4, *[1] * 4, *[2] * 4))
            (self.dir / "out.bin").unlink()

    def test_windows(self):
        program = self.compile("windows", WINDOWS, mpi=True)
        for options in self.modes():
            for kind in ("create", "allocate", "allocate_shared"):
                self.assertEqual(self.ok("run", "-n", 3, program, kind, **options).out, "good on 3\n", kind)

    def test_threads(self):
        program = self.compile("threads", THREADS, "-pthread", mpi=True)
        for options in self.modes():
            self.assertEqual(self.ok("run", "--timeout", 60, "-n", 2, program, **options).out, "good on 2\n")

    def test_output_that_nobody_reads_any_more(self):
        """As `yes | head -1` with ranks: it ends, and nothing is said of it."""
        program = self.compile("yes", """
            #include <mpi.h>
            #include <stdio.h>
            int main(int argc, char **argv)
            {
                MPI_Init(&argc, &argv);
                for (;;) puts("y");
            }""", mpi=True)
        for mode in ("namespace", "prefix"):
            process = self.start("run", "-n", 2, program, env={"PISDK_EMULATION": mode})
            self.assertEqual(process.stdout.readline(), "y\n")
            process.stdout.close()
            self.assertEqual(process.wait(timeout=30), 128 + signal.SIGPIPE)
            self.assertEqual(process.stderr.read(), "")

    def test_programs_without_mpi(self):
        program = self.compile("plain", """
            #include <stdio.h>
            int main(void)
            {
                char line[100];
                int n = 0;
                while (fgets(line, sizeof(line), stdin)) n++;
                printf("%d\\n", n);
                return 0;
            }""")
        for options in self.modes():  # only the first rank gets the input
            result = self.ok("run", "-n", 3, program, input="a\nb\nc\n", **options)
            self.assertEqual(sorted(result.out.split()), ["0", "0", "3"])

    def test_signals_to_all_ranks(self):
        program = self.compile("signals", """
            #include <mpi.h>
            #include <signal.h>
            #include <stdio.h>
            #include <unistd.h>
            static volatile sig_atomic_t got;
            static void on(int sig) { got = sig; }
            int main(int argc, char **argv)
            {
                MPI_Init(&argc, &argv);
                signal(SIGUSR1, on);
                puts("ready");
                fflush(stdout);
                for (int i = 0; i < 1000 && !got; i++) usleep(10000);
                printf("got %d\\n", got);
                MPI_Finalize();
                return 0;
            }""", mpi=True)
        process = self.start("run", "-n", 2, program)
        for _ in range(2):
            self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGUSR1)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(out, f"got {signal.SIGUSR1.value}\n" * 2)


class Terminal(Runs):
    """An interactive shell of the board."""

    def open(self, mode, *words):
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.execve(PISDK, [PISDK, "run", "-x", "PS1", *words], {**self.env, "PISDK_EMULATION": mode, "PS1": "> "})
        self.addCleanup(os.close, fd)
        self.addCleanup(self.end, pid)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        return pid, fd

    @staticmethod
    def end(pid):
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def expect(self, fd, wanted):
        text, end = "", time.monotonic() + 30
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    text += os.read(fd, 4096).decode()
                except OSError:
                    break
            if re.search(wanted, text):
                return text
        self.fail(f"no {wanted!r} in {text!r}")

    def test_a_shell(self):
        for mode in ("namespace", "prefix"):
            pid, fd = self.open(mode, "sh")
            self.expect(fd, r"> $")
            os.write(fd, b"stty size\n")
            self.expect(fd, r"33 77\r\n> $")
            os.write(fd, b"echo $((6 * 8))\x7f\x7f\x7f7))\n")  # a mistake, rubbed out
            self.expect(fd, r"\r\n42\r\n> $")
            os.write(fd, b"echo begun; sleep 300\n")
            self.expect(fd, r"\r\nbegun\r\n")
            time.sleep(0.5)
            os.write(fd, b"\x03")
            self.expect(fd, r"\^C\r\n> $")
            os.write(fd, b"sleep 300\n")
            time.sleep(0.7)
            os.write(fd, b"\x1a")
            self.expect(fd, r"Stopped +sleep 300\r\n> $")
            os.write(fd, b"fg\n")
            time.sleep(0.7)
            os.write(fd, b"\x03")
            self.expect(fd, r"> $")
            fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 88, 0, 0))
            os.write(fd, b"stty size\n")
            self.expect(fd, r"44 88\r\n> $")
            os.write(fd, b"exit\n")
            os.waitpid(pid, 0)

    def test_bash(self):
        pid, fd = self.open("namespace", "bash")
        self.expect(fd, r"pi@board:.*\$ $")
        os.write(fd, b"sleep 300 & jobs\n")
        self.expect(fd, r"Running +sleep 300 &")
        os.write(fd, b"kill %1; sleep 300\n")
        time.sleep(0.7)
        os.write(fd, b"\x03")
        self.expect(fd, r"\^C(.|\r|\n)*\$ $")
        os.write(fd, b"exit 7\n")
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 7)

    def test_ctrl_c_ends_all_ranks(self):
        program = self.compile("hang", HANG, mpi=True)
        pid, fd = self.open("namespace", "-n", "2", str(program))
        self.expect(fd, "ready(.|\r|\n)*ready")
        os.write(fd, b"\x03")
        _, status = os.waitpid(pid, 0)
        self.assertNotEqual(status, 0)

    def test_a_rank_reads_the_terminal(self):
        pid, fd = self.open("namespace", "-n", "2", "sh", "-c", "read x; echo got:$x:")
        time.sleep(1)
        os.write(fd, b"word\n\x04")
        self.expect(fd, "got:word:(.|\r|\n)*got::|got::(.|\r|\n)*got:word:")
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
