# SPDX-License-Identifier: MIT
"""What campaigns share: a seed, a time, and a process that something happens to.

PISDK_CAMPAIGN_SEED replays a campaign; PISDK_CAMPAIGN_SECONDS or PISDK_CAMPAIGN_ROUNDS says how long it
is. A campaign prints its seed and its rounds; one that fails says what happened in the last of them.
"""

import contextlib
import os
import random
import signal
import subprocess
import time

QUICK_SECONDS, LONG_SECONDS = 60, 1500

# What there is after a clock jumped is of the future, or of long ago.
DATES = ["2037-12-31", "1990-01-02", "tomorrow", "-1 hour"]


class Campaign:
    """Mixed into a test case with `start`, of harness.Case."""

    def rounds(self):
        """Calls self.round(rng) again and again, until the time is up."""
        seed = int(os.environ.get("PISDK_CAMPAIGN_SEED", random.randrange(1 << 32)))
        most = int(os.environ.get("PISDK_CAMPAIGN_ROUNDS", 1 << 30))
        default = QUICK_SECONDS if os.environ.get("PISDK_TEST_SET") == "quick" else LONG_SECONDS
        seconds = float(os.environ.get("PISDK_CAMPAIGN_SECONDS", default))
        end = time.monotonic() + (seconds if most == 1 << 30 else 1 << 30)
        rng = random.Random(seed)
        self.told, self.counts, done = [], {}, 0
        print(f"seed {seed}", flush=True)
        try:
            while done < most and time.monotonic() < end:
                self.told = []
                self.round(rng)
                done += 1
        except Exception as error:
            raise AssertionError(f"PISDK_CAMPAIGN_SEED={seed} PISDK_CAMPAIGN_ROUNDS={done + 1}: "
                                 + "; ".join(self.told)) from error
        counts = ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))
        print(f"{done} rounds: {counts}", flush=True)

    def tell(self, text):
        self.told.append(text)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def killed(self, delay, *args, **options):
        """Starts pisdk and kills it after some seconds. Gives whether it was still there."""
        process = self.start(*args, **options)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=delay)
        alive = process.poll() is None
        if alive:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        self.tell(f"{' '.join(map(str, args))} {'killed' if alive else 'had ended'} after {delay:.3f} s")
        self.count(f"{args[0]} {args[1]}" if args[0] in ("sysroot", "cluster") else args[0])
        return alive

    def timed(self, *args, **options):
        """A command that succeeds, and the seconds that it took."""
        begun = time.monotonic()
        self.ok(*args, **options)
        return time.monotonic() - begun
