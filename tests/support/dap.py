# SPDX-License-Identifier: MIT
"""The Debug Adapter Protocol, as an editor speaks it to gdb (14 or newer).

usage: dap.py GDBINIT PROGRAM TARGET FILE:LINE VARIABLE
Attaches to TARGET, runs to the line, and prints the value that the variable has there.
"""

import json
import subprocess
import sys


class Adapter:
    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number = 0
        self.waiting = []

    def read(self):
        length = 0
        while (line := self.process.stdout.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            raise SystemExit("the adapter has ended")
        return json.loads(self.process.stdout.read(length))

    def take(self, fits):
        for i, message in enumerate(self.waiting):
            if fits(message):
                return self.waiting.pop(i)
        while not fits(message := self.read()):
            self.waiting.append(message)
        return message

    def send(self, command, **arguments):
        self.number += 1
        text = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self.process.stdin.flush()
        return self.number

    def answer(self, number):
        message = self.take(lambda m: m["type"] == "response" and m["request_seq"] == number)
        if not message["success"]:
            raise SystemExit(f"{message['command']}: {message.get('message')}")
        return message.get("body", {})

    def ask(self, command, **arguments):
        return self.answer(self.send(command, **arguments))

    def event(self, name):
        return self.take(lambda m: m["type"] == "event" and m["event"] == name)["body"]


def main(gdbinit, program, target, place, variable):
    file, line = place.rsplit(":", 1)
    adapter = Adapter("gdb-multiarch", "-q", "-nx", "-x", gdbinit, "-i=dap")
    adapter.ask("initialize", adapterID="gdb", linesStartAt1=True, columnsStartAt1=True)
    attached = adapter.send("attach", program=program, target=target)
    adapter.take(lambda m: m.get("event") == "initialized")
    adapter.ask("setBreakpoints", source={"path": file}, breakpoints=[{"line": int(line)}])
    adapter.ask("configurationDone")
    adapter.answer(attached)
    stopped = adapter.event("stopped")
    if stopped["reason"] != "breakpoint":  # gdb says of the connection that it has stopped
        adapter.ask("continue", threadId=stopped["threadId"])
        stopped = adapter.event("stopped")
    frame = adapter.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
    value = adapter.ask("evaluate", expression=variable, frameId=frame["id"], context="watch")["result"]
    print(f"{frame['name']} line {frame['line']}: {variable} = {value}")
    adapter.ask("disconnect", terminateDebuggee=True)
    adapter.process.wait(30)


main(*sys.argv[1:])
