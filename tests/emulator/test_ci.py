# SPDX-License-Identifier: MIT
"""`pisdk ci`: the workflows are what the services read, and their commands do what they say.

Run as an ordinary user, against an installed pisdk (see setup). That a fresh machine needs nothing
else is in package/test_package.py.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from harness import PISDK, main, write  # noqa: E402
from test_emulator import Emulator  # noqa: E402
from workflows import commands  # noqa: E402

FILES = {"github": ".github/workflows/pisdk.yml", "gitlab": ".gitlab-ci.yml", "woodpecker": ".woodpecker.yml"}

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}


def only(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


# The keys that we use, as the services document them; a key that is misspelt is one too many.
STEP = {"anyOf": [only(["uses"], uses=TEXT, name=TEXT, **{"if": TEXT, "with": {"type": "object"}}),
                  only(["run"], run=TEXT, name=TEXT)]}
SCHEMAS = {
    # "on" is true in YAML 1.1, which Python's reader reads
    "github": only(["name", "jobs", "on"], name=TEXT, on=TEXTS, env={"type": "object"}, permissions={"type": "object"},
                   jobs={"additionalProperties": only(
                       ["runs-on", "steps"], steps={"type": "array", "items": STEP},
                       **{"runs-on": TEXT, "timeout-minutes": {"type": "integer"}})}),
    "gitlab": {"additionalProperties": only(
        ["script", "image"], image=TEXT, timeout=TEXT, variables={"additionalProperties": TEXT},
        cache=only(["key", "paths"], paths=TEXTS, key=only(["files"], files=TEXTS, prefix=TEXT)),
        before_script=TEXTS, script=TEXTS, coverage=TEXT,
        artifacts=only(when=TEXT, paths=TEXTS, reports=only(junit=TEXT)))},
    "woodpecker": only(["steps"], when={"type": "array"}, steps={"type": "array", "items": only(
        ["name", "image", "commands"], name=TEXT, image=TEXT, environment={"additionalProperties": TEXT},
        volumes=TEXTS, commands=TEXTS)}),
}


class Workflows(Emulator):
    def project(self, ini="[run]\nranks = 2\n"):
        folder = self.dir / "ring"
        write(folder / "pisdk.ini", f"[project]\nname = ring\n[build]\nsystem = command\ncommand = mpicc -o ring ring.c\n"
                                    f"test = mpirun -n 2 ./ring\n{ini}")
        write(folder / "ring.c", "#include <mpi.h>\n#include <stdio.h>\nint main(int c, char **v)\n{\n    int n;\n"
                                 "    MPI_Init(&c, &v);\n    MPI_Comm_size(MPI_COMM_WORLD, &n);\n"
                                 "    printf(\"ranks %d\\n\", n);\n    MPI_Finalize();\n}\n")
        return folder

    def workflow(self, folder, service, *words):
        self.ok("ci", service, *words, cwd=folder)
        workflow = yaml.safe_load((folder / FILES[service]).read_text())
        if True in workflow:
            workflow["on"] = workflow.pop(True)
        return workflow

    def test_each_is_what_the_service_reads(self):
        folder = self.project()
        for service, schema in SCHEMAS.items():
            with self.subTest(service):
                workflow = self.workflow(folder, service, "--package", "https://x.example/pisdk.deb")
                jsonschema.validate(workflow, schema)
                self.assertNotIn("@", json.dumps(workflow).replace("actions/checkout@", "").replace(
                    "actions/cache@", "").replace("actions/upload-artifact@", ""))
                self.assertIn("https://x.example/pisdk.deb", json.dumps(workflow))
                for text in commands(service, workflow):
                    subprocess.run(["bash", "-n"], input=text, text=True, check=True)

    def test_their_commands(self):
        folder = self.project()
        shutil.copy(Path(self.env["PISDK_DATA_DIR"]) / "sysroots/bookworm/pisdk.lock", folder / "pisdk.lock")
        subprocess.run("git init -q && git add pisdk.lock", shell=True, cwd=folder, check=True)
        env = {**self.env, "PATH": f"{Path(PISDK).parent}:{os.environ['PATH']}"}
        for service in FILES:
            with self.subTest(service):
                texts = commands(service, self.workflow(folder, service))
                # from the build on: before, a machine is set up, and coverage wants packages
                start = texts.index("pisdk build")
                write(self.dir / "script", "\n".join(texts[start:-1]))
                done = subprocess.run(["bash", "-e", self.dir / "script"], text=True, cwd=folder, env=env,
                                      stdin=subprocess.DEVNULL, capture_output=True, timeout=200, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual([done.stdout.count(f"ranks {n}\n") for n in (1, 2, 4)], [1, 4, 4])
                self.assertIn('failures="0"', (folder / "results.xml").read_text())
                (folder / "results.xml").unlink()

    def test_the_total_is_what_gitlab_looks_for(self):
        folder = self.project()
        pattern = self.workflow(folder, "gitlab")["boards"]["coverage"].strip("/")
        # llvm-cov: regions, functions, lines, branches; coverage.py: statements
        lines = ["src/heat.c    40   4   90.00%   6   0   100.00%   77   7   90.91%   20   4   80.00%",
                 "TOTAL         40   4   90.00%   6   0   100.00%   77   7   90.91%   20   4   80.00%",
                 "TOTAL         40   4   90.00%   6   0   100.00%   77   7   90.91%   0   0   -",
                 "TOTAL         25      1    96%"]
        self.assertEqual([re.findall(pattern, line) for line in lines], [[], ["90.91"], ["90.91"], ["96"]])

    def test_a_lock_that_is_missing(self):
        folder = self.project()
        self.env["PISDK_DATA_DIR"] = str(self.dir / "data")
        self.assertIn("there is no pisdk.lock yet", self.ok("ci", "gitlab", cwd=folder).err)
        self.fails(3, "sysroot", "build", "--locked", cwd=folder, says=["there is no pisdk.lock"],
                   hint="pisdk sysroot build, and commit pisdk.lock")
        self.fails(2, "sysroot", "build", "--locked", says=["--locked is for the sysroot of a project"])

    def test_what_is_there_is_kept(self):
        folder = self.project()
        write(folder / ".gitlab-ci.yml", "mine: {}\n")
        self.assertIn(".gitlab-ci.yml is left as it is: it exists already", self.fails(1, "ci", "gitlab", cwd=folder).err)
        self.assertEqual((folder / ".gitlab-ci.yml").read_text(), "mine: {}\n")
        self.fails(2, "ci", "jenkins", cwd=folder, says=["it has for: github, gitlab, woodpecker"])
        self.fails(2, "ci", "gitlab", "--package", "it's", cwd=folder, says=["has a quote"])

    def test_without_mpi(self):
        self.assertIn("names no [run] ranks", json.dumps(self.workflow(self.project(""), "github")))


if __name__ == "__main__":
    main()
