# SPDX-License-Identifier: MIT
"""Programs that emulated boards run without emulation (sysroot-scripts/common/native.ini): their
answers are those of the emulated ones, and a board stays an armv7l board.

Every program of the recipe has a line in CASES: commands whose output, status and files are compared
between a board that emulates all programs and one that does not.
"""

import configparser
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, Case, core, main, write  # noqa: E402

DATA = os.environ.get("PISDK_TEST_DATA", "")
RECIPES = Path(PISDK).parents[1] / "share/pisdk/sysroot-scripts"
IMAGE = Path(DATA, "sysroots/bookworm-board")

# Files that 32-bit programs stumble over: 5 GB with nothing in it, one of the year 2040, one of 1960,
# and what has other letters in its name.
PREPARE = """
mkdir /tmp/files && cd /tmp/files
printf 'b 2\\na 10\\nc 1\\n' > text
printf 'b 2\\na 11\\nc 1\\nd\\n' > other
printf 'ü\\nä\\nz\\nA\\n' > umlauts
truncate -s 5G big
touch -d '2037-12-01 00:00' late; touch -d '1960-05-06 07:08:09.123456789' early
mkdir -p folder/inner; echo x > folder/inner/x; ln -s ../text folder/link; echo y > 'folder/ü b'
head -c 300000 /dev/zero | tr '\\0' 'q' > long
chmod 640 other
touch -hd '2020-01-02 03:04:05.678901234' text other umlauts big folder/inner/x 'folder/ü b' folder/link folder/inner folder
"""

