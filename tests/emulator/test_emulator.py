# SPDX-License-Identifier: MIT
"""Cross-building and running with a real sysroot: the template, MPI, signals, the three modes.

Run as root and as an ordinary user, against an installed pisdk (see setup).
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, core, main, path_without, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
ROOT = Path(DATA) / "sysroots/bookworm/root"
OPENMPI = ROOT / "usr/lib/arm-linux-gnueabihf/openmpi"

# A machine without user namespaces: forbidden inside of one.
NO_NAMESPACES = ["unshare", "--user", "--map-root-user", "sh", "-c",
                 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]

# The same, and the host has QEMU registered.
MAGIC = r"\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
HOST_BINFMT = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
               "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc && printf '%s' "
               f"':qemu-arm:M::{MAGIC}:{MASK}:'\"$(command -v qemu-arm-static)\"':F'"
               ' > /proc/sys/fs/binfmt_misc/register && '
               'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]


def setUpModule():
    if not ROOT.is_dir():
        raise AssertionError(f"no sysroot in {ROOT}: run tests/emulator/setup first")


class Emulator(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.before = self.leftovers()

    def tearDown(self):
        # Whatever happened: no process and no file of a run is left.
        for _ in range(50):
            if not self.running():
                break
            time.sleep(0.1)
        self.assertEqual(self.running(), [])
        for _ in range(50):
            if not self.left_behind():
                break
            time.sleep(0.1)
        self.assertEqual(self.left_behind(), [])

    def running(self):
        """Processes that have this test's folder in their command line or working folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if str(self.dir).encode() in command and int(pid) != os.getpid():
                found.append((pid, command))
        return found

    def left_behind(self):
        """What came since this test began and nobody uses: a run holds a lock on its folder."""
        def is_used(path):
            try:
                fd = os.open(path, os.O_RDONLY)
            except OSError:
                return True  # gone meanwhile
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(fd)
            return False

        return [path for path in self.leftovers() if path not in self.before and not is_used(path)]

    @staticmethod
    def leftovers():
        """What this user's runs could leave; other users may run something meanwhile."""
        ours = re.compile(r"pisdk-run-|ompi\.|openmpi-sessions|vader|pmix")
        found = []
        for entry in [*os.scandir("/tmp"), *os.scandir("/dev/shm")]:
            with contextlib.suppress(FileNotFoundError):  # of another user, gone meanwhile
                if ours.search(entry.name) and entry.stat(follow_symlinks=False).st_uid == os.getuid():
                    found.append(entry.path)
        return sorted(found)

    def compile(self, name, text, *flags, mpi=False):
        clang = next(c for c in [*(f"clang-{n}" for n in range(40, 13, -1)), "clang"]
                     if shutil.which(c))
        lld = shutil.which(clang.replace("clang", "ld.lld"))
        source = write(self.dir / f"{name}.c", text)
        words = [f"-I{OPENMPI}/include", f"-L{OPENMPI}/lib", "-lmpi"] if mpi else []
        subprocess.run(
            [clang, "--target=arm-linux-gnueabihf", f"--sysroot={ROOT}", "-march=armv7-a",
             f"--ld-path={lld}", source, *words, *flags, "-o", self.dir / name], check=True)
        return self.dir / name


HELLO = """
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int rank, ranks, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    printf("rank %d of %d sum %d\\n", rank, ranks, sum);
    MPI_Finalize();
    return 0;
}
"""


