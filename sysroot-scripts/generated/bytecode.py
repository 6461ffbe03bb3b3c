"""Compiles Python files of a sysroot: bytecode.py ROOT, with a folder, a tab and the path of a file
below ROOT a line on standard input. The result is at the same path below the folder, in __pycache__.

Run by the sysroot's own Python or by one of the same version, so it has to do with what the oldest one knows,
and with the modules that are built in. The same file gives the same bytes on every machine:

- no times: the header has a hash of the source, which Python does not look at again (PEP 552, unchecked);
- marshal's format 2: later ones mark objects that something else refers to as well, by chance;
- before 3.11, marshal writes the members of frozensets in the order of their hashes (bpo-37596). That of None
  is its address, so files that have it in a set are left out.
"""

import _imp
import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source

FORMAT = 2
UNCHECKED = (1).to_bytes(4, "little")  # flags: hash-based, not checked


def has_address(value):
    if isinstance(value, tuple):
        return any(map(has_address, value))
    return value is None or value is Ellipsis


def is_stable(code):
    for constant in code.co_consts:
        if isinstance(constant, frozenset) and any(map(has_address, constant)):
            return False
        if hasattr(constant, "co_code") and not is_stable(constant):
            return False
    return True


def compile_file(root, out, path):
    with open(os.path.join(root, path), "rb") as file:
        source = file.read()
    try:
        code = compile(source, "/" + path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):  # templates, tests of errors, Python 2
        return
    if sys.version_info < (3, 11) and not is_stable(code):
        return
    target = os.path.join(out, cache_from_source(path))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(MAGIC_NUMBER + UNCHECKED)
        file.write(_imp.source_hash(int.from_bytes(MAGIC_NUMBER, "little"), source))
        file.write(marshal.dumps(code, FORMAT))


def main():
    import warnings
    warnings.simplefilter("ignore")  # of the files, which are not ours
    root = sys.argv[1]
    paths = [os.fsdecode(line.rstrip(b"\n")).split("\t", 1) for line in sys.stdin.buffer]
    workers = max(1, min(len(os.sched_getaffinity(0)), 8, len(paths) // 20))
    children = []
    for worker in range(1, workers):
        child = os.fork()
        if child == 0:
            children = None
            mine = worker
            break
        children.append(child)
    else:
        mine = 0
    for out, path in paths[mine::workers]:
        compile_file(root, out, path)
    if children is None:
        os._exit(0)
    return 1 if any([os.waitpid(child, 0)[1] for child in children]) else 0


sys.exit(main())