CASES = {
    "[": ["[ -f text ]", "[ big -nt early ]", "[ 9223372036854775807 -gt 4294967296 ]", "/usr/bin/[ a '<' ]", "/usr/bin/[ -s big ]"],
    "b2sum": ["b2sum text long"],
    "base32": ["base32 text", "base32 text | base32 -d"],
    "base64": ["base64 text", "base64 -w 0 long | base64 -d | cksum"],
    "basename": ["basename /a/b.c .c"],
    "basenc": ["basenc --base16 text"],
    "bash": ["bash -c 'echo $((1 << 40)) ${#BASH_VERSION} $HOSTTYPE $MACHTYPE $OSTYPE'",
             "bash -c 'a=(1 2 3); echo ${a[@]:1}; [[ ü =~ [[:alpha:]] ]] && echo letter; printf \"%d %5.2f\\n\" 4294967296 1.5'",
             "bash -c 'x=ü; echo ${#x} ${x^}; exec 3< big; test -s big && read -t 0 <&3; echo $?'",
             "bash -c 'ulimit -v 100000; ulimit -v; uname -m; ulimit -n'",
             "bash -c 'printf \"%(%Y-%m-%d)T\\n\" 86400; printf \"%(%Y)T\\n\" 2000000000; kill -l | head -2'",
             "bash -c 'false | true; echo ${PIPESTATUS[@]}; nosuchcommand'; echo $?", "bash nosuchfile"],
    "cat": ["cat -A umlauts", "cat nosuchfile text", "cat big > /dev/full; echo $?"],
    "chgrp": ["chgrp root text; echo $?", "chgrp pi text; echo $?"],
    "chmod": ["chmod -v u+x,g-w text", "chmod 9 text"],
    "chown": ["chown pi:pi text; echo $?", "chown root text; echo $?"],
    "cksum": ["cksum text long", "cksum -a crc text", "cksum -a sm3 text"],
    "cmp": ["cmp text other", "cmp -l text other", "cmp big big"],
    "comm": ["comm text other"],
    "csplit": ["csplit -s text /a/ && cat xx00 xx01"],
    "cut": ["cut -d' ' -f2 text", "cut -c1 umlauts", "cut -b2- text"],
    "dash": ["dash -c 'echo $((1 << 40)) $((2147483647 + 1))'", "dash -c 'x=ü; echo ${#x}; printf \"%d %5.2f %s\\n\" 4294967296 1.5 a'",
             "dash -c 'echo \"a\\tb\"; test -s big && echo big; for i in f*; do echo $i; done; exec 3< big; echo $?'",
             "dash -c 'nosuchcommand'", "dash -c 'kill -TERM $$'", "dash -c 'ulimit -v 100000; uname -m; ulimit -v'"],
    "dd": ["dd if=text bs=2 count=3 status=none", "dd if=/dev/zero of=out bs=1 count=1 seek=5G status=none && stat -c %s out",
           "dd if=big bs=1M skip=4100 count=1 status=none | cksum"],
    "df": ["df --output=target /", "df nosuchfile"],
    "diff": ["diff -u text other | tail -n +3", "diff -r folder folder", "diff text late"],
    "diff3": ["diff3 text other text"],
    "dir": ["dir folder"],
    "dirname": ["dirname /a/b/c"],
    "du": ["du -b --apparent-size folder text", "du --apparent-size -h big", "du -s --apparent-size -B1 big"],
    "echo": ["/usr/bin/echo -e 'a\\x41\\0101 ü'"],
    "env": ["env -i A=1 B=2 env | sort", "env nosuchcommand; echo $?", "env -S 'a=1 env' | grep ^a="],
    "expand": ["printf 'a\\tb' | expand -t 4"],
    "expr": ["expr 4294967296 \\* 4294967296", "expr ü : '.*'", "expr 7 % 0"],
    "false": ["false; echo $?"],
    "find": ["find folder | sort", "find . -size +4G", "find . -newermt 2030-01-01 | sort", "find early -printf '%T+ %s %m %p\\n'",
             "find . -name '*ü*' -exec echo {} +", "find nosuchfile", "find late -printf '%T@ %TY\\n'"],
    "fmt": ["fmt -w 10 text"],
    "fold": ["fold -w 100000 long | cksum"],
    "free": ["free -b | awk 'NR == 2 { print $2 }'", "free | head -1"],
    "grep": ["grep -n a text", "grep -ciP '^\\w \\d+$' text", "grep -E '(a|b)+ [0-9]{2}' text", "grep -r x folder", "grep -c . big long",
             "grep '^.$' umlauts", "grep -i Ä umlauts", "grep '[' text"],
    "groups": ["groups"],
    "head": ["head -n 1 text", "head -c 5G big | head -c 3 | cksum", "head -n -1 text"],
    "hostname": ["hostname", "hostname -s"],
    "id": ["id", "id -un"],
    "install": ["install -D -m 700 text new/place && stat -c %a new/place"],
    "join": ["join text other"],
    "kill": ["/usr/bin/kill -l 15", "sh -c 'sleep 50 & /usr/bin/kill -9 $!; wait $!; echo $?' 2> errors"],
    "link": ["link text linked && stat -c %h text"],
    "ln": ["ln -sr folder/inner/x to-x && readlink to-x", "ln nosuchfile y"],
    "logname": ["logname; echo $?"],
    "ls": ["ls -1 folder", "ls -l --time-style=full-iso text big late early | cut -d' ' -f1-8,9-", "ls -lh big | cut -d' ' -f5",
           "ls -U /usr/bin | sort | cksum", "ls nosuchfile", "ls -1 umlauts text other", "LC_ALL=C ls folder"],
    "make": ["printf 'all: a b\\na b:\\n\\t@echo $@ $$((1<<33)) $(words x y z)\\n' > Makefile; make -j2 -O", "make nosuchtarget"],
    "mawk": ["mawk 'BEGIN { printf \"%d %d %s %c\\n\", 2^31, 2^53, 2^53, 65; print 2^31, 1e300 * 10, int(-2147483649), 0.1 + 0.2 }'",
             "mawk 'BEGIN { srand(1); print rand(), rand(); printf \"%.20f %5.1e %x\\n\", 0.1, 123456, 4294967295; print length(\"ü\"), 7 % 3, 2^0.5 }'",
             "mawk '{ n[$1] += $2 } END { for (k in n) print k, n[k], substr(k, 1, 1), toupper(k) }' text other | sort", "mawk 'BEGIN { x = '",
             "mawk -F '' '{ gsub(/q/, \"z\"); print length($0) }' long"],
    "md5sum": ["md5sum text long | tee sums; md5sum -c sums"],
    "mkdir": ["mkdir -pv d/e/f", "mkdir folder"],
    "mkfifo": ["mkfifo pipe && stat -c %F pipe"],
    "mktemp": ["mktemp -u /tmp/abc.XXXX | cut -c1-9"],
    "mv": ["mv -v text moved", "mv late late3 && stat -c %Y late3", "mv nosuchfile z"],
    "nice": ["nice -n 5 nice", "nice -n -5 true; echo $?"],
    "nl": ["nl umlauts"],
    "nohup": ["nohup echo a < /dev/null 2>&1"],
    "orted": ["orted --nosuchoption 2>&1 | head -1"],
    "orterun": ["orterun --version | head -1", "orterun -n 2 hostname", "orterun -n 1 nosuchprogram 2>&1 | grep -c nosuchprogram",
                "orterun -n 2 sh -c 'exit 3' > /dev/null 2>&1; echo $?", "orterun -n 2 --nosuchoption x 2>&1 | grep -c nosuchoption"],
    "paste": ["paste -sd, text"],
    "pathchk": ["pathchk -p 'a/ü'"],
    "pgrep": ["sleep 51 & until pgrep -x sleep > list; do :; done; pgrep -cx sleep; kill $!", "pgrep nosuchprocess; echo $?"],
    "pkill": ["sleep 52 & until pgrep -x sleep > list; do :; done; pkill -x sleep; wait $!; echo $?"],
    "pr": ["pr -t -2 text"],
    "printenv": ["printenv HOME", "printenv NOSUCHVARIABLE; echo $?"],
    "ps": ["ps -o comm= $$", "ps -p 1 -o pid="],
    "pwd": ["/usr/bin/pwd"],
    "readlink": ["readlink folder/link", "readlink -f folder/link"],
    "realpath": ["realpath --relative-to=folder text"],
    "rm": ["rm -rv folder", "rm nosuchfile"],
    "rmdir": ["rmdir folder"],
    "rsync": ["rsync -a --out-format='%i %n' folder/ there | sort", "rsync -aS big there2 && stat -c %s there2", "rsync -a late early there3/ && stat -c %y there3/late",
              "rsync --version | sed -n '1p;/bit/p' | head -1", "rsync -an --stats text x | grep -i 'total file size'"],
    "run-parts": ["run-parts --list folder"],
    "scp": ["scp -q text copied && cmp text copied", "scp nosuchfile x"],
    "sdiff": ["sdiff -w 40 text other"],
    "sed": ["sed -n '2p;s/a/ü/p' text", "sed -E 's/([a-z]) ([0-9]+)/\\2 \\1/' text", "sed 's/./x/' umlauts", "sed -i 1d text && cat text", "sed 's/(/' text"],
    "sftp": ["sftp -h 2>&1 | head -2"],
    "sftp-server": ["echo | /usr/lib/openssh/sftp-server -h 2>&1 | head -1"],
    "sha1sum": ["sha1sum text long"],
    "sha224sum": ["sha224sum text"],
    "sha256sum": ["sha256sum text long"],
    "sha384sum": ["sha384sum text"],
    "sha512sum": ["sha512sum text long"],
    "shuf": ["seq 9 | shuf | sort -n | paste -sd,", "shuf -i 1-100000 -n 3 --random-source=long"],
    "sleep": ["sleep 0.01", "sleep x"],
    "split": ["split -l 1 text part && cat partab", "split -b 4G big half && stat -c %s halfaa halfab && rm half*"],
    "ssh": ["ssh -V 2>&1", "ssh -o BatchMode=yes -o ConnectTimeout=2 nosuch.invalid true; echo $?", "ssh -Q cipher | cksum"],
    "ssh-add": ["ssh-add -l; echo $?"],
    "ssh-agent": ["ssh-agent sh -c 'ssh-add -l'; echo $?"],
    "ssh-keygen": ["ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -lf key | cut -d' ' -f1,3-", "ssh-keygen -y -f key | cut -d' ' -f1"],
    "ssh-keyscan": ["ssh-keyscan -T 1 nosuch.invalid; echo $?"],
    "sshd": ["/usr/sbin/sshd -t -f /dev/null 2>&1 | head -1"],
    "stat": ["stat -c '%n %s %b %Y %a %F' text big late early", "stat -f -c %T /proc", "stat nosuchfile"],
    "stty": ["stty; echo $?"],
    "sum": ["sum text long", "sum -s text"],
    "sync": ["sync text"],
    "tac": ["tac text"],
    "tail": ["tail -n 1 text", "tail -c +4294967300 big | head -c 2 | cksum", "timeout 0.3 tail -f text; echo $?"],
    "tar": ["tar -cf t.tar folder text && tar -tvf t.tar | sort", "tar -czf t.tgz folder && tar -xzf t.tgz -C /tmp && ls /tmp/folder",
            "tar -cSf s.tar big late early && tar -tvf s.tar", "tar -xf nosuchfile", "tar --sort=name --mtime=@0 --owner=0 --group=0 -cf - folder | sha256sum"],
    "tee": ["echo a | tee copy && cat copy"],
    "test": ["/usr/bin/test 4294967297 -eq 1; echo $?", "/usr/bin/test -s big; echo $?"],
    "timeout": ["timeout 0.1 sleep 5; echo $?", "timeout 5 sh -c 'exit 3'; echo $?"],
    "tr": ["tr a-z A-Z < text", "tr -d '[:digit:]' < text"],
    "true": ["true; echo $?"],
    "truncate": ["truncate -s 6G t && stat -c %s t", "truncate -s +1 text && stat -c %s text"],
    "tsort": ["echo 'a b b c' | tsort"],
    "tty": ["tty; echo $?"],
    "unexpand": ["unexpand -t 2 text"],
    "uniq": ["printf 'a\\na\\nb\\n' | uniq -c"],
    "unlink": ["unlink text && ls text"],
    "uptime": ["uptime -p | cut -c1-2"],
    "vmstat": ["vmstat | head -1"],
    "w": ["w -h | wc -l"],
    "watch": ["watch -v"],
    "wc": ["wc text umlauts", "wc -c big", "wc -m umlauts"],
    "whoami": ["whoami"],
    "xargs": ["echo a b c | xargs -n 1 echo", "seq 100000 | xargs echo | wc -l | sed 's/.*/some/'", "echo a | xargs nosuchcommand; echo $?"],
    "yes": ["yes | head -n 2"],
}