class Modes(Emulator):
    """MPI programs in each way of emulation."""

    def hello(self, mode, **options):
        env = {"PISDK_EMULATION": mode} if mode else {}
        program = self.compile("hello", HELLO, mpi=True)
        result = self.ok("-v", "run", "-n", 4, program, env=env, **options)
        self.assertEqual(sorted(result.out.splitlines()),
                         [f"rank {r} of 4 sum 6" for r in range(4)], str(result))
        alone = self.ok("run", program, env=env, **options)
        self.assertEqual(alone.out, "rank 0 of 1 sum 0\n")
        return result

    def test_chosen(self):
        self.assertIn("emulation: namespace mode", self.hello(None).err)

    @core
    def test_namespace(self):
        self.assertIn("emulation: namespace mode", self.hello("namespace").err)

    @core
    def test_prefix(self):
        self.assertIn("emulation: prefix mode", self.hello("prefix").err)

    def test_binfmt(self):
        self.assertIn("emulation: binfmt mode", self.hello("binfmt", prefix=HOST_BINFMT).err)

    def test_falls_back_without_namespaces(self):
        result = self.hello(None, prefix=NO_NAMESPACES)
        self.assertIn("namespace mode does not work here", result.err)
        self.assertIn("emulation: prefix mode", result.err)

    def test_falls_back_to_the_hosts_binfmt(self):
        self.assertIn("emulation: binfmt mode", self.hello(None, prefix=HOST_BINFMT).err)

    def test_forced_and_impossible(self):
        program = self.compile("hello", HELLO, mpi=True)
        self.fails(1, "run", program, env={"PISDK_EMULATION": "namespace"}, prefix=NO_NAMESPACES,
                   says="user namespace")
        self.fails(2, "run", program, env={"PISDK_EMULATION": "magic"}, says="PISDK_EMULATION")

    def test_exit_status_signal_and_streams_in_each_mode(self):
        program = self.compile("p", """
            #include <signal.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            int main(int argc, char **argv)
            {
                char line[100];
                if (argc > 2 && !strcmp(argv[1], "exit")) return atoi(argv[2]);
                if (argc > 2 && !strcmp(argv[1], "raise")) raise(atoi(argv[2]));
                while (fgets(line, sizeof(line), stdin)) printf("<%s>", strtok(line, "\\n"));
                fprintf(stderr, "%s", argc > 1 ? argv[1] : "");
                return 0;
            }""")
        for mode in ("namespace", "prefix"):
            env = {"PISDK_EMULATION": mode}
            self.assertEqual(self.pisdk("run", program, "exit", 0, env=env).status, 0)
            self.assertEqual(self.pisdk("run", program, "exit", 42, env=env).status, 42)
            self.assertEqual(self.pisdk("run", program, "raise", 11, env=env).status, 139)
            self.assertEqual(self.pisdk("run", program, "raise", 9, env=env).status, 137)
            result = self.ok("run", program, "a b'\"", input="one\ntwo\n", env=env)
            self.assertEqual((result.out, result.err), ("<one><two>", "a b'\""))
            # `--` goes to the program only when there are two
            self.assertEqual(self.ok("run", program, "--", "--", env=env).err, "--")


