# SPDX-License-Identifier: MIT
"""A mirror on 127.0.0.1 that can misbehave: whole files, ranges, and faults by path."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        mirror = self.server.mirror
        path = self.path.lstrip("/")
        with mirror.lock:
            mirror.requests.append((path, self.headers.get("Range")))
            fault = next((f for f in mirror.faults if f["match"] in path and f["times"] > 0), None)
            if fault:
                fault["times"] -= 1
        file = mirror.root / path
        if fault and fault["kind"].isdigit():
            return self.answer(int(fault["kind"]), b"")
        if not file.is_file():
            return self.answer(404, b"")
        body = file.read_bytes()
        start = 0
        if self.headers.get("Range") and mirror.ranges:
            start = int(self.headers["Range"].split("=")[1].split("-")[0])
        self.serve(body, start, fault["kind"] if fault else "")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self, body, start, fault):
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        part = body[start:]
        if fault == "truncate":  # says it sends all, and hangs up half-way
            self.wfile.write(part[: len(part) // 2])
            self.close_connection = True
        elif fault == "stall":
            self.wfile.write(part[: len(part) // 2])
            self.wfile.flush()
            self.server.mirror.released.wait(60)
            self.close_connection = True
        elif fault == "slow":
            for i in range(0, len(part), max(1, len(part) // 20)):
                self.wfile.write(part[i : i + max(1, len(part) // 20)])
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(part)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # clients that are killed on purpose


class Mirror:
    """`fault(kind, match, times)`: truncate, stall, slow, or a status such as "500"."""

    def __init__(self, root, ranges=True):
        self.root, self.ranges = Path(root), ranges
        self.faults, self.requests = [], []
        self.lock, self.released = threading.Lock(), threading.Event()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.mirror = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def fault(self, kind, match, times=1000):
        self.faults.append({"kind": kind, "match": match, "times": times})

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
