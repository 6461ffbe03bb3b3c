# SPDX-License-Identifier: MIT
"""What `pisdk run -n N python3 …` gives to python3 -c: runs a script, -c, -m or standard input, as python3 does.

A rank that raises an exception, or ends with an exit status, ends the job: otherwise the others would wait for
it for ever. Of an exception there is one trace a board, in one piece, with its rank.
"""


def __pisdk_run():
    """Everything is in here, so that the script's __main__ has nothing of it."""
    import os
    import sys
    import time

    def tell_once(text):
        """The first rank of this board says it; the others wait until it has, since any may end the job.

        It holds the name of a socket, which goes with its processes, so that nothing is left on the board; and
        it listens there once it has told.
        """
        import socket
        name = "\0pisdk-trace-" + os.environ.get("PISDK_RUN", str(os.getppid()))
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(name)
        except OSError:
            for _ in range(50):
                if mark.connect_ex(name) == 0:
                    break
                time.sleep(0.1)
            return
        sys.stdout.flush()
        os.write(2, text.encode(errors="backslashreplace"))
        mark.listen()
        tell_once.mark = mark  # open until the process ends
        keep_until_the_job_ends()

    def keep_until_the_job_ends():
        """A child keeps the socket while the launcher lives, 10 s at most, for ranks that fail after this one has gone."""
        import warnings
        launcher = os.getppid()
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: MPI has threads, of which the child needs none
        if not rank() or os.fork() != 0:
            return
        os.closerange(0, 3)  # the launcher waits for the end of its ranks' output
        for _ in range(100):
            time.sleep(0.1)
            try:
                os.kill(launcher, 0)
            except OSError:
                break
        os._exit(0)

    def mpi():
        """MPI, while the script uses it."""
        module = sys.modules.get("mpi4py.MPI")
        return module if module and module.Is_initialized() and not module.Is_finalized() else None

    def rank():
        if mpi():
            return "rank %d: " % mpi().COMM_WORLD.Get_rank()
        number = os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ.get("PMI_RANK")
        return "rank %s: " % number if number else ""

    def end_job(status):
        if mpi():
            sys.stdout.flush()
            sys.stderr.flush()
            mpi().COMM_WORLD.Abort(status)

    def tell(kind, value, trace):
        import traceback
        own = ("<string>", "<frozen runpy>", os.path.join(os.path.dirname(os.__file__), "runpy.py"))
        while trace and trace.tb_frame.f_code.co_filename in own:
            trace = trace.tb_next
        tell_once(rank() + "".join(traceback.format_exception(kind, value, trace)))
        end_job(130 if issubclass(kind, KeyboardInterrupt) else 1)

    def run(words, main):
        if words[0] == "-m":
            import runpy
            sys.argv[:] = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
            return
        if words[0] == "-c":
            sys.argv[:] = ["-c"] + words[2:]
            name, source = "<command>", words[1]
        elif words[0] == "-":
            sys.argv[:] = words
            name, source = "<stdin>", sys.stdin.read()
        else:
            sys.argv[:] = words
            sys.path[0] = os.path.dirname(os.path.realpath(words[0]))
            name = main["__file__"] = words[0]
            with open(name, "rb") as file:
                source = file.read()
        exec(compile(source, name, "exec", dont_inherit=True), main)

    main = sys.modules["__main__"].__dict__
    del main["__pisdk_run"]
    main["__doc__"] = None
    sys.excepthook = tell
    try:
        run(sys.argv[1:], main)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if status != 0:
            if status == 1 and not isinstance(end.code, int):
                sys.stderr.write("%s%s\n" % (rank(), end.code))
            end_job(status)
        raise


__pisdk_run()
