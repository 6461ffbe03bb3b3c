# SPDX-License-Identifier: MIT
"""What pisdk makes of Slurm's answers, where a real one does not come to them: a login node that is
this machine, with commands of Slurm that are the test's own."""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import Case, main, write  # noqa: E402

SSH = '#!/bin/sh\nfor command; do :; done\ncd "$HOME" && exec /bin/sh -c "$command"\n'
JOB = "JobId=7 JobName=p UserId=me(1) JobState={} Reason={} ExitCode={} RunTime=00:00:01 " \
      "TimeLimit=00:10:00 NodeList=n[1-2] BatchHost=n1"


class Login(Case):
    def setUp(self):
        super().setUp()
        self.bin = self.dir / "bin"
        self.env["PATH"] = f"{self.bin}:{self.env['PATH']}"
        self.command("ssh", SSH)
        self.command("sbatch")
        self.command("scancel", f"#!/bin/sh\necho \"$@\" >>{self.dir}/cancelled\n")
        self.command("sacct", "#!/bin/sh\nexit 1\n")
        self.command("id", "#!/bin/sh\necho me\n")
        self.ini = write(self.dir / "pisdk.ini", "[project]\nname = p\n[slurm]\nhost = login\n")
        self.output = write(self.dir / ".local/share/pisdk/p/work/slurm-7.out", "out\n")

    def command(self, name, text="#!/bin/sh\n"):
        new = write(self.bin / f".{name}", text, 0o755)
        new.rename(self.bin / name)  # at once: somebody may be starting it

    def job(self, state, reason="None", code="0:0"):
        self.command("scontrol", f"#!/bin/sh\necho '{JOB.format(state, reason, code)}'\n")

    def no_job(self):
        self.command("scontrol", "#!/bin/sh\necho slurm_load_jobs error >&2\nexit 1\n")

    def follow(self, state, code="0:0"):
        self.job(state, code=code)
        return self.pisdk("submit", "--output", "--follow", "7")


