# SPDX-License-Identifier: MIT
"""What a notebook does with the kernel of this name: starts it, executes cells, interrupts one, and ends it.

It prints what the cells printed; the packages are Debian's python3-jupyter-client.
"""

import sys
import time

from jupyter_client.manager import KernelManager

LIMIT = 120


def execute(client, code):
    said = []

    def hook(message):
        content = message["content"]
        if message["msg_type"] == "stream":
            said.append(content["text"].strip())
        elif message["msg_type"] == "execute_result":
            said.append(content["data"]["text/plain"])
        elif message["msg_type"] == "error":
            said.append(content["ename"])

    client.execute_interactive(code, output_hook=hook, timeout=LIMIT)
    print(*said, flush=True)


manager = KernelManager(kernel_name=sys.argv[1])
manager.start_kernel()
client = manager.client()
client.start_channels()
try:
    client.wait_for_ready(timeout=LIMIT)
    for cell in sys.argv[2:]:
        execute(client, cell)
    request = client.execute("import time\nwhile True: time.sleep(0.05)")
    time.sleep(1)
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=LIMIT)
    print(reply["content"]["ename"])
finally:
    client.stop_channels()
    manager.shutdown_kernel()