def native_programs(arch):
    """The names of the programs that the recipe has for it."""
    recipe = configparser.ConfigParser(inline_comment_prefixes=None, interpolation=None)
    recipe.read(RECIPES / "common/native.ini")
    paths = " ".join(value for key, value in recipe[f"native {arch}"].items() if key not in ("triple", "libraries"))
    return {Path(p.replace("[[]", "[")).name for p in paths.split() if "/bin/" in p or "/sbin/" in p or "sftp-server" in p}


class Native(Case):
    def setUp(self):
        super().setUp()
        self.env["PISDK_DATA_DIR"] = DATA
        self.env.pop("PISDK_PURE", None)
        self.assertTrue(Path(IMAGE, "native/amd64").is_dir(), "run tests/emulator/setup first")

    def board(self, script, *options):
        write(self.dir / "script", script)
        return self.ok("run", *options, "--sysroot", IMAGE, "bash", self.dir / "script", timeout=300)


class Programs(Native):
    @core
    def test_answers_are_those_of_emulated_programs(self):
        """Each program in a folder of its own, all in one run."""
        lines = [f"exec > {self.dir}/out", "export LC_ALL=C.UTF-8 TZ=UTC0 PATH=/usr/bin:/usr/sbin", PREPARE]
        for name, commands in CASES.items():
            lines.append("cp -a /tmp/files /tmp/case; cd /tmp/case")
            for i, command in enumerate(commands):
                lines += [f"echo '=== {name} {i}'", f"( {command} ) 2>&1 < /dev/null", "echo \"status $?\""]
            lines.append("cd /; rm -rf /tmp/case")
        lines.append("exit 0")
        answers = []
        for options in ([], ["--pure"]):
            self.board("\n".join(lines) + "\n", *options)
            out = (self.dir / "out").read_text(errors="replace")
            answers.append(dict(re.findall(r"^=== (.*)\n((?:(?!=== ).*\n)*)", out, re.M)))
        native, emulated = answers
        self.assertEqual(len(native), sum(map(len, CASES.values())))
        for case in native:
            with self.subTest(case=case, command=CASES[case.split()[0]][int(case.split()[1])]):
                self.assertEqual(native[case], emulated[case])

    def test_every_program_has_a_case(self):
        programs = native_programs("amd64") | native_programs("i386")
        self.assertEqual(programs - set(CASES) - {"mpiexec.hydra", "hydra_pmi_proxy", "zstd", "sshd-session", "sshd-auth"}, set())