class Surroundings(Emulator):
    """What the program sees: a board, not the desktop."""

    @core
    def test_board(self):
        program = self.compile("who", """
            #define _GNU_SOURCE
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            #include <sys/utsname.h>
            #include <pwd.h>
            int main(void)
            {
                struct utsname u;
                uname(&u);
                printf("%s %s %s %s %ld %s\\n", u.nodename, u.machine, getpwuid(getuid())->pw_name,
                       getenv("HOME"), sysconf(_SC_PAGESIZE), get_current_dir_name());
                return access("/usr/bin/apt-get", F_OK) == 0;
            }""")
        result = self.ok("run", "--board", "pi3", program)
        self.assertEqual(result.out, f"pi armv7l pi /home/pi 4096 {self.dir}\n")

    @core
    def test_environment(self):
        program = self.compile("env", """
            #include <stdio.h>
            extern char **environ;
            int main(void) { for (char **e = environ; *e; e++) puts(*e); }""")
        env = {"MINE": "yes", "LC_NUMERIC": "C.UTF-8", "SOME_TOKEN": "secret", "LD_PRELOAD": "/nowhere.so", "XDG_RUNTIME_DIR": "/run/user/1",
               "OMPI_MCA_plm": "rsh"}
        self.assertIn("TZ=CET-1CEST", self.ok("run", "-x", "TZ=CET-1CEST", program).out.splitlines())
        lines = self.ok("run", "-x", "MINE", "-x", "NEW=a b", "-x", "NOT_THERE", program, env=env).out.splitlines()
        self.assertIn("MINE=yes", lines)
        self.assertIn("NEW=a b", lines)
        self.assertIn("LC_NUMERIC=C.UTF-8", lines)
        self.assertIn("OMPI_MCA_plm=rsh", lines)  # the user's word counts
        self.assertIn("QEMU_CPU=cortex-a9", lines)
        names = [line.split("=")[0] for line in lines]
        self.assertEqual(len(names), len(set(names)))
        for name in ("LD_PRELOAD", "XDG_RUNTIME_DIR", "PISDK_DATA_DIR", "SOME_TOKEN", "NOT_THERE"):
            self.assertNotIn(name, names)

    def test_variables_of_a_build(self):
        """What a makefile sets is for its programs; what the desktop had is not."""
        self.compile("get", """
            #include <stdio.h>
            #include <stdlib.h>
            int main(void)
            {
                const char *of_build = getenv("OF_BUILD"), *token = getenv("SOME_TOKEN"), *own = getenv("OWN");
                printf("%s %s %s\\n", of_build ? of_build : "-", token ? token : "-", own ? own : "-");
                return 0;
            }""")
        env = {"SOME_TOKEN": "secret"}
        write(self.dir / "pisdk.ini", "[project]\nname = p\n[build]\nsystem = command\n"
              "command = OF_BUILD=set ./get\ntest = OF_BUILD=set pisdk run ./get\n"
              "[run]\nenvironment = OWN=mine SOME\n")
        self.assertEqual(self.ok("run", "./get", env=env).out, "- - mine\n")
        script = f"OF_BUILD=set {PISDK} run ./get"
        self.assertEqual(self.ok("exec", "--", "sh", "-c", script, env=env).out, "set - mine\n")
        self.assertEqual(self.ok("exec", "--emulate", "--", "sh", "-c", "OF_BUILD=set ./get", env=env).out,
                         "set - mine\n")
    def test_a_program_newer_than_the_board_fails(self):
        program = self.compile("new", """
            int main(void)
            {
                float a = 2.5f, b;
                __asm__ volatile(".fpu fp-armv8\\n vrintz.f32 %0, %1" : "=t"(b) : "t"(a));
                return b != 2;
            }""", "-mfpu=neon")
        self.assertEqual(self.pisdk("run", "--board", "pi2", program).status, 128 + signal.SIGILL)
        self.assertEqual(self.pisdk("run", "--board", "pi3", program).status, 0)

    def test_folders_can_be_listed_without_large_file_support(self):
        program = self.compile("list", """
            #include <dirent.h>
            #include <errno.h>
            #include <stdio.h>
            int main(int argc, char **argv)
            {
                int n = 0;
                DIR *d = opendir(argv[1]);
                if (!d) return 1;
                errno = 0;
                while (readdir(d)) n++;
                printf("%d %d\\n", n, errno);
            }""")
        folder = "usr/lib/arm-linux-gnueabihf/openmpi/lib/openmpi3"
        entries = len(os.listdir(ROOT / folder)) + 2
        self.assertEqual(self.ok("run", program, "/" + folder).out, f"{entries} 0\n")

    @core
    def test_timeouts_of_sockets(self):
        """QEMU 10.0 says it gives them and does not; then they are refused, which Open MPI can do with."""
        source = """
            #include <errno.h>
            #include <stdio.h>
            #include <sys/socket.h>
            #include <sys/time.h>
            int main(void)
            {
                const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
                int fd = socket(AF_INET, SOCK_STREAM, 0), ints = 0;
                for (int i = 0; i < 2; i++) {
                    struct timeval wanted = {7, 0}, given = {-1, -1};
                    socklen_t n = sizeof(given);
                    if (setsockopt(fd, SOL_SOCKET, options[i], &wanted, sizeof(wanted)) != 0)
                        return 1;
                    if (getsockopt(fd, SOL_SOCKET, options[i], &given, &n) != 0 ? errno != ENOPROTOOPT
                        : n != sizeof(given) || given.tv_sec != 7 || given.tv_usec != 0)
                        return 2;
                }
                socklen_t n = sizeof(ints);
                return getsockopt(fd, SOL_SOCKET, SO_TYPE, &ints, &n) == 0 && ints == SOCK_STREAM ? 0 : 3;
            }
            """
        self.ok("run", self.compile("timeouts", source))
        self.ok("run", self.compile("timeouts", source), env={"PISDK_EMULATION": "prefix"})

    def test_the_sysroot_is_not_written_to(self):
        program = self.compile("write", """
            #include <stdio.h>
            int main(void)
            {
                FILE *f = fopen("/usr/lib/written", "w");
                FILE *g = fopen("here", "w");
                fclose(fopen("/home/pi/out", "w"));
                return !f || !g || fputs("x", f) < 0 || fclose(f) || fclose(g);
            }""")
        result = self.pisdk("run", program)
        self.assertTrue((self.dir / "here").exists(), str(result))
        self.assertRegex(result.err, r"warning: lost with the emulated board: "
                         rf"(/usr/lib/written, )?/home/pi/out\nhint: files below {self.dir} are kept; --mount FOLDER adds another folder\n")
        self.assertEqual(self.ok("run", "touch", "there", "/home/pi/.hidden").err, "")
        self.assertFalse((ROOT / "usr/lib/written").exists())

    def test_mounts(self):
        folder = self.dir / "else where"
        folder.mkdir()
        work = self.dir / "work"
        work.mkdir()
        script = ["sh", "--", "-c", 'echo x >"$0/out"']
        self.ok("run", "--mount", folder, *script, folder, cwd=work)
        self.assertEqual((folder / "out").read_text(), "x\n")
        for place in ("/data/in", "/home/pi/in"):  # there is nothing there; and in a folder of the board
            (folder / "out").unlink()
            self.ok("run", "--mount", f"{folder}:{place}", *script, place, cwd=work)
            self.assertEqual((folder / "out").read_text(), "x\n")
        self.fails(1, "run", "--mount", "nowhere", "true", says="--mount: no such folder: nowhere")
        self.fails(1, "run", "--mount", f"{folder}:data", "true", says="no such folder", hint=f"/data")
        self.fails(1, "run", "--mount", f"{folder}:/data", "true", env={"PISDK_EMULATION": "prefix"},
                   says="in prefix mode")
        self.fails(2, "run", "--on", "cluster", "--mount", folder, "true", says="--mount is for one emulated board",
                   hint="pisdk cluster up --show")

    def test_files_named_by_absolute_path(self):
        other = self.dir / "elsewhere"
        other.mkdir()
        write(other / "data/input", "12")
        program = self.compile("cat", """
            #include <stdio.h>
            int main(int argc, char **argv) { puts(fopen(argv[1], "r") ? "yes" : "no"); }""")
        work = self.dir / "work"
        work.mkdir()
        shutil.move(program, work / "cat")
        self.assertEqual(self.ok("run", work / "cat", other / "data/input", cwd=work).out, "yes\n")

    def test_files_to_write_are_kept(self):
        program = self.compile("write", """
            #include <stdio.h>
            #include <string.h>
            int main(int argc, char **argv)
            {
                const char *name = strchr(argv[1], '=') ? strchr(argv[1], '=') + 1 : argv[1];
                FILE *f = fopen(name, "w");
                return !f || fputs("x", f) < 0 || fclose(f);
            }""")
        work = self.dir / "project/build"
        work.mkdir(parents=True)
        other = self.dir / "results"
        other.mkdir()
        for number, word in enumerate([other / "0", "../1", f"--out={other}/2"]):
            self.ok("run", program, word, cwd=work)
        self.assertTrue((other / "0").exists())
        self.assertTrue((self.dir / "project/1").exists())
        self.assertTrue((other / "2").exists())

    def test_commands_of_the_board(self):
        self.assertEqual(self.ok("run", "-n", 2, "hostname").out, "board\nboard\n")
        self.assertEqual(self.ok("run", "--board", "pi4", "uname", "-nm").out, "pi armv7l\n")
        self.assertEqual(self.ok("run", "sh", "-c", "echo $((1 + 2))").out, "3\n")

    def test_spaces_in_paths(self):
        program = self.compile("hello", HELLO, mpi=True)
        folder = self.dir / "a folder, with: things"
        folder.mkdir()
        shutil.move(program, folder / "hello")
        self.assertEqual(len(self.ok("run", "-n", 2, "./hello", cwd=folder).out.splitlines()), 2)


