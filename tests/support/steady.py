# SPDX-License-Identifier: MIT
"""Runs a command with a Debian mirror whose signed release files have the indexes that they name.

    python3 steady.py COMMAND…

Some mirrors (caches above all) give out the new InRelease of a release together with an old index for
days. pisdk refuses that, as it must. The same release is there under another name as well (`stable`
for `trixie`), and where that is whole, a server on 127.0.0.1 gives its files out in place of the
broken ones; all others are redirected to the mirror. What is signed by Debian stays so, and pisdk
checks it. On a mirror that is whole, the command runs as it is.
"""

import hashlib
import os
import re
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from debsource import mirrors  # noqa: E402

ALIASES = {"trixie": "stable", "bookworm": "oldstable", "bullseye": "oldoldstable"}
INDEX = "main/binary-armhf/Packages.xz"


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def is_whole(mirror, suite):
    try:
        release = get(f"{mirror}/dists/{suite}/InRelease").decode()
        index = get(f"{mirror}/dists/{suite}/{INDEX}")
    except OSError:
        return False
    return re.search(rf"(?m)^ {hashlib.sha256(index).hexdigest()} +\d+ {INDEX}$", release) is not None


def broken_suites(mirror):
    return {suite: alias for suite, alias in ALIASES.items()
            if not is_whole(mirror, suite) and is_whole(mirror, alias)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path
        for suite, alias in self.server.replaced.items():
            path = path.replace(f"/dists/{suite}/", f"/dists/{alias}/")
        self.send_response(302)
        # /debian/… and /debian-security/…
        self.send_header("Location", self.server.mirror + path.removeprefix("/debian"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


def main():
    found = mirrors()
    replaced = broken_suites(found[0]) if found else {}
    if not replaced:
        os.execvp(sys.argv[1], sys.argv[1:])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.mirror, server.replaced = found[0], replaced
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for suite, alias in replaced.items():
        print(f"the mirror's index of {suite} is not the signed one: {alias} is used", file=sys.stderr)
    env = {**os.environ, "PISDK_MIRROR": f"http://127.0.0.1:{server.server_port}/debian"}
    sys.exit(subprocess.run(sys.argv[1:], env=env).returncode)


main()