class Board(Native):
    def both(self, script):
        """What it says on a board as it is, and on a pure one."""
        return [self.board(script, *options).out for options in ([], ["--pure"])]

    def test_it_is_an_armv7l_board(self):
        native, pure = self.both(
            "uname -m; arch; getconf LONG_BIT; python3 -c 'import platform, struct; print(platform.machine(), "
            "struct.calcsize(\"P\"))'; echo $HOSTTYPE $MACHTYPE $OSTYPE; sh -c 'uname -m'; env uname -m; "
            "mpirun -n 1 uname -m; ldd /usr/bin/python3 | grep -c arm-linux-gnueabihf; od -An -tx1 -N 20 /usr/bin/python3")
        self.assertEqual(native, pure)
        self.assertEqual(native.split()[:5], ["armv7l", "armv7l", "32", "armv7l", "4"])

    def test_files_of_native_programs(self):
        native, pure = self.both("for f in bash orterun uname; do od -An -tx1 -j 4 -N 1 /usr/bin/$f; "
                                 "od -An -tu2 -j 18 -N 2 /usr/bin/$f; done; ls -d /lib64 2>&1 | wc -w")
        x86_64, i386, arm = "02 62", "01 3", "01 40"
        self.assertEqual(" ".join(native.split()), f"{x86_64} {i386} {arm} 1")
        self.assertEqual(" ".join(pure.split())[:17], f"{arm} {arm} {arm}")

    def test_files_after_2038(self):
        """What 32-bit programs cannot look at: five programs do, and no others."""
        native, pure = self.both(
            "cd /tmp; touch -d 2040-05-06 late; mkdir copies; "
            "for c in '[[ -e late ]]' \"sh -c 'test -e late'\" 'rsync late copies/' 'sed -i s/a/b/ late' 'mv late /dev/shm/x' "
            "'cp -a late copies/y' 'gzip -k late'; "
            "do echo a > late; touch -d 2040-05-06 late; eval $c > said 2>&1; r=$?; ! grep -q 'too large' said || r=1; echo $r; done")
        self.assertEqual([s == "0" for s in native.split()], [True] * 5 + [False] * 2)
        self.assertEqual([s == "0" for s in pure.split()], [False] * 7)

    def test_preloaded_libraries(self):
        """An ARM library is loaded into emulated programs; native ones say so, and run."""
        library = "/usr/lib/arm-linux-gnueabihf/libm.so.6"
        done = self.board(f"export LD_PRELOAD={library}; grep -c libm.so /proc/self/maps; "
                          "python3 -c 'print(open(\"/proc/self/maps\").read().count(\"libm.so\") > 0)'")
        self.assertEqual(done.out.split()[1], "True")
        self.assertIn("cannot be preloaded", done.err)

    def test_digits_of_bash(self):
        native, pure = self.both("printf '%.25f ' 0.1; /usr/bin/printf '%.25f ' 0.1; printf '%.15f' 0.1")
        self.assertEqual(native.split()[1:], pure.split()[1:])
        self.assertNotEqual(native.split()[0], pure.split()[0])

    def test_limits_of_a_shell(self):
        """QEMU starts no program in 100 MB of addresses, so the limit does not count, as where shells are emulated."""
        native, pure = self.both("ulimit -v 100000 -d 1000 -s 100; python3 -c 'print(len(bytearray(200 << 20)))'; ulimit -v; "
                                 "sh -c 'ulimit -v 1000; uname'; ulimit -n 100; sh -c 'ulimit -n'")
        self.assertEqual(native, pure)
        self.assertEqual(native.split(), [str(200 << 20), "unlimited", "Linux", "100"])

    def test_pure_in_the_project_and_the_environment(self):
        write(self.dir / "pisdk.ini", "[project]\nname = a\n[emulation]\npure = yes\n")
        kind = ["run", "--sysroot", IMAGE, "od", "-An", "-tu2", "-j", "18", "-N", "2", "/usr/bin/sh"]
        self.assertEqual(self.ok(*kind).out.strip(), "40")
        self.assertEqual(self.ok(*kind, env={"PISDK_PURE": "0"}).out.strip(), "62")
        write(self.dir / "pisdk.ini", "[project]\nname = a\n[emulation]\npure = perhaps\n")
        self.assertIn("`pure` must be yes or no, not `perhaps`", self.fails(2, "run", "true").err)

    def test_a_desktop_that_is_not_x86_64(self):
        """As far as uname(2) goes: then all programs are emulated."""
        done = self.ok("run", "--sysroot", IMAGE, "od", "-An", "-tu2", "-j", "18", "-N", "2", "/usr/bin/sh",
                       prefix=["setarch", "i686"])
        self.assertEqual(done.out.strip(), "40")


