# SPDX-License-Identifier: MIT
"""`pisdk run --trace` and `pisdk trace show`: a program whose communication is known, on one emulated
board and on a cluster, with both MPIs; and the page, in a real browser.

Run as an ordinary user, against an installed pisdk (see setup).
"""

import json
import re
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from chromium import Browser  # noqa: E402
from harness import main, write  # noqa: E402
from test_emulator import Emulator  # noqa: E402

ROUNDS, BYTES = 20, 1000

# A ring: rank 0 computes for 10 ms in each round, for which all others wait. Then by requests.
RING = """#include <mpi.h>
#include <string.h>
#include <unistd.h>

static char buf[1000], other[1000];

int main(int argc, char **argv)
{
    int rank, ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int next = (rank + 1) % ranks, before = (rank + ranks - 1) % ranks;
    for (int i = 0; i < 20; i++) {
        if (rank == 0) {
            usleep(10000);
            MPI_Send(buf, 1000, MPI_CHAR, next, 7, MPI_COMM_WORLD);
        }
        MPI_Recv(buf, 1000, MPI_CHAR, before, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE); // line 19
        if (rank != 0)
            MPI_Send(buf, 1000, MPI_CHAR, next, 7, MPI_COMM_WORLD);
    }
    MPI_Request requests[2];
    MPI_Irecv(other, 1000, MPI_CHAR, MPI_ANY_SOURCE, 8, MPI_COMM_WORLD, &requests[0]);
    MPI_Isend(buf, 1000, MPI_CHAR, next, 8, MPI_COMM_WORLD, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    MPI_Send_init(buf, 10, MPI_CHAR, next, 9, MPI_COMM_WORLD, &requests[0]);
    MPI_Recv_init(other, 10, MPI_CHAR, before, 9, MPI_COMM_WORLD, &requests[1]);
    for (int i = 0; i < 5; i++) {
        MPI_Startall(2, requests);
        MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
        MPI_Wait(&requests[1], MPI_STATUS_IGNORE);
    }
    MPI_Request_free(&requests[0]);
    MPI_Request_free(&requests[1]);
    if (argc > 1 && rank == 1) {
        usleep(200000);
        _exit(9);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}
"""


