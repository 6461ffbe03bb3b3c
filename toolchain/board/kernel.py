# SPDX-License-Identifier: MIT
"""What `pisdk jupyter` gives to python3 -c: a kernel for the connection file of the first argument.

The second one, if there is one, is what to say when clients can connect; then Ctrl-C ends the kernel while no cell
is executed.
"""


def __pisdk_kernel():
    import os
    import signal
    import sys

    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else the debugger warns of frozen modules
    try:
        from ipykernel.kernelapp import IPKernelApp
    except ImportError as error:
        sys.exit(f"error: {error}\nhint: with python3-ipykernel in the sysroot: pisdk jupyter --with-runtime; or on "
                 "the board: sudo apt install python3-ipykernel")

    class BoardKernelApp(IPKernelApp):
        def log_connection_info(self):
            """pisdk has said it."""

    connection, *words = sys.argv[1:]
    del sys.argv[1:]
    sys.path.insert(0, "")
    app = BoardKernelApp.instance()
    app.initialize(["-f", connection])
    if words:
        print(words[0], file=sys.__stderr__, flush=True)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    app.start()


__pisdk_kernel()