class Ends(Login):
    def test_status(self):
        for state, code, status in [("COMPLETED", "0:0", 0), ("FAILED", "9:0", 9),
                                    ("FAILED", "0:11", 139), ("FAILED", "odd", 1)]:
            result = self.follow(state, code)
            self.assertEqual((result.status, result.out), (status, "out\n"), str(result))
        result = self.follow("TIMEOUT")
        self.assertEqual(result.status, 124)
        self.assertIn("job 7 reached its time limit of 00:10:00", result.err)
        result = self.follow("CANCELLED")
        self.assertEqual(result.status, 143)
        self.assertIn("job 7 was cancelled", result.err)
        for state in ["NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "PREEMPTED"]:
            result = self.follow(state)
            self.assertEqual(result.status, 5)
            self.assertIn(f"error: job 7 was ended by Slurm: {state}", result.err)
        result = self.follow("FAILED", "0:53")
        self.assertEqual(result.status, 5)
        self.assertIn("error: job 7 did not start: n1 does not have the project's folder", result.err)
        self.assertFalse((self.dir / "cancelled").exists())

    def test_a_dead_node(self):
        """Slurm waits for it, with the job as good as over; not for one that may yet succeed."""
        began = time.monotonic()
        self.assertEqual(self.follow("COMPLETING", "255:0").status, 255)
        self.assertGreater(time.monotonic() - began, 4)
        self.job("COMPLETING", "TimeLimit", "0:15")
        self.assertEqual(self.pisdk("submit", "--output", "--follow", "7").status, 124)
        self.job("COMPLETING")
        process = self.start("submit", "--output", "--follow", "7")
        time.sleep(7)
        self.assertIsNone(process.poll())
        self.job("COMPLETED")
        self.assertEqual(process.wait(timeout=30), 0)

    def test_accounting(self):
        """It remembers what slurmctld forgot."""
        self.no_job()
        self.fails(1, "submit", "--status", "7", says="does not know job 7")
        self.command("sacct", "#!/bin/sh\necho '7|CANCELLED by 1|0:15|00:01:00|n1'\n")
        [job] = json.loads(self.ok("submit", "--json", "--status", "7").out)
        self.assertEqual((job["state"], job["time"], job["status"]),
                         ("CANCELLED", "00:01:00", None))
        self.command("sacct", "#!/bin/sh\necho '7|FAILED|5:0|00:01:00|n1'\n")
        self.assertEqual(self.pisdk("submit", "--output", "-f", "7").status, 5)

    def test_it_goes_on(self):
        self.job("PENDING", "Priority")
        process = self.start("submit", "--output", "--follow", "7")
        while "job 7 waits: Priority" not in process.stderr.readline():
            pass
        self.job("RUNNING")
        self.assertEqual(process.stdout.readline(), "out\n")
        with self.output.open("a") as out:
            out.write("more\n")
        self.assertEqual(process.stdout.readline(), "more\n")
        self.no_job()  # for a moment
        time.sleep(2)
        self.job("RUNNING")
        with self.output.open("a") as out:
            out.write("x" * 1000000)
        self.job("COMPLETED")
        out, err = process.communicate(timeout=60)
        self.assertEqual((out, process.returncode), ("x" * 1000000, 0))
        self.assertEqual(err.count("job 7 runs on n[1-2]"), 1, err)

    def test_it_is_only_watched(self):
        self.job("RUNNING")
        process = self.start("submit", "--output", "--follow", "7")
        self.assertEqual(process.stdout.readline(), "out\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=30), 130)
        self.assertFalse((self.dir / "cancelled").exists())


class Answers(Login):
    def test_bytes_that_are_no_text(self):
        """A terminal would obey them; and they are no UTF-8, which JSON is."""
        job = JOB.format("PENDING", r"Evil\033[31m\377", "0:0")
        self.command("scontrol", f"#!/bin/sh\nprintf '{job}\\n'\n")
        [row] = json.loads(self.ok("submit", "--status", "--json").out)
        self.assertEqual(row["reason"], "Evil?[31m?")
        self.assertNotIn("\033", self.ok("submit", "--status").out)

    def test_jobs(self):
        other = JOB.format("RUNNING", "None", "0:0").replace("JobName=p", "JobName=pp")
        somebody = JOB.format("RUNNING", "None", "0:0").replace("=me(", "=you(")
        self.command("scontrol", f"#!/bin/sh\ncat <<'END'\n{other}\n{somebody}\nnoise\n"
                     f"{JOB.format('PENDING', 'Resources', '0:0')}\n"
                     f"{JOB.format('FAILED', 'NonZeroExitCode', '3:0')}\nEND\n")
        jobs = json.loads(self.ok("submit", "--status", "--json").out)
        self.assertEqual([(job["state"], job["nodes"], job["reason"], job["status"])
                          for job in jobs], [("PENDING", None, "Resources", None),
                                             ("FAILED", "n[1-2]", "NonZeroExitCode", 3)])
        self.command("scontrol", "#!/bin/sh\necho 'No jobs in the system'\n")
        self.assertEqual(json.loads(self.ok("submit", "--status", "--json").out), [])
        self.command("scontrol", "#!/bin/sh\necho 'slurm_load_jobs error: no controller' >&2\nexit 1\n")
        self.fails(1, "submit", "--status", says="login: slurm_load_jobs error: no controller")
        self.command("scontrol", "#!/bin/sh\nprintf 'JobId=7 JobState=\\033[2J\\n'\n")
        self.assertNotIn("\033", self.ok("submit", "--status", "7").out)

    def test_cancel(self):
        self.job("RUNNING")
        self.ok("submit", "--cancel", "7", "8")
        self.assertEqual((self.dir / "cancelled").read_text(), "7 8\n")
        self.no_job()
        self.fails(1, "submit", "--cancel", "9", says="login: there is no job 9")
        self.command("scancel", "#!/bin/sh\necho 'scancel: error: Access denied' >&2\nexit 1\n")
        self.job("RUNNING")
        self.fails(1, "submit", "--cancel", "7", says="login: Access denied")
        self.command("scancel", "#!/bin/sh\nprintf 'scancel: odd\\nTry it\\n' >&2\nexit 255\n")
        self.fails(1, "submit", "--cancel", "7", says="login: scancel: odd")
        self.command("scancel", "#!/bin/sh\nprintf 'a: error: b\\nc: error: d\\ne\\n' >&2\nexit 1\n")
        self.fails(1, "submit", "--cancel", "7", says="login: d")

    def test_no_slurm(self):
        os.unlink(self.bin / "sbatch")
        for args in [["--status"], ["--output", "-f", "7"]]:
            self.fails(1, "submit", *args, says="login has no Slurm", hint="`host` in [slurm]")

    def test_no_login(self):
        self.command("ssh", "#!/bin/sh\necho 'ssh: Could not resolve hostname login' >&2\nexit 255\n")
        self.fails(1, "submit", "--status", says="login: ")
        self.fails(1, "submit", "--output", "-f", "7", says="login: ")

    def test_folder(self):
        write(self.dir / "pisdk.ini", "[project]\nname = p\n[slurm]\nhost = login\n"
              f"folder = {self.dir}/it's shared\n")
        write(self.dir / "it's shared/pisdk/p/work/slurm-7.out", "there\n")
        self.assertEqual(self.ok("submit", "--output", "7").out, "there\n")
        self.assertEqual(self.follow("COMPLETED").out, "there\n")
        self.fails(1, "submit", "--output", "8", says="job 8 has no output", hint="--status 8")


class Words(Login):
    def test_usage(self):
        self.job("RUNNING")
        self.fails(2, "submit", "--status", "x", says="`x` is not a job number")
        self.fails(2, "submit", "--cancel", "7_1", says="`7_1` is not a job number")
        self.fails(2, "submit", "--status", "--cancel", "7", says="exclude each other")
        self.fails(2, "submit", "--cancel", says="--cancel is for jobs")
        self.fails(2, "submit", "--output", "7", "8", says="--output is for one job")
        self.fails(2, "submit", "--status", "7", "--json", hint="put other options before the job")
        write(self.ini, "[project]\nname = p\n")
        self.fails(1, "submit", "--status", says="no login node of Slurm is set", hint="--host")
        self.ok("submit", "--host", "login", "--status")
        self.ok("submit", "--nodes", "login,n1", "--status")
        self.fails(2, "submit", "--host", "n[1-2]", "--status", says="more than one login node")
        write(self.ini, "[project]\nname = p\n[slurm]\nplace = local\nhost = login\n")
        self.fails(1, "submit", "--status", says="no nodes configured")


if __name__ == "__main__":
    main()