class Trace(Emulator):
    def project(self):
        folder = self.dir / "ring"
        write(folder / "pisdk.ini", "[project]\nname = ring\n[build]\nsystem = command\ncommand = mpicc -g -o ring ring.c\n")
        write(folder / "ring.c", RING)
        return folder

    def check(self, folder, ranks, numbers):
        calls = {c["name"]: c for c in numbers["totals"]}
        for name, count in (("Send", ROUNDS * ranks), ("Recv", ROUNDS * ranks), ("Isend", 6 * ranks), ("Irecv", 6 * ranks),
                            ("Waitall", ranks), ("Barrier", ranks), ("Finalize", ranks)):
            self.assertEqual(calls[name]["count"], count, name)
        self.assertEqual(calls["Send"]["bytes"], ROUNDS * ranks * BYTES)
        self.assertEqual(numbers["messages_matched"], (ROUNDS + 6) * ranks)
        for rank in numbers["ranks"]:
            self.assertEqual(rank["sent"], (ROUNDS + 1) * BYTES + 50)
            self.assertIsNone(rank["stopped"])
            self.assertGreaterEqual(rank["all"], rank["mpi"])
            self.assertGreaterEqual(rank["mpi"], rank["waiting"])
        # Rank 1 waits for rank 0, which sleeps for 0.2 s in all.
        self.assertGreater(numbers["ranks"][1]["waiting"], 0.15)
        self.assertTrue([said for said in numbers["findings"] if re.match(
            r"rank 1 waits \d+ % of its time for rank 0 in MPI_Recv at ring\.c:19$", said)], numbers["findings"])

    def numbers(self, folder, name="ring"):
        return json.loads(self.ok("trace", "show", name, "--json", cwd=folder).out)

    def test_on_a_board(self):
        folder = self.project()
        result = self.ok("run", "-n", 4, "--trace", cwd=folder)
        self.assertRegex(result.err, rf"trace: {folder}/ring\.html \(\d+ % of the time in MPI\)\n  rank \d waits ")
        self.check(folder, 4, self.numbers(folder))
        out = self.ok("trace", "show", "ring.html", cwd=folder).out
        self.assertRegex(out, r"RANK +BOARD +TIME +IN_MPI")
        self.assertRegex(out, r"MPI_Recv +80 +\S+ s +#+\.* +\d")
        self.ok("trace", "show", "ring", "--chrome", "chrome.json", cwd=folder)
        events = json.loads((folder / "chrome.json").read_text())["traceEvents"]
        self.assertEqual(len([e for e in events if e.get("name") == "MPI_Send"]), ROUNDS * 4)
        # A second run replaces the first.
        self.ok("run", "-n", 2, "--trace", cwd=folder)
        self.check(folder, 2, self.numbers(folder))

    def test_mpich(self):
        folder = self.project()
        self.ok("run", "--sysroot", "bookworm-mpich", "-n", 3, "--trace", cwd=folder)
        self.check(folder, 3, self.numbers(folder))

    def test_on_a_cluster(self):
        folder = self.project()
        self.ok("cluster", "up", "-n", 2, cwd=folder)
        self.addCleanup(self.pisdk, "cluster", "down", cwd=folder)
        self.ok("run", "--on", "cluster", "-n", 4, "--trace=there.html", cwd=folder)
        numbers = self.numbers(folder, "there")
        self.check(folder, 4, numbers)
        self.assertEqual([rank["host"] for rank in numbers["ranks"]], ["pi1", "pi2", "pi1", "pi2"])
        self.ok("cluster", "down", cwd=folder)

    def test_a_rank_that_dies(self):
        folder = self.project()
        result = self.pisdk("run", "-n", 3, "--trace", "ring", "die", cwd=folder)
        self.assertNotEqual(result.status, 0)
        self.assertIn("trace: ", result.err)
        ranks = self.numbers(folder)["ranks"]
        self.assertEqual([rank["stopped"] for rank in ranks], ["Barrier", "computing", "Barrier"])

    def test_wrong(self):
        folder = self.project()
        self.fails(2, "run", "--trace", "ring", cwd=folder, says=["a trace is of the ranks"], hint="pisdk run -n 4 --trace")
        write(folder / "mine.trace/notes.txt", "")
        self.fails(2, "run", "-n", 2, "--trace=mine", cwd=folder, says=["is no folder of a trace: it has notes.txt"])
        self.assertTrue((folder / "mine.trace/notes.txt").exists())
        write(folder / "cut.trace/0.trace", "PISDKTRC")
        self.fails(3, "trace", "show", "cut", cwd=folder, says=["cut.trace/0.trace: it is not a trace, or was cut short"])
        self.fails(1, "trace", "show", "nowhere", cwd=folder, says=["nowhere.trace"])

    @unittest.skipUnless(shutil.which("chromium"), "chromium is not installed")
    def test_the_page(self):
        folder = self.project()
        self.ok("run", "-n", 4, "--trace", cwd=folder)
        browser = Browser()
        self.addCleanup(browser.close)
        browser.open(folder / "ring.html")
        self.assertEqual(browser.value("document.title"), "ring on 4 ranks")

        def rows(table):
            return browser.value(f"[...document.querySelectorAll('#{table} tr')].map((r) => [...r.children].map((c) => c.textContent))")

        calls = {row[0]: row[1] for row in rows("calls")}
        self.assertEqual((calls["MPI_Send"], calls["MPI_Isend"]), (str(ROUNDS * 4), "24"))
        matrix = rows("matrix")
        self.assertEqual(matrix[1], ["0", "", "21.1 kB", "", ""])
        self.assertEqual(matrix[4], ["3", "21.1 kB", "", "", ""])
        self.assertEqual(len(rows("ranks")), 5)
        self.assertRegex(browser.value("document.querySelector('#findings').textContent"), r"rank 1 waits .* at ring\.c:19")
        # Something is drawn, with all messages; the wheel and keys zoom, and 0 goes back.
        colours = ("new Set(Array.from({length: 200}, (_, i) => context.getImageData(60 + 4 * i, 40, 1, 1).data.join())).size")
        self.assertGreater(browser.value(colours), 2)
        whole = browser.value("shown")
        self.assertEqual(whole["messages"], (ROUNDS + 6) * 4)
        box = browser.value("(({x, y}) => ({x, y}))(canvas.getBoundingClientRect())")
        browser.mouse("mouseWheel", box["x"] + 400, box["y"] + 40, deltaX=0, deltaY=-100)
        browser.frame()
        closer = browser.value("shown")
        self.assertLess(closer["to"] - closer["from"], whole["to"] - whole["from"])
        browser.value("canvas.focus()")
        for key, condition in (("+", "shown.to - shown.from < last.to - last.from"), ("ArrowRight", "shown.from > last.from"),
                               ("0", "shown.to - shown.from > last.to - last.from")):
            browser.value("last = {...shown}")
            browser.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=key if len(key) == 1 else "")
            browser.frame()
            self.assertTrue(browser.value(condition), key)
        self.assertEqual(browser.value("shown"), whole)
        browser.mouse("mouseMoved", box["x"] + 300, box["y"] + 22 + 28 + 10)
        browser.frame()
        self.assertIn("rank 1 on board", browser.value("document.querySelector('#tip').textContent"))
        self.assertEqual(browser.errors, [])


if __name__ == "__main__":
    main()