class Clusters(Native):
    KIND = "for f in bash sshd orterun uname; do p=$(command -v $f || echo /usr/sbin/$f); od -An -tu2 -j 18 -N 2 $p; done"

    def setUp(self):
        super().setUp()
        self.env["PISDK_RUNTIME_DIR"] = str(self.dir / "run")
        self.env["PISDK_PURE"] = ""
        self.addCleanup(self.pisdk, "cluster", "down", "--all")

    def up(self, name, *options, **more):
        return self.ok("cluster", "up", "-n", "2", "--name", name, *options, **more).err

    def kinds(self, name):
        return self.ok("cluster", "ssh", "--name", name, "pi2", self.KIND).out.split()

    def test_pure_beside_native(self):
        said = self.up("native") + self.up("pure", "--pure")
        self.assertNotIn("x86-64", said)
        self.assertEqual(self.kinds("native"), ["62", "62", "3", "40"])
        self.assertEqual(self.kinds("pure"), ["40"] * 4)
        for name in ("native", "pure"):
            hosts = self.ok("cluster", "ssh", "--name", name, "pi1", "mpirun -H pi1,pi2 -n 2 uname -nm").out
            self.assertEqual(sorted(hosts.splitlines()), ["pi1 armv7l", "pi2 armv7l"])

    def test_a_desktop_that_is_not_x86_64(self):
        said = self.up("other", prefix=["setarch", "i686"])
        self.assertIn("this desktop is not an x86-64 one: the boards emulate all programs, as with --pure", said)
        self.assertEqual(self.kinds("other"), ["40"] * 4)

    def test_hydra_of_mpich(self):
        """A plain launcher, which starts itself on the other boards by ssh."""
        if not Path(DATA, "sysroots/trixie-mpich-board/native/amd64/usr/bin/hydra_pmi_proxy").exists():
            self.skipTest("the mirror has no MPICH for amd64")
        self.up("mpich", "--sysroot", "trixie-mpich")
        out = self.ok("cluster", "ssh", "--name", "mpich", "pi1", "od -An -tu2 -j 18 -N 2 /usr/bin/mpiexec.hydra; "
                      "mpiexec -hosts pi1,pi2 -n 2 uname -nm").out.split("\n", 1)
        self.assertEqual(out[0].strip(), "62")
        self.assertEqual(sorted(out[1].splitlines()), ["pi1 armv7l", "pi2 armv7l"])


if __name__ == "__main__":
    main()