class Wrong(Emulator):
    """What cannot be run, and what goes wrong while it runs."""

    def test_another_machines_program(self):
        self.fails(1, "run", "/bin/true", says=["/usr/bin/true", "x86-64", "armv7l"],
                   hint="pisdk build")

    def test_no_such_program(self):
        self.fails(1, "run", "./nothing", says="./nothing")
        self.fails(1, "run", "nothing", says="`nothing`", hint="./nothing")
        self.fails(1, "run", "-np", 4, "./x", says="./x")
        self.fails(2, "run", "-n", "p", "./x", says="--ranks", hint="-n 4")
        self.fails(2, "run", "-n", 0, "./x", says="--ranks")

    def test_a_program_among_the_boards_own_folders(self):
        program = self.compile("p", "int main(void) { return 0; }")
        prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                  'mount -t tmpfs tmpfs /etc && cp "$0" /etc/p && exec "$@"', program]
        self.fails(1, "run", "/etc/p", prefix=prefix, says="hidden by the board's own", hint="move it")

    def test_not_a_program(self):
        write(self.dir / "text", "hello", 0o755)
        self.fails(1, "run", "./text", says="text")
        self.fails(2, "run", "./", says="is a folder")

    def test_no_qemu(self):
        program = self.compile("p", "int main(void) { return 0; }")
        path = path_without(self.dir / "bin", "qemu-arm*")
        self.fails(1, "run", program, env={"PATH": path}, says="qemu-arm is not installed",
                   hint="qemu-user-static")

    def test_more_ranks_than_its_mpi_can(self):
        program = self.compile("hello", HELLO, mpi=True)
        self.fails(1, "run", "-n", 33, program, says="more than 32 ranks")

    def test_stopped_and_continued(self):
        process = self.hang("namespace", "-n", 2)
        os.killpg(process.pid, signal.SIGTSTP)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.5)
        states = {Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                  for pid, _ in self.running()}
        self.assertNotIn("T", states)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)

    def test_a_rank_crashes(self):
        program = self.compile("crash", HELLO.replace("printf(", "if (rank == 1) *(int *)0 = 1; printf("),
                               mpi=True)
        result = self.pisdk("run", "-n", 2, program)
        self.assertEqual(result.status, 139, str(result))

    HANG = HELLO.replace("MPI_Finalize();", "printf(\"ready\\n\"); fflush(stdout); "
                                            "if (getenv(\"STUBBORN\")) signal(SIGINT, SIG_IGN); "
                                            "for (;;) pause();")
    HANG = "#include <signal.h>\n#include <stdlib.h>\n" + HANG

    def hang(self, mode, *words, env=None):
        program = self.compile("hang", self.HANG, mpi=True)
        process = self.start("run", *words, program,
                             env={"PISDK_EMULATION": mode, **(env or {})})
        while "ready" not in process.stdout.readline():
            self.assertIsNone(process.poll(), process.stderr.read() if process.poll() else "")
        return process

    @core
    def test_ctrl_c_ends_all_ranks(self):
        for mode in ("namespace", "prefix"):
            process = self.hang(mode, "-n", 3)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            self.assertEqual(process.wait(20), 128 + signal.SIGINT)
            self.tearDown()

    def test_sigterm_to_pisdk_alone(self):
        for mode in ("namespace", "prefix"):
            process = self.hang(mode)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 128 + signal.SIGTERM)
            process = self.hang(mode, "-n", 2)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 128 + signal.SIGTERM)

    def test_a_stubborn_program_ends_at_the_second_ctrl_c(self):
        for mode in ("namespace", "prefix"):
            process = self.hang(mode, "-x", "STUBBORN=1")
            time.sleep(0.5)
            for _ in range(2):
                time.sleep(0.2)
                os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(20), 128 + signal.SIGKILL)

    @core
    def test_sigkill_of_pisdk_leaves_nothing(self):
        for mode in ("namespace", "prefix"):
            process = self.hang(mode, "-n", 3)
            self.assertGreater(len(self.running()), 3)
            process.kill()
            process.wait()
            self.tearDown()

    def test_sigkill_of_the_whole_group_leaves_no_process(self):
        process = self.hang("prefix", "-n", 3)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.tearDown()

    def test_what_a_killed_supervisor_left_is_swept(self):
        place = self.dir / "runtime"
        program = self.compile("p", "int main(void) { return 0; }")
        shm, kept = Path("/dev/shm/.pisdk-run-stale1"), Path("/dev/shm/.pisdk-run-of-mine")
        for folder in (shm, kept):
            folder.mkdir()
            self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.ok("run", program, env={"PISDK_EMULATION": "prefix", "PISDK_RUNTIME_DIR": str(place)})
        self.assertFalse(shm.exists())
        self.assertTrue(kept.exists())
        kept.rmdir()

    def test_background_processes_end_with_the_program(self):
        program = self.compile("fork", """
            #include <unistd.h>
            int main(void) { if (fork() == 0) { setsid(); for (;;) pause(); } return 0; }""")
        for mode in ("namespace", "prefix"):
            self.ok("run", program, env={"PISDK_EMULATION": mode})
            self.tearDown()


