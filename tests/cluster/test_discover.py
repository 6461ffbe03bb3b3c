# SPDX-License-Identifier: MIT
"""`pisdk nodes discover` with a real Avahi on either side, in networks of its own (see mdns).

It is run by root: Avahi becomes a user of its own. pisdk itself is run by an ordinary user.
"""

import json
import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from harness import Case, main, path_without, write  # noqa: E402

USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]


class Discover(Case):
    @unittest.skipUnless(os.getuid() == 0, "Avahi wants root")
    def test_a_board_that_announces_itself(self):
        self.dir.chmod(0o755)
        project = self.dir / "p"
        write(project / "pisdk.ini", "[project]\nname = p\n")
        result = self.ok("nodes", "discover", "--json", cwd=project, prefix=[HERE / "mdns", *USER])
        self.assertEqual(json.loads(result.out),
                         [{"host": "pi7.local", "address": "10.99.0.7", "found_by": "mDNS", "node": None}])
        hint = "pisdk nodes add pi@pi7.local"
        self.assertIn(hint, result.err)
        self.ok(*hint.split()[1:], cwd=project)
        result = self.ok("nodes", "discover", cwd=project, prefix=[HERE / "mdns", *USER])
        self.assertRegex(result.out, r"pi7\.local +10\.99\.0\.7 +mDNS +pi7\n")
        self.assertNotIn("nodes add", result.err)

    def test_without_avahi(self):
        self.env["PATH"] = path_without(self.dir / "bin", "avahi-browse")
        self.assertIn("sudo apt install avahi-utils", self.ok("nodes", "discover").err)

    def test_avahi_does_not_run(self):
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nowhere"
        self.assertIn("warning: mDNS was not asked: ", self.ok("nodes", "discover").err)


if __name__ == "__main__":
    main()
