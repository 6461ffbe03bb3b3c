# SPDX-License-Identifier: MIT
"""What Thonny does when its interpreter is a board's Python 3, reached by ssh: its own back end executes a program.

Thonny 4.0 knows no other port than ssh's own, which an ordinary user may not forward; so it runs in a network of
its own, where `pisdk cluster forward` makes port 22 of 127.0.0.1 the board's. Arguments: pisdk, board, program.
"""

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.append("/usr/lib/python3/dist-packages")
from thonny.common import ToplevelCommand, ToplevelResponse, parse_message, serialize_message  # noqa: E402

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
pisdk, board, program = sys.argv[1:]

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
told = subprocess.run([pisdk, "cluster", "forward", board, "22"], stderr=subprocess.PIPE, text=True, check=True).stderr
home = Path(os.environ["HOME"])
(home / ".config/Thonny").mkdir(parents=True)  # where its front end has been before
(home / ".ssh").mkdir(mode=0o700)
shutil.copy(told.split("key ")[1].strip(), home / ".ssh/id_ed25519")

arguments = {"host": "127.0.0.1", "user": "pi", "interpreter": "python3", "cwd": "/home/pi"}
backend = subprocess.Popen(["/usr/bin/python3", "-m", "thonny.plugins.cpython_ssh.cps_back", repr(arguments)],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
signal.signal(signal.SIGALRM, lambda *_: backend.kill())
signal.alarm(100)
backend.stdin.write("\n")  # no password
backend.stdin.write(serialize_message(ToplevelCommand("execute_source", source=Path(program).read_text())) + "\n")
for line in backend.stdout:
    message = parse_message(line)
    if getattr(message, "event_type", None) == "ProgramOutput":
        sys.stdout.write(message.data)
    if isinstance(message, ToplevelResponse):
        break
backend.kill()