class Template(Emulator):
    """From `pisdk new` to tests, as the README has it."""

    def new(self, name="heat", *words):
        self.ok("new", name, *words)
        return self.dir / name

    def test_new_build_run_test(self):
        project = self.new()
        build = self.ok("build", cwd=project)
        self.assertIn("Linking C executable heat", build.out)
        self.assertTrue((project / "build/compile_commands.json").is_file())
        self.assertTrue((project / "build/armv7-release/heat").is_file())
        run = self.ok("run", "-n", 4, cwd=project)
        for rank in range(4):
            self.assertIn(f"rank {rank} of 4 on board", run.out)
        self.assertIn("mean temperature 16.328", run.out)
        self.assertIn("rank 0 of 2", self.ok("run", "-n", 2, "heat", 16, 5, cwd=project).out)
        self.assertIn("of 4 on board", self.ok("run", cwd=project).out)  # ranks of pisdk.ini
        test = self.ok("test", "--junit", "result.xml", cwd=project)
        self.assertIn("100% tests passed, 0 tests failed out of 3", test.out)
        self.assertIn("heat-4", (project / "result.xml").read_text())
        # plain ctest in the build folder runs them emulated, too
        done = subprocess.run(["ctest"], cwd=project / "build/armv7-release", env=self.env,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_failing_test(self):
        project = self.new()
        source = project / "tests/test_heat.c"
        source.write_text(source.read_text().replace("rows == 23", "rows == 24"))
        result = self.pisdk("test", "-R", "heat-2", cwd=project)
        self.assertEqual(result.status, 8, str(result))
        self.assertIn("FAILED: every row belongs to one rank", result.out)

    def test_signals_to_pisdk_test_leave_nothing(self):
        project = self.new()
        write(project / "tests/test_heat.c", "#include <unistd.h>\nint main(void) { pause(); }\n")
        self.ok("build", cwd=project)
        for sig in (signal.SIGTERM, signal.SIGKILL):
            process = self.start("test", cwd=project)
            for _ in range(100):
                if any(b"qemu" in command for _, command in self.running()):
                    break
                time.sleep(0.1)
            else:
                self.fail("the test did not start")
            process.send_signal(sig)
            process.wait(20)
            for _ in range(50):
                if not self.running():
                    break
                time.sleep(0.1)
            self.assertEqual(self.running(), [], sig)

    def test_another_sysroot_replaces_the_first_one_wholly(self):
        project = self.new()
        self.ok("build", cwd=project)
        other = self.dir / "data/sysroots/other"
        shutil.copytree(ROOT.parent, other, symlinks=True)
        env = {"PISDK_DATA_DIR": str(self.dir / "data")}
        self.ok("build", "--sysroot", "other", cwd=project, env=env)
        cache = (project / "build/armv7-release/CMakeCache.txt").read_text()
        self.assertIn(str(other), cache)
        self.assertNotIn(str(ROOT), cache)

    def test_a_compiler_error_is_shown_untouched(self):
        project = self.new()
        write(project / "src/main.c", "int main(void) { return oops; }\n")
        result = self.pisdk("build", cwd=project)
        self.assertEqual(result.status, 1)
        self.assertIn("use of undeclared identifier 'oops'", result.out + result.err)
        quiet = self.pisdk("run", cwd=project)
        self.assertEqual(quiet.status, 1)
        self.assertIn("oops", quiet.err)

    def test_run_builds_what_changed(self):
        project = self.new()
        self.ok("build", cwd=project)
        source = project / "src/main.c"
        source.write_text(source.read_text().replace("mean temperature", "mean warmth"))
        self.assertIn("mean warmth", self.ok("run", cwd=project).out)

    def test_debug_clean_and_arguments_for_the_build(self):
        project = self.new()
        self.ok("build", "--debug", "-j", 1, "--", "-v", cwd=project)
        self.assertTrue((project / "build/armv7-debug/heat").is_file())
        write(project / "build/armv7-debug/old", "")
        self.assertEqual(self.ok("build", "-q", "--debug", "--clean", cwd=project).out, "")
        self.assertFalse((project / "build/armv7-debug/old").exists())
        self.fails(2, "build", "--debug", "--release", cwd=project, says="exclude each other")

    def test_a_moved_project_builds(self):
        project = self.new()
        self.ok("build", cwd=project)
        project = project.rename(self.dir / "elsewhere")
        self.ok("build", cwd=project)

    def test_only_the_program_that_is_run_is_built(self):
        project = self.new()
        write(project / "tests/test_heat.c", "broken")
        self.assertIn("rank 0 of 1", self.ok("run", "-n", 1, "heat", 8, 3, cwd=project).out)
        self.fails(1, "run", "haet", cwd=project, says="`haet`", hint="`heat`")
        self.fails(1, "run", "8", "3", cwd=project, says="`8`", hint="the project has: heat")

    def test_what_cannot_be_written(self):
        project = self.new()
        result = self.pisdk("test", "--junit", "/nowhere/x.xml", cwd=project)
        self.assertEqual(result.status, 1)
        self.assertIn("/nowhere/x.xml", result.err)

    def test_each_board_builds(self):
        project = self.new()
        for board in ("pi2", "pi3", "zero2w", "pi4", "pi5", "beaglebone"):
            self.ok("build", "--board", board, cwd=project)
            self.assertIn("rank 0 of 1", self.ok("run", "--board", board, "-n", 1, "heat", 8, 3,
                                                 cwd=project).out)

    def test_no_compiler_no_ninja(self):
        project = self.new()
        for names, says in ((("clang*",), "Clang"), (("ninja",), "ninja"), (("cmake",), "cmake")):
            path = path_without(self.dir / f"bin-{says}", *names)
            self.fails(1, "build", cwd=project, env={"PATH": path}, says=says, hint="install")


class Toolchain(Emulator):
    """The CMake toolchain file by itself, without `pisdk build`."""

    def cmake(self, *words, env=None, cwd=None):
        return subprocess.run(["cmake", *map(str, words)], env={**self.env, **(env or {})},
                              cwd=cwd or self.dir, capture_output=True, text=True)

    def toolchain(self):
        return self.ok("sysroot", "path", "--toolchain").out.strip()

    def test_c_and_cpp_with_mpi_and_run_checks(self):
        write(self.dir / "CMakeLists.txt", """
            cmake_minimum_required(VERSION 3.13)
            project(both C CXX)
            set(CMAKE_CXX_STANDARD 17)
            find_package(MPI REQUIRED COMPONENTS C CXX)
            find_package(Threads REQUIRED)
            include(CheckCSourceRuns)
            check_c_source_runs("int main(void) { return sizeof(void *) != 4; }" POINTERS_ARE_32)
            if(NOT POINTERS_ARE_32)
              message(FATAL_ERROR "the run check failed")
            endif()
            enable_testing()
            add_executable(c c.c)
            target_link_libraries(c MPI::MPI_C)
            add_executable(cpp cpp.cpp)
            target_link_libraries(cpp MPI::MPI_CXX Threads::Threads)
            add_executable(plain plain.c)
            add_test(NAME c COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2
                     ${MPIEXEC_PREFLAGS} $<TARGET_FILE:c>)
            add_test(NAME cpp COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2
                     $<TARGET_FILE:cpp>)
            add_test(NAME plain COMMAND plain)
            """)
        write(self.dir / "c.c", HELLO)
        write(self.dir / "cpp.cpp", """
            #include <mpi.h>
            #include <iostream>
            #include <thread>
            #include <vector>
            int main(int argc, char **argv)
            {
                MPI_Init(&argc, &argv);
                int rank;
                MPI_Comm_rank(MPI_COMM_WORLD, &rank);
                std::vector<int> v{1, 2, 3};
                std::thread t([&] { v.push_back(rank); });
                t.join();
                std::cout << v.size() << std::endl;
                MPI_Finalize();
            }""")
        write(self.dir / "plain.c", "int main(void) { return sizeof(long) != 4; }")
        # A host whose MPI and pkg-config files must not be used.
        poison = self.dir / "poison"
        for name in ("mpicc", "mpicxx", "mpiexec", "mpirun"):
            write(poison / name, "#!/bin/sh\necho poison >&2\nexit 1\n", 0o755)
        prefix = Path(os.environ["PISDK"]).parent
        env = {"PATH": f"{poison}:{prefix}:{self.env['PATH']}"}
        done = self.cmake("-G", "Ninja", "-B", "build", f"-DCMAKE_TOOLCHAIN_FILE={self.toolchain()}",
                          env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("poison", done.stdout + done.stderr)
        done = self.cmake("--build", "build", env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run(["ctest", "--test-dir", "build", "--output-on-failure"], cwd=self.dir,
                              env={**self.env, **env}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("out of 3", done.stdout)

    def test_moved_and_without_pisdk(self):
        """Copied elsewhere with its boards, it still builds; it only cannot run."""
        moved = self.dir / "moved folder"
        shutil.copytree(Path(self.toolchain()).parent, moved)
        write(self.dir / "CMakeLists.txt", """
            cmake_minimum_required(VERSION 3.20)
            project(p C)
            find_package(MPI REQUIRED)
            add_executable(p p.c)
            target_link_libraries(p MPI::MPI_C)""")
        write(self.dir / "p.c", HELLO)
        path = path_without(self.dir / "bin", "pisdk")
        done = self.cmake("-G", "Ninja", "-B", "build", "-DPISDK_BOARD=pi3", f"-DPISDK_SYSROOT={ROOT}",
                          f"-DCMAKE_TOOLCHAIN_FILE={moved}/pisdk.cmake", env={"PATH": path})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.cmake("--build", "build", "--verbose", env={"PATH": path})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("-mcpu=cortex-a53", done.stdout)

    def test_presets_of_the_template(self):
        self.ok("new", "heat")
        env = {"PISDK_TOOLCHAIN": self.toolchain(),
               "PISDK_EXECUTABLE": os.environ["PISDK"]}
        for words in (("--preset", "board"), ("--build", "--preset", "board")):
            done = self.cmake(*words, env=env, cwd=self.dir / "heat")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run(["ctest", "--preset", "board"], env={**self.env, **env},
                              cwd=self.dir / "heat", capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_refused_and_unknown_boards_and_sysroots(self):
        write(self.dir / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(p C)\n")
        for variable, says in (("PISDK_BOARD=zero", "ARMv6"), ("PISDK_BOARD=pi9", "pisdk boards"),
                               ("PISDK_SYSROOT=gone", "pisdk sysroot build gone")):
            done = self.cmake("-B", "build", "-D" + variable,
                              f"-DCMAKE_TOOLCHAIN_FILE={self.toolchain()}")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(says, done.stderr.replace("\n", " "))
            shutil.rmtree(self.dir / "build", ignore_errors=True)


if __name__ == "__main__":
    main()
